/**
 * A process that holds many workers of the swarm and does with them what it is
 * told on its standard input, one order a line.
 */

import { Prng } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { Composition, type Surroundings } from "./composition.ts";
import {
  type Answer,
  linesOf,
  type NumberedOrder,
  type Order,
  type ProcessStatistics,
  type WorkerProcessOptions,
} from "./control.ts";
import { Faults } from "./faults.ts";
import { gridClock } from "./grid_clock.ts";
import { quickDisk } from "./quick_disk.ts";
import { TrafficCount } from "./traffic.ts";

const LAG_PERIOD_MS = 100;

class WorkerProcess {
  readonly #surroundings: Surroundings;
  readonly #workers = new Map<number, Composition>();
  #lagMaxMs = 0;

  constructor(options: WorkerProcessOptions) {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const base = openPorts({ log: { level: "warn", format: "json" } });
    this.#surroundings = {
      base: {
        ...base,
        clock: gridClock(base.clock),
        disk: quickDisk(base.disk),
      },
      options,
      faults: new Faults(new Prng(seed)),
      traffic: new TrafficCount(),
    };
    this.#watchLag(performance.now());
  }

  async obey(order: Order): Promise<ProcessStatistics | null> {
    switch (order.kind) {
      case "start":
        await Promise.all(order.workers.map((at) => this.#worker(at).start()));
        return null;
      case "kill":
        for (const at of order.workers) this.#worker(at).kill(order.how);
        return null;
      case "stop":
        await Promise.all(order.workers.map((at) => this.#worker(at).stop()));
        return null;
      case "faults":
        this.#surroundings.faults.plan = order.plan;
        return null;
      case "statistics":
        return this.#statistics();
    }
  }

  #worker(number: number): Composition {
    const known = this.#workers.get(number);
    if (known !== undefined) return known;
    const made = new Composition(this.#surroundings, number);
    this.#workers.set(number, made);
    return made;
  }

  #statistics(): ProcessStatistics {
    const lagMaxMs = this.#lagMaxMs;
    this.#lagMaxMs = 0;
    return {
      workers: this.#workers.size,
      traffic: this.#surroundings.traffic.read(),
      heapBytes: Deno.memoryUsage().heapUsed,
      lagMaxMs,
    };
  }

  #watchLag(sinceMs: number): void {
    setTimeout(() => {
      const nowMs = performance.now();
      const lagMs = nowMs - sinceMs - LAG_PERIOD_MS;
      this.#lagMaxMs = Math.max(this.#lagMaxMs, lagMs);
      this.#watchLag(nowMs);
    }, LAG_PERIOD_MS);
  }
}

async function main(): Promise<void> {
  const options = JSON.parse(Deno.args[0]!) as WorkerProcessOptions;
  const process = new WorkerProcess(options);
  const output = Deno.stdout.writable.getWriter();
  const encoder = new TextEncoder();
  const say = (answer: Answer): Promise<void> =>
    output.write(encoder.encode(`${JSON.stringify(answer)}\n`));

  async function carryOut({ id, order }: NumberedOrder): Promise<void> {
    let statistics: ProcessStatistics | null = null;
    let problem: string | null = null;
    try {
      statistics = await process.obey(order);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    const atMs = performance.timeOrigin + performance.now();
    await say({ id, atMs, statistics, problem });
  }

  // The end of the input is the swarm's end: nothing may outlive it.
  for await (const order of linesOf<NumberedOrder>(Deno.stdin.readable)) {
    void carryOut(order);
  }
  Deno.exit(0);
}

if (import.meta.main) await main();
