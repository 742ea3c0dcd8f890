/**
 * What holders report of their work, written down where it must outlive them:
 * runs of scheduled roles, and the parts of a rebalance that are done.
 */

import {
  type ClusterState,
  KEYS,
  listRoles,
  type Precondition,
  type RebalanceDocument,
  type RoleDocument,
  type RoleObservation,
  type RunDocument,
  type Transaction,
  type Versioned,
  type Write,
} from "../cluster/mod.ts";
import type { CheckInLedger } from "./check_in_ledger.ts";

interface Reported {
  readonly precondition: Precondition;
  readonly write: Write;
}

/** One transaction for all that is new, or null. Only the holder's own word counts, under its own fence. */
export function advanceRoles(
  state: ClusterState,
  ledger: CheckInLedger,
  wallMs: number,
): Transaction | null {
  const reported = rolesWithRecords(state).flatMap(({ value: role, key }) => {
    if (role.holder === null) return [];
    const seen = ledger.roleOf(role.holder, key);
    if (seen === null || seen.fence !== role.fence) return [];
    return role.task?.type === "rebalance"
      ? rebalanced(state, role, seen, wallMs) ?? []
      : ran(state, role, role.holder, seen) ?? [];
  });
  if (reported.length === 0) return null;
  return {
    version: 1,
    preconditions: reported.map(({ precondition }) => precondition),
    writes: reported.map(({ write }) => write),
    idempotency: null,
  };
}

/** Jobs and rebalances; roles of operators' volumes may have schedules, too. */
function rolesWithRecords(state: ClusterState): Versioned<RoleDocument>[] {
  const few = ["job", "rebalance"].flatMap((kind) =>
    state.list<RoleDocument>(KEYS.role(kind, ""))
  );
  const kinds = state.count(KEYS.roleKind(""));
  return kinds === 0
    ? few
    : listRoles(state).filter(({ value: { task } }) =>
      task?.type === "rebalance" ||
      task?.type === "program" && task.schedule !== null
    );
}

function ran(
  state: ClusterState,
  role: RoleDocument,
  worker: string,
  { run, fence, exitCode }: RoleObservation,
): Reported | null {
  if (run === null) return null;
  const key = KEYS.run(role.kind, role.scope);
  const before = state.get<RunDocument>(key);
  if (before !== null && before.value.dueMs >= run.dueMs) return null;
  const { dueMs, endedAtMs } = run;
  const value: RunDocument = { dueMs, worker, fence, endedAtMs, exitCode };
  return {
    precondition: unchanged(key, before),
    write: { kind: "put", key, value },
  };
}

function rebalanced(
  state: ClusterState,
  role: RoleDocument,
  { rebalance: part, state: phase, problem }: RoleObservation,
  wallMs: number,
): Reported | null {
  const key = KEYS.rebalance(role.scope);
  const before = state.get<RebalanceDocument>(key);
  if (before === null || before.value.state !== "running") return null;
  if (part === null || part.id !== before.value.id) return null;
  const { parts } = before.value;
  const isNew = part.done &&
    !parts.some(({ worker }) => worker === part.worker);
  const failed = phase === "failed";
  if (!isNew && !failed) return null;
  const { worker, files, bytes, failures, skipped } = part;
  const done = isNew
    ? [...parts, { worker, files, bytes, failures, skipped }]
    : parts;
  const left = role.task?.type === "rebalance" ? role.task.nodes : [];
  const all = isNew && left.every((node) => node.worker === worker);
  const value: RebalanceDocument = {
    ...before.value,
    parts: done,
    state: failed ? "failed" : all ? "completed" : "running",
    problem: failed ? problem : null,
    endedAtMs: failed || all ? wallMs : null,
  };
  return {
    precondition: unchanged(key, before),
    write: { kind: "put", key, value },
  };
}

function unchanged(key: string, before: Versioned | null): Precondition {
  return before === null
    ? { kind: "absent", key }
    : { kind: "revision", key, revision: before.revision };
}
