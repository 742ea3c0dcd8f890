/**
 * What a check-in changes in the replicated state: a new worker, one that
 * returns, one that moved, one that leaves. Nearly always nothing.
 */

import { Problem } from "../base/mod.ts";
import {
  type CheckIn,
  type ClusterState,
  type Document,
  KEYS,
  type Precondition,
  type Transaction,
  type Versioned,
  type WorkerDocument,
} from "../cluster/mod.ts";
import { checkLabels, checkWorkerName, checkZoneName } from "./names.ts";

/**
 * The transaction that a check-in calls for, or null. A worker that is `dead`
 * or has `left` is only taken back with a higher incarnation: until then its
 * check-ins may be older than the verdict, and the answer's verdict asks it to
 * take one. Throws Problem `name-taken`, `cluster-mismatch` or `invalid-name`.
 */
export function planAdmission(
  state: ClusterState,
  checkIn: CheckIn,
  wallMs: number,
): Transaction | null {
  checkCluster(state, checkIn);
  const known = state.get<WorkerDocument>(KEYS.worker(checkIn.worker));
  if (known === null) {
    if (checkIn.leaving) return null;
    checkWorkerName(checkIn.worker);
    checkZoneName(checkIn.zone);
    checkLabels(checkIn.labels ?? {});
    return put(null, newcomer(checkIn, wallMs));
  }
  const before = known.value;
  if (before.id !== checkIn.id) {
    checkTakeover(before);
    return checkIn.leaving ? null : put(known, {
      ...newcomer(checkIn, wallMs),
      evidence: `took over the name from ${before.address}`,
    });
  }
  if (checkIn.leaving) {
    return before.verdict === "left" ? null : put(known, {
      ...before,
      incarnation: Math.max(before.incarnation, checkIn.incarnation),
      verdict: "left",
      verdictAtMs: wallMs,
      evidence: "in good order",
    });
  }
  if (before.verdict !== "alive") {
    return isReturn(before, checkIn)
      ? put(known, {
        ...describe(before, checkIn),
        verdict: "alive",
        verdictAtMs: wallMs,
        evidence: `checked in again, after it was ${before.verdict}`,
      })
      : null;
  }
  const after = describe(before, checkIn);
  return isSameDescription(before, after) ? null : put(known, after);
}

function checkCluster(state: ClusterState, checkIn: CheckIn): void {
  const cluster = state.get<Document & { id: string }>(KEYS.cluster)?.value;
  if (checkIn.clusterId === null || cluster === undefined) return;
  if (checkIn.clusterId === cluster.id) return;
  throw new Problem(
    "cluster-mismatch",
    `worker ${checkIn.worker} belongs to cluster ${checkIn.clusterId}, this is cluster ${cluster.id}`,
    "start it with the monitors of its own cluster, or with an empty data directory",
  );
}

function checkTakeover(before: WorkerDocument): void {
  if (before.verdict === "dead" || before.verdict === "left") return;
  throw heldBy(before);
}

/**
 * What the holder of a name must bring about, a second machine under that name
 * must not even begin with. Throws Problem `name-taken` when `id` is another
 * machine's; before its first check-in a worker is nobody's rival.
 */
export function checkHolder(
  state: ClusterState,
  worker: string,
  id: string,
): void {
  const holder = state.get<WorkerDocument>(KEYS.worker(worker))?.value;
  if (holder !== undefined && holder.id !== id) throw heldBy(holder);
}

function heldBy({ name, address, verdict }: WorkerDocument): Problem {
  return new Problem(
    "name-taken",
    `the worker name ${name} is held by another machine at ${address}, which is ${verdict}`,
    "start this worker with another --name",
  );
}

function newcomer(checkIn: CheckIn, wallMs: number): WorkerDocument {
  return {
    name: checkIn.worker,
    id: checkIn.id,
    address: checkIn.address,
    swimPort: checkIn.swimPort,
    volfilePort: checkIn.volfilePort,
    zone: checkIn.zone,
    version: checkIn.version,
    incarnation: checkIn.incarnation,
    verdict: "alive",
    verdictAtMs: wallMs,
    evidence: "checked in for the first time",
    draining: false,
    ...hostNameOf(checkIn),
    ...labelsIn(checkIn),
  };
}

function hostNameOf({ hostName }: CheckIn): Pick<WorkerDocument, "hostName"> {
  return hostName === undefined ? {} : { hostName };
}

function labelsIn({ labels }: CheckIn): Pick<WorkerDocument, "labels"> {
  return labels === undefined ? {} : { labels };
}

/** What the worker says of itself, over what is known. */
function describe(before: WorkerDocument, checkIn: CheckIn): WorkerDocument {
  const { labels: _, ...others } = before;
  return {
    ...others,
    address: checkIn.address,
    swimPort: checkIn.swimPort,
    volfilePort: checkIn.volfilePort,
    zone: checkIn.zone,
    version: checkIn.version,
    incarnation: Math.max(before.incarnation, checkIn.incarnation),
    ...hostNameOf(checkIn),
    ...labelsIn(checkIn),
  };
}

/** A higher incarnation alone is not worth a log entry: refutations are frequent. */
function isSameDescription(a: WorkerDocument, b: WorkerDocument): boolean {
  return a.address === b.address && a.swimPort === b.swimPort &&
    a.volfilePort === b.volfilePort && a.zone === b.zone &&
    a.version === b.version && a.hostName === b.hostName &&
    isSameLabels(a.labels ?? {}, b.labels ?? {});
}

function isSameLabels(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => a[key] === b[key]);
}

function isReturn(before: WorkerDocument, checkIn: CheckIn): boolean {
  return before.verdict === "unreachable"
    ? checkIn.incarnation >= before.incarnation
    : checkIn.incarnation > before.incarnation;
}

function put(
  known: Versioned<WorkerDocument> | null,
  value: WorkerDocument,
): Transaction {
  const key = KEYS.worker(value.name);
  const precondition: Precondition = known === null
    ? { kind: "absent", key }
    : { kind: "revision", key, revision: known.revision };
  return {
    version: 1,
    preconditions: [precondition],
    writes: [{ kind: "put", key, value }],
    idempotency: null,
  };
}
