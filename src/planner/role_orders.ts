/** What operators order of roles, as transactions: pins, moves, kinds of their own. */

import { Problem } from "../base/mod.ts";
import {
  type ClusterState,
  KEYS,
  listWorkers,
  type Precondition,
  type RoleDocument,
  type RoleKindDocument,
  roleNamed,
  type Transaction,
  type Versioned,
  type WorkerDocument,
  workerNamed,
  type Write,
} from "../cluster/mod.ts";
import { Assignment } from "./role_assignment.ts";
import { instanceOf } from "./role_instance.ts";
import { isBuiltIn } from "./role_kinds.ts";
import { moved } from "./role_passage.ts";
import { parseSchedule } from "./schedule.ts";

/** How many kinds operators may add, and how many replicas of one there may be. */
const KINDS_MAX = 64;
const REPLICAS_MAX = 64;

/** Ties a role to one of its candidates, whenever that can hold it. Throws Problem `role-not-found`, `worker-not-found`, `invalid-role-kind`. */
export function planRolePin(
  state: ClusterState,
  name: string,
  worker: string,
): Transaction {
  const role = roleNamed(state, name);
  checkCandidate(state, role, worker);
  const siblings = state.list<RoleDocument>(
    KEYS.role(role.value.kind, role.value.scope.split("/")[0]!),
  );
  if (role.value.task?.type === "program" && isReplicated(siblings)) {
    throw new Problem(
      "invalid-role-kind",
      `role ${name} is one of several replicas`,
      "replicas cannot be pinned one by one; choose the kind's workers instead",
    );
  }
  return put(role, { ...role.value, pinned: worker });
}

function isReplicated(siblings: readonly Versioned<RoleDocument>[]): boolean {
  return siblings.length > 1 &&
    siblings.every(({ value }) =>
      value.scope === "cluster" || value.scope.startsWith("cluster/") ||
      value.kind === "job"
    );
}

/** Leaves the choice to gmon again. Throws Problem `role-not-found`. */
export function planRoleUnpin(state: ClusterState, name: string): Transaction {
  const role = roleNamed(state, name);
  const { pinned: _, ...value } = role.value;
  return put(role, value);
}

/**
 * Passes a role on to another candidate, if that leaves loads and zones as
 * even as they are: else it would not stay there. Throws Problem
 * `role-not-found`, `worker-not-found`, `worker-dead`, `move-refused`.
 */
export function planRoleMove(
  state: ClusterState,
  name: string,
  worker: string,
  wallMs: number,
): Transaction {
  const role = roleNamed(state, name);
  checkCandidate(state, role, worker);
  const { value: target } = workerNamed(state, worker);
  if (target.verdict !== "alive") {
    throw new Problem(
      "worker-dead",
      `worker ${worker} is ${target.verdict}`,
      "see `gmon worker list`",
    );
  }
  const { holder, withdrawn, pinned } = role.value;
  if (holder === worker) throw refused(`${worker} holds ${name} already`, "");
  if (withdrawn !== undefined || holder === null) {
    throw refused(
      `nobody holds ${name} now`,
      "see `gmon role info`: it waits for its former holder, or for a worker",
    );
  }
  if (target.draining) throw refused(`worker ${worker} drains`, "");
  if (pinned !== undefined) {
    throw refused(
      `${name} is pinned to ${pinned}`,
      `use \`gmon role unpin ${name}\` first`,
    );
  }
  checkEvenness(state, role, worker);
  const ids = new Map(
    listWorkers(state).map(({ value }) => [value.name, value.id]),
  );
  return put(
    role,
    moved(role, worker, {
      state,
      wallMs,
      nextFence: state.revision + 1,
      isReleased: () => false,
      ids,
    }),
  );
}

/** The cost as it is, and with this one role elsewhere. */
function checkEvenness(
  state: ClusterState,
  role: Versioned<RoleDocument>,
  worker: string,
): void {
  const instance = instanceOf(state);
  const at = instance.roles.findIndex((ones) =>
    ones.some((one) => one?.key === role.key)
  );
  const numberOf = (name: string): number =>
    instance.workers.findIndex((one) => one.name === name);
  const [from, to] = [numberOf(role.value.holder!), numberOf(worker)];
  if (at < 0 || from < 0) {
    throw refused(
      `the role is about to be designated anew`,
      "try again in a second",
    );
  }
  const assignment = new Assignment(instance.demands, instance.designees);
  if (!assignment.holders(at).has(from) || assignment.holders(at).has(to)) {
    throw refused(
      `the role is about to be designated anew`,
      "try again in a second",
    );
  }
  const before = assignment.cost();
  const [fewer, more] = [assignment.held(from).size, assignment.held(to).size];
  assignment.take(at, from);
  assignment.give(at, to);
  const after = assignment.cost();
  if (after.spread > before.spread) {
    throw refused(
      `${worker} is in a zone that holds a replica of it already`,
      "choose a worker of another zone",
    );
  }
  if (after.load > before.load) {
    throw refused(
      `${role.value.holder} holds ${fewer} roles and ${worker} ${more}: with one more it would hold too many, and lose one at once`,
      "pin the role to have it there all the same",
    );
  }
}

