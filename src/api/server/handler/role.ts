/** `/v1/roles`: who holds them and why, and what operators order. */

import {
  KEYS,
  type RoleDocument,
  roleNamed,
  type RunDocument,
  type Transaction,
  type Versioned,
} from "../../../cluster/mod.ts";
import {
  explainRole,
  planRoleMove,
  planRolePin,
  planRoleUnpin,
} from "../../../planner/mod.ts";
import { rfc3339 } from "../../../base/mod.ts";
import type { RoleDetail } from "../../contract/mod.ts";
import type { Call, Handlers, Reply } from "../call.ts";
import { commitPlan } from "../commit.ts";
import { pageOf } from "../page.ts";
import type { ApiServices } from "../services.ts";
import { roleView } from "../view.ts";

/** List, get, explain, move, pin and unpin. */
export const roleHandlers: Pick<
  Handlers,
  | "roleList"
  | "roleGet"
  | "roleExplain"
  | "roleMove"
  | "rolePin"
  | "roleUnpin"
> = {
  roleList({ services, query }) {
    return {
      status: 200,
      body: pageOf<RoleDocument, unknown>(
        services.store.state,
        KEYS.roles,
        query,
        roleView,
      ),
    };
  },

  roleGet({ services, parameters }) {
    const role = roleNamed(services.store.state, parameters.key!);
    return {
      status: 200,
      body: detailOf(services, role),
      etag: role.revision,
    };
  },

  roleExplain({ services, parameters }) {
    const name = parameters.key!;
    const { state } = services.store;
    const { kind, scope } = roleNamed(state, name).value;
    const { holder, reason, candidates } = explainRole(state, name);
    return { status: 200, body: { kind, scope, holder, reason, candidates } };
  },

  roleMove(call) {
    const { services, body: { worker } } = call;
    const wallMs = services.ports.clock.wallMs();
    return ordered(
      call,
      (name) => planRoleMove(services.store.state, name, worker, wallMs),
    );
  },

  rolePin(call) {
    const { services, body: { worker } } = call;
    return ordered(
      call,
      (name) => planRolePin(services.store.state, name, worker),
    );
  },

  roleUnpin(call) {
    const { services } = call;
    return ordered(call, (name) => planRoleUnpin(services.store.state, name));
  },
};

/** Commits what is ordered of one role, and shows it. */
async function ordered(
  call: Call<unknown, unknown>,
  plan: (name: string) => Transaction,
): Promise<Reply> {
  const { services, idempotency, parameters } = call;
  const name = parameters.key!;
  const { revision } = await commitPlan(
    services,
    idempotency,
    `role ${name}`,
    () => plan(name),
  );
  const role = roleNamed(services.store.state, name);
  return { status: 200, body: roleView(role), etag: role.revision, revision };
}

function detailOf(
  services: ApiServices,
  role: Versioned<RoleDocument>,
): RoleDetail {
  const { state } = services.store;
  const { kind, scope, holder, withdrawn, task } = role.value;
  const worker = holder ?? withdrawn?.worker ?? null;
  const seen = worker === null
    ? null
    : services.ledger.roleOf(worker, role.key);
  const run = state.get<RunDocument>(KEYS.run(kind, scope))?.value;
  return {
    ...roleView(role),
    work: seen && {
      state: seen.state,
      fence: seen.fence,
      pid: seen.pid,
      problem: seen.problem,
      output: seen.output,
      exitCode: seen.exitCode,
    },
    handler: task?.type === "program" ? task.handler : null,
    schedule: task?.type === "program" ? task.schedule : null,
    lastRun: run === undefined ? null : {
      due: rfc3339(run.dueMs),
      ended: rfc3339(run.endedAtMs),
      worker: run.worker,
      fence: run.fence,
      exitCode: run.exitCode,
    },
  };
}
