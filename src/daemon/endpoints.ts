/** Where the daemons listen. */

import { type Endpoint, PURPOSES } from "../runtime/mod.ts";
import type { MonitorOptions, WorkerOptions } from "./options.ts";

/** Of a monitor: API, then Raft. */
export function monitorEndpoints(
  { address: host, apiPort, raftPort }: Pick<
    MonitorOptions,
    "address" | "apiPort" | "raftPort"
  >,
): { readonly api: Endpoint; readonly raft: Endpoint } {
  return {
    api: { purpose: PURPOSES.api, address: { host, port: apiPort } },
    raft: { purpose: PURPOSES.raft, address: { host, port: raftPort } },
  };
}

/** Of a worker: gossip, then volume files. */
export function workerEndpoints(
  { address: host, swimPort, volfilePort }: Pick<
    WorkerOptions,
    "address" | "swimPort" | "volfilePort"
  >,
): { readonly gossip: Endpoint; readonly volfiles: Endpoint } {
  return {
    gossip: {
      purpose: PURPOSES.gossip,
      address: { host, port: swimPort },
      datagrams: true,
    },
    volfiles: {
      purpose: PURPOSES.volfiles,
      address: { host, port: volfilePort },
    },
  };
}
