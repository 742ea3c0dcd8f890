/** What a monitor and a worker keep in memory of a crowd of a size, by the heap's growth. */

import { Prng, VERSION } from "../../src/base/mod.ts";
import { CheckInLedger } from "../../src/planner/mod.ts";
import { Membership } from "../../src/swim/membership.ts";
import { ProbeOrder } from "../../src/swim/probe_order.ts";
import { memberAt } from "./crowd.ts";
import { stateOf } from "./crowd_monitor.ts";

/** In bytes. */
export interface CrowdMemory {
  /** The replicated state and the leader's ledger, every worker checked in once. */
  readonly monitorBytes: number;
  /** One worker's own table and order of probing. */
  readonly workerBytes: number;
}

const ROWS = 20_000;

/** Measures both; needs `--v8-flags=--expose-gc`. */
export function measureMemory(workers: number): CrowdMemory {
  const members = Array.from({ length: workers }, (_, at) => memberAt(at));
  return {
    monitorBytes: growthOf(workers, () => {
      const state = stateOf(members);
      const ledger = new CheckInLedger();
      for (const { name, address, incarnation } of members) {
        ledger.receive({
          worker: name,
          id: `id-${name}`,
          address: address.host,
          swimPort: address.port,
          volfilePort: 24007,
          zone: "",
          version: VERSION,
          incarnation,
          health: 0,
          bootId: `boot-${name}`,
          hostName: name,
          sequence: 1,
          clusterId: null,
          revision: 1,
          full: true,
          bricks: [],
          gone: [],
          reports: [],
          leaving: false,
        }, 0);
      }
      return [state, ledger];
    }),
    workerBytes: growthOf(workers, () => {
      const table = new Membership(2 * workers);
      const order = new ProbeOrder(
        new Prng(1),
        2 * workers,
        (name) => table.isLive(name),
      );
      for (const member of members) {
        // As they come from the network: texts of their own.
        const name = `${member.name} `.slice(0, -1);
        table.put({ ...member, name, by: name, ageTicks: 0 }, 0, true);
        order.add(name);
      }
      return [table, order];
    }),
  };
}

/** By so many copies that other growth does not count. */
function growthOf(workers: number, make: () => unknown): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error("run with --v8-flags=--expose-gc");
  const copies = Math.ceil(ROWS / workers);
  // Once for what is made only once.
  make();
  collect();
  const before = Deno.memoryUsage().heapUsed;
  const kept = Array.from({ length: copies }, make);
  collect();
  const after = Deno.memoryUsage().heapUsed;
  // Looked at once more, so that it lives until here.
  if (kept.length !== copies) throw new Error("not all were made");
  return (after - before) / copies;
}
