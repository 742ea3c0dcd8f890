/** One worker of the swarm: the production composition, life after life, on one simulated host. */

import { PORTS, Problem } from "../../src/base/mod.ts";
import { type Daemon, startWorker } from "../../src/daemon/mod.ts";
import type { Ports } from "../../src/platform/ports.ts";
import type { WorkerProcessOptions } from "./control.ts";
import type { Faults } from "./faults.ts";
import { monitorsAt, placeOf } from "./layout.ts";
import { Life } from "./life.ts";
import { workerPorts } from "./ports.ts";
import { SimulatedHost } from "./simulated_host.ts";
import type { TrafficCount } from "./traffic.ts";

/** Enough for the bricks of one worker. */
const BRICK_PORTS_COUNT = 100;

/** The sockets of a former life are closed at once, but Deno takes a moment to let go of them. */
const PORT_TRIES = 100;
const PORT_PAUSE_MS = 20;

/** What all workers of a process share. */
export interface Surroundings {
  readonly base: Ports;
  readonly options: WorkerProcessOptions;
  readonly faults: Faults;
  readonly traffic: TrafficCount;
}

/** A worker that can be started, stopped and killed, again and again. */
export class Composition {
  readonly #surroundings: Surroundings;
  readonly #number: number;
  readonly #host: SimulatedHost;
  #life: Life | null = null;
  #daemon: Daemon | null = null;

  constructor(surroundings: Surroundings, number: number) {
    this.#surroundings = surroundings;
    this.#number = number;
    this.#host = new SimulatedHost(surroundings.base.streams);
  }

  /** Starts it; rejects with what keeps it from starting. */
  async start(): Promise<void> {
    // A host that lost power is started again: its sockets are gone by then.
    this.#life?.bury();
    const life = new Life();
    this.#life = life;
    const { base, faults, traffic, options } = this.#surroundings;
    const { name, address, zone } = placeOf(this.#number);
    const ports = workerPorts({
      base,
      name,
      address,
      life,
      faults,
      traffic,
      host: {
        processes: this.#host.processes(life),
        bricks: this.#host.bricks(life),
      },
    });
    const { directory } = options;
    const daemon = await whenPortsAreFree(() =>
      startWorker(ports, {
        name,
        address,
        dataDirectory: `${directory}/data/${name}`,
        monitors: monitorsAt(options.apiPort),
        zone: `z${zone}`,
        swimPort: PORTS.swim,
        volfilePort: PORTS.volfile,
        brickPorts: {
          first: PORTS.brickFirst,
          last: PORTS.brickFirst + BRICK_PORTS_COUNT - 1,
        },
        runDirectory: `${directory}/run/${name}`,
        logDirectory: `${directory}/log/${name}`,
      })
    );
    this.#daemon = daemon;
    void daemon.ended.then((problem) => {
      if (problem !== null && life.up) {
        base.log.write("error", "a worker gave up", {
          worker: name,
          problem: problem.line,
        });
      }
    });
  }

  /** Stops it dead, with its bricks when the host loses power. */
  kill(how: "process" | "host"): void {
    this.#life?.end(how === "host" ? "mute" : "gone");
    this.#daemon = null;
    if (how === "host") this.#host.powerOff();
  }

  /** Ends it in good order; its bricks live on. */
  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#life?.end("gone");
    this.#daemon = null;
  }
}

async function whenPortsAreFree<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start();
    } catch (error) {
      const taken = error instanceof Problem && error.code === "address-in-use";
      if (!taken || attempt === PORT_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PORT_PAUSE_MS));
    }
  }
}
