/**
 * The composition root of `gmon monitor`: store, duties, API. It reads in the
 * order of starting; stopping goes the other way.
 */

import { asProblem, VERSION } from "../base/mod.ts";
import { CheckInLedger } from "../planner/mod.ts";
import type { Ports } from "../platform/mod.ts";
import {
  checkEndpoints,
  LEASE_TICKS,
  listenProblem,
  openGossipSeal,
  openStore,
  readGossipKeys,
  startLeaderDuties,
  type Store,
  type StoreObserver,
  type StoreOptions,
} from "../runtime/mod.ts";
import { createApi } from "../api/server/mod.ts";
import type { Daemon, MonitorOptions } from "./options.ts";
import { Ending } from "./ending.ts";
import { monitorEndpoints } from "./endpoints.ts";
import { startJoining } from "./joining.ts";

/** A leader that stops waits so long for another to take over. */
const HAND_OVER_MS = 1_000;

/** Watches the replicated log from outside; the simulator's oracles use it. */
export interface MonitorObservers {
  readonly store?: StoreObserver;
  /** Sizes of the journal; small ones let short runs see many segments. */
  readonly journal?: NonNullable<StoreOptions["journal"]>;
  /** When snapshots are taken; small numbers let short runs see many. */
  readonly snapshots?: NonNullable<StoreOptions["snapshots"]>;
}

/** Starts a monitor; resolves when it serves. Rejects with a Problem after undoing what was begun. */
export async function startMonitor(
  ports: Ports,
  options: MonitorOptions,
  observers: MonitorObservers = {},
): Promise<Daemon> {
  const ending = new Ending(ports.log);
  try {
    return await compose(ports, options, observers, ending);
  } catch (error) {
    await ending.stop(null);
    throw asProblem(error);
  }
}

async function compose(
  ports: Ports,
  options: MonitorOptions,
  observers: MonitorObservers,
  ending: Ending,
): Promise<Daemon> {
  const { name, address } = options;
  const endpoints = monitorEndpoints(options);
  // First of all: once it has voted, a start cannot be undone any more.
  await checkEndpoints(ports, Object.values(endpoints));
  const keys = options.gossipKeyFile
    ? await readGossipKeys(ports, options.gossipKeyFile)
    : [];
  const store = await openStore(ports, {
    name,
    dataDirectory: options.dataDirectory,
    raftAddress: endpoints.raft.address,
    apiPort: options.apiPort,
    founders: options.monitors.map((monitor) => ({
      ...monitor,
      raftPort: options.raftPort,
      apiPort: options.apiPort,
    })),
    leaseTicks: options.leaseReads ? LEASE_TICKS : 0,
    ...(options.join === undefined ? {} : { join: options.join }),
    ...(observers.store === undefined ? {} : { observe: observers.store }),
    ...(observers.journal === undefined ? {} : { journal: observers.journal }),
    ...(observers.snapshots === undefined
      ? {}
      : { snapshots: observers.snapshots }),
  });
  ending.atStop(() => store.close());
  void store.failed.then((problem) => ending.stop(problem));

  const ledger = new CheckInLedger();
  const seal = openGossipSeal(ports, keys);
  const duties = startLeaderDuties(ports, store, ledger, seal);
  ending.atStop(() => duties.stop());

  const api = createApi({
    ports,
    store,
    ledger,
    monitor: { name, version: VERSION },
    receiveCheckIn: (checkIn) => duties.receiveCheckIn(checkIn),
  });
  const listener = await ports.http.serve(endpoints.api.address, api)
    .catch((error) => {
      throw listenProblem(error, endpoints.api);
    });
  ending.atStop(() => listener.close());
  // The quorum asks back here for whom it lets in.
  const joining = startJoining(ports, store, options);
  ending.atStop(() => joining.stop());
  ports.log.write("info", "monitor serves", {
    name,
    api: `${address}:${options.apiPort}`,
    raft: `${address}:${options.raftPort}`,
  });
  return {
    ended: ending.ended,
    stop: async () => {
      await handOver(ports.clock, store);
      await ending.stop(null);
    },
  };
}

/** A leader that is told to stop has another take over first, if one can do so soon. */
async function handOver(
  clock: Ports["clock"],
  store: Pick<Store, "standing" | "members" | "transferLead">,
): Promise<void> {
  const voters = store.members.members.filter(({ voter }) => voter);
  if (store.standing.role !== "leader" || voters.length === 1) return;
  await new Promise<void>((resolve) => {
    const timer = clock.after(HAND_OVER_MS, resolve);
    store.transferLead(null).catch(() => {}).finally(() => {
      timer.cancel();
      resolve();
    });
  });
}
