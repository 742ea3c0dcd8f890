/** The first transaction of a quorum that was made anew: which one it is, and who belongs to it. */

import { Problem } from "../base/mod.ts";
import {
  type ClusterDocument,
  type ClusterState,
  KEYS,
  listMonitors,
  listRoles,
  type MonitorDocument,
  type RoleDocument,
  type Transaction,
  type Write,
} from "../cluster/mod.ts";

/**
 * How far revisions leap: more than a quorum commits between its last backup
 * and its loss (300,000 a second for nine hours, or a thousand for months).
 */
const REVISION_LEAP = 10_000_000_000;

/** The revision that a quorum made anew goes on behind. */
export function revisionAfterLoss(revision: number): number {
  return revision + REVISION_LEAP;
}

/**
 * What turns the state of a quorum that was lost, once it has leapt, into that
 * of its successor. Every role gets a new fence: who got it after the backup
 * must not have the higher one. Throws Problem `backup-damaged` for a state without a cluster.
 */
export function planRestoring(
  state: ClusterState,
  lineage: string,
  monitors: readonly MonitorDocument[],
): Transaction {
  const cluster = state.get<ClusterDocument>(KEYS.cluster);
  if (cluster === null) {
    throw new Problem(
      "backup-damaged",
      "there is no cluster in these data: nothing was ever founded",
      "start new monitors instead; workers and bricks were never tied to these data",
    );
  }
  const names = new Set(monitors.map(({ name }) => name));
  const writes: Write[] = [
    { kind: "put", key: KEYS.cluster, value: { ...cluster.value, lineage } },
    ...monitors.map((monitor): Write => ({
      kind: "put",
      key: KEYS.monitor(monitor.name),
      value: monitor,
    })),
    ...listMonitors(state).filter(({ value }) => !names.has(value.name))
      .map(({ key }): Write => ({ kind: "delete", key })),
    ...listRoles(state).map(({ key, value }): Write => ({
      kind: "put",
      key,
      value: roleAfterLoss(value, state.revision + 1),
    })),
  ];
  return { version: 1, preconditions: [], writes, idempotency: null };
}

/**
 * Nobody knows who got an exclusive role after the backup: it is given anew
 * once any lease of the quorum before has run out.
 */
function roleAfterLoss(role: RoleDocument, fence: number): RoleDocument {
  if (role.exclusive !== true) return { ...role, fence };
  const { holderId: _, next: __, ...rest } = role;
  return {
    ...rest,
    holder: null,
    fence,
    withdrawn: { worker: "", workerId: "unknown", fence },
    reason: "withdrawn: the quorum was made anew",
  };
}
