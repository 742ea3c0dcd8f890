/** The composition root of `gmon dev`: one monitor and one worker on loopback in one process. */

import { asProblem } from "../base/mod.ts";
import type { Ports } from "../platform/mod.ts";
import { checkEndpoints } from "../runtime/mod.ts";
import { Ending } from "./ending.ts";
import { workerEndpoints } from "./endpoints.ts";
import { startMonitor } from "./monitor.ts";
import type { Daemon, DevOptions } from "./options.ts";
import { startWorker } from "./worker.ts";

/** Starts both; resolves when both serve, ends when either ends. */
export async function startDev(
  ports: Ports,
  options: DevOptions,
): Promise<Daemon> {
  const { address, dataDirectory } = options;
  const ending = new Ending(ports.log);
  const add = (daemon: Daemon): void => {
    ending.atStop(() => daemon.stop());
    void daemon.ended.then((problem) => ending.stop(problem));
  };
  try {
    // Before the monitor makes anything: the worker's ports count, too.
    await checkEndpoints(ports, Object.values(workerEndpoints(options)));
    add(
      await startMonitor(ports, {
        name: "m1",
        address,
        dataDirectory: `${dataDirectory}/monitor`,
        monitors: [{ name: "m1", address }],
        apiPort: options.apiPort,
        raftPort: options.raftPort,
      }),
    );
    add(
      await startWorker(ports, {
        name: "w1",
        address,
        dataDirectory: `${dataDirectory}/worker`,
        monitors: [{ host: address, port: options.apiPort }],
        zone: "dev",
        swimPort: options.swimPort,
        volfilePort: options.volfilePort,
        brickPorts: options.brickPorts,
        runDirectory: `${dataDirectory}/run`,
        logDirectory: `${dataDirectory}/log`,
      }),
    );
  } catch (error) {
    await ending.stop(null);
    throw asProblem(error);
  }
  return { ended: ending.ended, stop: () => ending.stop(null) };
}