/** A new kind as it is asked for. */
export type RoleKindRequest = Omit<RoleKindDocument, "createdAtMs">;

/** Adds a kind. Throws Problem `invalid-role-kind`, `invalid-schedule`, `role-kind-exists`, `worker-not-found`. */
export function planRoleKindAdd(
  state: ClusterState,
  request: RoleKindRequest,
  wallMs: number,
): Transaction {
  const { name, scope, handler, schedule, replicas, workers, zones } = request;
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    throw invalid(
      `${JSON.stringify(name)} is no name of a kind`,
      "use lower-case letters, digits and dashes, a letter first",
    );
  }
  if (isBuiltIn(name)) {
    throw invalid(`${name} is a kind of gmon's own`, "choose another name");
  }
  if (!/^\/[^\0]{1,1000}$/.test(handler)) {
    throw invalid(
      `the handler ${JSON.stringify(handler)} is no absolute path`,
      "name an executable that is on every candidate",
    );
  }
  if (
    !Number.isInteger(replicas) || replicas < 1 || replicas > REPLICAS_MAX ||
    (replicas > 1 && scope !== "cluster")
  ) {
    throw invalid(
      `a kind with scope ${scope} cannot have ${replicas} replicas`,
      `a cluster's may have up to ${REPLICAS_MAX}, others have one`,
    );
  }
  if (schedule !== null) {
    parseSchedule(schedule);
    if (scope !== "cluster" || replicas > 1) {
      throw invalid(
        "only one role of the whole cluster can have a schedule",
        "leave out --scope and --replicas, or --schedule",
      );
    }
  }
  for (const worker of workers) workerNamed(state, worker);
  if (zones.some((zone) => zone === "")) {
    throw invalid("a zone has no name", "leave it out");
  }
  if (state.get(KEYS.roleKind(name)) !== null) {
    throw new Problem(
      "role-kind-exists",
      `there is a kind ${name} already`,
      `use \`gmon role kind remove ${name}\` first`,
    );
  }
  if (state.count(KEYS.roleKind("")) >= KINDS_MAX) {
    throw invalid(
      `there are ${KINDS_MAX} kinds already`,
      "remove one that is not needed",
    );
  }
  const key = KEYS.roleKind(name);
  const value: RoleKindDocument = { ...request, createdAtMs: wallMs };
  // What an earlier kind of this name left behind is not this one's history.
  const run: Write = { kind: "delete", key: KEYS.run("job", name) };
  return transaction([{ kind: "absent", key }], [
    { kind: "put", key, value },
    run,
  ]);
}

/** Removes a kind; its roles end. Throws Problem `role-kind-not-found`. */
export function planRoleKindRemove(
  state: ClusterState,
  name: string,
): Transaction {
  const key = KEYS.roleKind(name);
  const kind = state.get<RoleKindDocument>(key);
  if (kind === null) {
    throw new Problem(
      "role-kind-not-found",
      isBuiltIn(name)
        ? `${name} is a kind of gmon's own, which cannot be removed`
        : `there is no kind ${name}`,
      "see `gmon role kind list`",
    );
  }
  return transaction([{ kind: "revision", key, revision: kind.revision }], [
    { kind: "delete", key },
  ]);
}

function checkCandidate(
  state: ClusterState,
  role: Versioned<RoleDocument>,
  worker: string,
): void {
  workerNamed(state, worker);
  const { kind, scope, candidates } = role.value;
  if (candidates.includes(worker)) return;
  const known = candidates
    .filter((name) => state.get<WorkerDocument>(KEYS.worker(name)) !== null);
  throw refused(
    `worker ${worker} cannot hold ${kind}/${scope}`,
    `it may be held by ${known.slice(0, 8).join(", ") || "nobody"}`,
  );
}

function put(
  { key, revision }: Versioned<RoleDocument>,
  value: RoleDocument,
): Transaction {
  return transaction([{ kind: "revision", key, revision }], [
    { kind: "put", key, value },
  ]);
}

function transaction(
  preconditions: readonly Precondition[],
  writes: readonly Write[],
): Transaction {
  return { version: 1, preconditions, writes, idempotency: null };
}

function refused(message: string, remedy: string): Problem {
  return new Problem("move-refused", message, remedy);
}

function invalid(message: string, remedy: string): Problem {
  return new Problem("invalid-role-kind", message, remedy);
}
