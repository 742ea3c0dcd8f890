/** `/v1/workers` as operators see and change them. The planner decides; this only asks, commits and shows. */

import { Problem } from "../../../base/mod.ts";
import {
  KEYS,
  type Transaction,
  type WorkerDocument,
  workerNamed,
} from "../../../cluster/mod.ts";
import {
  impactOf,
  isFlapping,
  labelsOf,
  planWorkerDrain,
  planWorkerLabels,
  planWorkerRemove,
  planWorkerUndrain,
  rolesOn,
} from "../../../planner/mod.ts";
import type { WorkerImpact, WorkerState } from "../../contract/mod.ts";
import type { Call, CallOf, Handlers, Reply } from "../call.ts";
import { commitPlan, tryPlan } from "../commit.ts";
import { pageOf } from "../page.ts";
import type { ApiServices } from "../services.ts";
import { workerView } from "../view.ts";

/** List, get, what would be lost, drain, undrain, label and remove. */
export const workerHandlers: Pick<
  Handlers,
  | "workerList"
  | "workerGet"
  | "workerImpact"
  | "workerDrain"
  | "workerUndrain"
  | "workerLabel"
  | "workerRemove"
> = {
  workerList({ services, query }) {
    return {
      status: 200,
      body: pageOf<WorkerDocument, unknown>(
        services.store.state,
        KEYS.worker(""),
        query,
        (worker) => workerView(services, worker),
        wantedBy(query),
      ),
    };
  },

  workerGet({ services, parameters }) {
    return workerReply(services, parameters.name!);
  },

  workerImpact({ services, parameters }) {
    return { status: 200, body: impactViewOf(services, parameters.name!) };
  },

  async workerDrain(call) {
    const { services, body } = call;
    const name = call.parameters.name!;
    const force = body.force ?? false;
    const plan = (): Transaction =>
      planWorkerDrain(services.store.state, name, force);
    if (call.query.dryRun) await tryPlan(services, plan);
    const reply = call.query.dryRun
      ? workerReply(services, name)
      : await changed(call, plan);
    const impact = impactViewOf(services, name);
    return { ...reply, body: { worker: reply.body, impact } };
  },

  workerUndrain(call) {
    const name = call.parameters.name!;
    return changed(
      call,
      () => planWorkerUndrain(call.services.store.state, name),
    );
  },

  workerLabel(call) {
    const { set = {}, remove = [] } = call.body;
    const name = call.parameters.name!;
    const change = { set, remove };
    return changed(
      call,
      () => planWorkerLabels(call.services.store.state, name, change),
    );
  },

  async workerRemove(call) {
    const { services, query } = call;
    const name = call.parameters.name!;
    const { dead = false, force = false } = query;
    const plan = (): Transaction =>
      planWorkerRemove(services.store.state, name, { dead, force });
    if (query.dryRun) {
      await tryPlan(services, plan);
      return { status: 204 };
    }
    const { revision } = await commitPlan(
      services,
      call.idempotency,
      `worker ${name}`,
      () => {
        const removal = plan();
        checkConfirmation(query.confirm, name);
        return removal;
      },
    );
    services.ledger.forget(name);
    return { status: 204, revision };
  },
};

/** What the query of a list asks of a worker; undefined for nothing. */
function wantedBy(
  { zone, state, labels }: CallOf<"workerList">["query"],
): ((worker: WorkerDocument) => boolean) | undefined {
  if ((zone ?? state ?? labels) === undefined) return undefined;
  return (worker) => {
    const own = labels === undefined ? {} : labelsOf(worker);
    return (zone === undefined || worker.zone === zone) &&
      (state === undefined || isInState(worker, state)) &&
      (labels ?? []).every(([key, value]) =>
        Object.hasOwn(own, key) && own[key] === value
      );
  };
}

function isInState(worker: WorkerDocument, state: WorkerState): boolean {
  switch (state) {
    case "draining":
      return worker.draining;
    case "flapping":
      return isFlapping(worker);
    default:
      return worker.verdict === state;
  }
}

async function changed(
  call: Call<unknown, unknown>,
  plan: () => Transaction,
): Promise<Reply> {
  const name = call.parameters.name!;
  const { revision } = await commitPlan(
    call.services,
    call.idempotency,
    `worker ${name}`,
    plan,
  );
  return { ...workerReply(call.services, name), revision };
}

function workerReply(services: ApiServices, name: string): Reply {
  const worker = workerNamed(services.store.state, name);
  return {
    status: 200,
    body: workerView(services, worker),
    etag: worker.revision,
  };
}

function impactViewOf(services: ApiServices, name: string): WorkerImpact {
  const { state } = services.store;
  workerNamed(state, name);
  return {
    worker: name,
    volumes: impactOf(state, name).map((impact) => ({
      ...impact,
      subvolumes: impact.subvolumes.map((one) => ({
        ...one,
        away: [...one.away],
        draining: [...one.draining],
      })),
    })),
    roles: rolesOn(state, name).map((role) => ({
      ...role,
      takers: [...role.takers],
    })),
    revision: state.revision,
  };
}

function checkConfirmation(confirm: string | undefined, name: string): void {
  if (confirm === name) return;
  throw new Problem(
    "confirmation-required",
    `removing worker ${name} must be confirmed`,
    `repeat it with ?confirm=${name}`,
  );
}
