/** `/v1/role-kinds`: gmon's own, and those that operators add. */

import {
  KEYS,
  listRoleKinds,
  type RoleKindDocument,
  type Versioned,
} from "../../../cluster/mod.ts";
import {
  BUILT_IN_KINDS,
  type BuiltInKind,
  planRoleKindAdd,
  planRoleKindRemove,
} from "../../../planner/mod.ts";
import { rfc3339 } from "../../../base/mod.ts";
import type { RoleKindView } from "../../contract/mod.ts";
import type { Handlers } from "../call.ts";
import { commitPlan } from "../commit.ts";

/** List, add and remove. */
export const roleKindHandlers: Pick<
  Handlers,
  "roleKindList" | "roleKindAdd" | "roleKindRemove"
> = {
  roleKindList({ services }) {
    const { state } = services.store;
    const items = [
      ...Object.entries(BUILT_IN_KINDS).map(builtInView),
      ...listRoleKinds(state).map(kindView),
    ];
    return { status: 200, body: { items, revision: state.revision } };
  },

  async roleKindAdd(call) {
    const { services, body, idempotency } = call;
    const { store, ports } = services;
    const wallMs = ports.clock.wallMs();
    const { revision } = await commitPlan(
      services,
      idempotency,
      `the kind ${body.name}`,
      () => planRoleKindAdd(store.state, body, wallMs),
    );
    const key = KEYS.roleKind(body.name);
    const kind = store.state.get<RoleKindDocument>(key);
    const shown = kind ?? {
      key,
      value: { ...body, createdAtMs: wallMs },
      revision,
      createdRevision: revision,
    };
    return { status: 201, body: kindView(shown), revision };
  },

  async roleKindRemove(call) {
    const { services, parameters, idempotency } = call;
    const name = parameters.name!;
    const { revision } = await commitPlan(
      services,
      idempotency,
      `the kind ${name}`,
      () => planRoleKindRemove(services.store.state, name),
    );
    return { status: 204, revision };
  },
};

function builtInView(
  [name, { scope, exclusive }]: [string, BuiltInKind],
): RoleKindView {
  return {
    name,
    builtIn: true,
    scope,
    exclusive,
    handler: null,
    schedule: null,
    replicas: 1,
    workers: [],
    zones: [],
    createdAt: null,
    revision: 0,
  };
}

function kindView(
  { value, revision }: Versioned<RoleKindDocument>,
): RoleKindView {
  return {
    name: value.name,
    builtIn: false,
    scope: value.scope,
    exclusive: value.exclusive,
    handler: value.handler,
    schedule: value.schedule,
    replicas: value.replicas,
    workers: [...value.workers],
    zones: [...value.zones],
    createdAt: rfc3339(value.createdAtMs),
    revision,
  };
}
