/** The first transaction of a cluster's life: its identity and its monitors; and what keeps these true. */

import {
  type ClusterState,
  COMMAND_VERSION_MAX,
  KEYS,
  listMonitors,
  type MonitorDocument,
  type Precondition,
  type Transaction,
  type Versioned,
  type Write,
} from "../cluster/mod.ts";

/** What the first leader commits; null once the cluster stands. Two leaders cannot both found it. */
export function planFounding(
  state: ClusterState,
  clusterId: string,
  monitors: readonly MonitorDocument[],
  wallMs: number,
  met: ReadonlySet<string> = new Set(),
): Transaction | null {
  if (state.get(KEYS.cluster) !== null) return null;
  return {
    version: 1,
    preconditions: [{ kind: "absent", key: KEYS.cluster }],
    writes: [
      {
        kind: "put",
        key: KEYS.cluster,
        // A monitor of an older version stops when it reads this.
        value: {
          id: clusterId,
          createdAtMs: wallMs,
          commandVersion: COMMAND_VERSION_MAX,
        },
      },
      ...monitors.map((monitor) => putMonitor(monitor, met.has(monitor.name))),
    ],
    idempotency: null,
  };
}

/**
 * What makes the documents of the monitors equal to the members of the quorum;
 * null when they are. Members whose place is not known (an empty address) keep
 * what is written of them. Those in `met` are known to hold something.
 */
export function planMonitors(
  state: ClusterState,
  members: readonly MonitorDocument[],
  met: ReadonlySet<string> = new Set(),
): Transaction | null {
  const known = listMonitors(state);
  const preconditions: Precondition[] = [];
  const writes: Write[] = [];
  for (const member of members) {
    const { address, apiPort, raftPort, name } = member;
    const document = known.find(({ value }) => value.name === name);
    const value = document?.value;
    if (address === "") continue;
    if (
      value?.address === address && value.apiPort === apiPort &&
      value.raftPort === raftPort && (value.met === true || !met.has(name))
    ) continue;
    const isMet = value?.met === true || met.has(name);
    preconditions.push(standsAt(name, document));
    writes.push(putMonitor(member, isMet));
  }
  for (const document of known) {
    const { name } = document.value;
    if (members.some((member) => member.name === name)) continue;
    preconditions.push(standsAt(name, document));
    writes.push({ kind: "delete", key: KEYS.monitor(name) });
  }
  if (writes.length === 0) return null;
  return { version: 1, preconditions, writes, idempotency: null };
}

/** The document is still the one that was looked at. */
function standsAt(
  name: string,
  document: Versioned<MonitorDocument> | undefined,
): Precondition {
  const key = KEYS.monitor(name);
  return document === undefined
    ? { kind: "absent", key }
    : { kind: "revision", key, revision: document.revision };
}

function putMonitor(
  { name, address, apiPort, raftPort }: MonitorDocument,
  met: boolean,
): Write {
  return {
    kind: "put",
    key: KEYS.monitor(name),
    value: { name, address, apiPort, raftPort, ...(met ? { met: true } : {}) },
  };
}
