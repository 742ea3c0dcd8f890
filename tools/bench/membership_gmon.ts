/**
 * gmon's side: three real monitors, ten workers that are real processes (those
 * that are killed, and whose CPU and memory are a member's), and ninety
 * production compositions in shared processes, to spare the memory.
 */

import { PORTS } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { MONITORS, monitorsAt, numbers, placeOf } from "../swarm/layout.ts";
import { ProcessGroup } from "../swarm/process_group.ts";
import { VerdictBook } from "../swarm/verdict_book.ts";
import { launcherOf, Testbed } from "../testbed/testbed.ts";
import { costsOf, pulse } from "./membership_costs.ts";
import {
  type Detection,
  MEMBERS,
  type Side,
  type SideCosts,
  type Starvation,
  type StarvationOutcome,
  STARVED_GROUPS,
  VICTIMS,
} from "./membership_side.ts";

const LIMIT_MS = 120_000;
/** As for Serf. */
const AFTER_MS = 15_000;

/** The victims are the last numbers, the starved the first. */
export class GmonSide implements Side {
  readonly #testbed: Testbed;
  readonly #group: ProcessGroup;
  readonly #dead = new Set<number>();
  #book!: VerdictBook;

  constructor() {
    this.#testbed = new Testbed({
      launcher: launcherOf(null),
      monitors: MONITORS,
      workers: numbers(MEMBERS - VICTIMS, VICTIMS).map(placeOf)
        .map(({ name, address, zone }) => ({
          name,
          address,
          zone: `z${zone}`,
        })),
    });
    const { directory } = this.#testbed;
    this.#group = new ProcessGroup({ directory, apiPort: PORTS.api });
    let first = 0;
    for (const count of STARVED_GROUPS) {
      this.#group.open(numbers(first, count));
      first += count;
    }
    this.#group.open(numbers(first, MEMBERS - VICTIMS - first));
  }

  async start(): Promise<{ joinedMs: number }> {
    const { monitors, workers } = this.#testbed.options;
    for (const { name } of monitors) this.#testbed.startMonitor(name);
    await this.#testbed.eventually("a leading monitor", async () => {
      const status = await this.#testbed.get<{ leader: string | null }>(
        "/v1/status",
      );
      return status?.leader ?? null;
    }, LIMIT_MS);
    this.#book = new VerdictBook(openPorts(), monitorsAt(PORTS.api));
    const startedMs = performance.now();
    for (const { name } of workers) this.#testbed.startWorker(name);
    await this.#group.tell(
      numbers(0, MEMBERS - VICTIMS),
      (own) => ({ kind: "start", workers: own }),
    );
    await this.#book.until(numbers(0, MEMBERS), ["alive"], LIMIT_MS);
    return { joinedMs: performance.now() - startedMs };
  }

  /** Everything counts, the monitors too. */
  costs({ windowMs }: { windowMs: number }): Promise<SideCosts> {
    const { monitors, workers } = this.#testbed.options;
    const alone = (): number[] =>
      workers.filter((_, at) => !this.#dead.has(MEMBERS - VICTIMS + at))
        .map(({ name }) => this.#testbed.pidOf(name));
    const all = (): number[] => [
      ...monitors.map(({ name }) => this.#testbed.pidOf(name)),
      ...this.#group.holders.map(({ child }) => child.pid),
      ...alone(),
    ];
    return costsOf(MEMBERS - this.#dead.size, windowMs, all, alone);
  }

  async kill({ victim }: { victim: number }): Promise<Detection> {
    const number = MEMBERS - VICTIMS + victim;
    this.#dead.add(number);
    this.#book.allow([number], "dead");
    const killedMs = Date.now();
    await this.#testbed.kill(placeOf(number).name);
    await this.#book.until([number], ["dead"], LIMIT_MS);
    const { atMs } = this.#book.page.findLast(({ worker, verdict }) =>
      worker === number && verdict === "dead"
    )!;
    return { firstMs: atMs - killedMs, allMs: null };
  }

  async starve(starvation: Starvation): Promise<StarvationOutcome> {
    const holders = this.#group.holders.slice(0, starvation.groups);
    const starved = new Set(holders.flatMap(({ workers }) => [...workers]));
    const pids = holders.map(({ child }) => child.pid);
    this.#book.turnPage();
    let detection: Promise<Detection> | null = null;
    await pulse(pids, starvation, () => {
      detection = this.kill(starvation);
      return Promise.resolve();
    });
    await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
    const wrongly = new Set(
      this.#book.page.filter(({ worker, verdict }) =>
        verdict === "dead" && !this.#dead.has(worker)
      ).map(({ worker }) => worker),
    );
    return {
      healthy: wrongly.difference(starved).size,
      starved: wrongly.intersection(starved).size,
      detection: await detection!,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#book?.close();
    await this.#group.close();
    await this.#testbed[Symbol.asyncDispose]();
  }
}
