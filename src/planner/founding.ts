/** The first transaction of a cluster's life: its identity and its monitors. */

import {
  type ClusterState,
  COMMAND_VERSION_MAX,
  KEYS,
  type MonitorDocument,
  type Transaction,
} from "../cluster/mod.ts";

/** A monitor as the first start's list names it. */
export type FoundingMonitor = MonitorDocument;

/** What the first leader commits; null once the cluster stands. Two leaders cannot both found it. */
export function planFounding(
  state: ClusterState,
  clusterId: string,
  monitors: readonly FoundingMonitor[],
  wallMs: number,
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
      ...monitors.map((monitor) => ({
        kind: "put" as const,
        key: KEYS.monitor(monitor.name),
        value: monitor,
      })),
    ],
    idempotency: null,
  };
}
