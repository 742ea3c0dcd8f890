/**
 * The composition root of `gmon monitor`: data directory, store, duties, API.
 * Reads top to bottom in the order of starting; stopping goes the other way.
 */

import { asProblem, type Problem } from "../base/mod.ts";
import { type ClusterDocument, KEYS } from "../cluster/mod.ts";
import { CheckInLedger } from "../planner/mod.ts";
import type { Ports } from "../platform/mod.ts";
import {
  openDataDirectory,
  openStore,
  startLeaderDuties,
  type StoreObserver,
} from "../runtime/mod.ts";
import { createApi } from "../api/server/mod.ts";
import { VERSION } from "../base/mod.ts";
import type { Daemon, MonitorOptions } from "./options.ts";
import { Ending } from "./ending.ts";

/** Watches the replicated log from outside; the simulator's oracles use it. */
export interface MonitorObservers {
  readonly store?: StoreObserver;
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
  const directory = await openDataDirectory(ports, options.dataDirectory, {
    role: "monitor",
    name,
  });
  ending.atStop(() => directory.release());

  const store = await openStore(ports, {
    name,
    dataDirectory: options.dataDirectory,
    raftAddress: { host: address, port: options.raftPort },
    peers: options.monitors.map((monitor) => ({
      name: monitor.name,
      address: { host: monitor.address, port: options.raftPort },
    })),
    clusterId: () => directory.identity.clusterId,
    ...(observers.store === undefined ? {} : { observe: observers.store }),
  });
  ending.atStop(() => store.close());
  void store.failed.then((problem) => ending.stop(problem));
  rememberCluster();
  ending.atStop(store.subscribe((changes) => {
    if (changes.some((change) => change.key === KEYS.cluster)) {
      rememberCluster();
    }
  }));

  const ledger = new CheckInLedger();
  const monitors = options.monitors.map((monitor) => ({
    ...monitor,
    apiPort: options.apiPort,
    raftPort: options.raftPort,
  }));
  const duties = startLeaderDuties(ports, store, ledger, monitors);
  ending.atStop(() => duties.stop());

  const api = createApi({
    ports,
    store,
    ledger,
    monitor: {
      name,
      version: VERSION,
      peers: options.monitors.map((monitor) => ({
        name: monitor.name,
        api: { host: monitor.address, port: options.apiPort },
      })),
    },
    receiveCheckIn: (checkIn) => duties.receiveCheckIn(checkIn),
  });
  const listener = await ports.http.serve(
    { host: address, port: options.apiPort },
    api,
  );
  ending.atStop(() => listener.close());
  ports.log.write("info", "monitor serves", {
    name,
    api: `${address}:${options.apiPort}`,
    raft: `${address}:${options.raftPort}`,
  });
  return { ended: ending.ended, stop: () => ending.stop(null) };

  /** The data directory belongs to a cluster as soon as that has an identity. */
  function rememberCluster(): void {
    const cluster = store.state.get<ClusterDocument>(KEYS.cluster);
    if (cluster === null) return;
    directory.setClusterId(cluster.value.id).catch((error) =>
      ending.stop(asProblem(error) satisfies Problem)
    );
  }
}
