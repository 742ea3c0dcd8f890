/** A swarm: three real monitors, and workers in processes of a hundred, one of them to be killed and a smaller one to be paused. */

import { PORTS } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { launcherOf, Testbed } from "../testbed/testbed.ts";
import type { ProcessStatistics } from "./control.ts";
import { type FaultPlan, isDeafZone, NO_FAULTS } from "./faults.ts";
import { castOf, MONITORS, monitorsAt, numbers, placeOf } from "./layout.ts";
import {
  type KernelReading,
  type ProcessReading,
  readKernel,
  readProcess,
  readStolenMs,
} from "./meter.ts";
import { makeMemoryDirectory } from "./memory_directory.ts";
import { AS_MONITOR, PacketFilter } from "./packet_filter.ts";
import { ProcessGroup, type WorkerHolder } from "./process_group.ts";
import { sumOf, type Traffic } from "./traffic.ts";
import { VerdictBook } from "./verdict_book.ts";

/** How large, and how it is run. */
export interface SwarmOptions {
  readonly workers: number;
  /** Directory for V8 profiles of the processes of workers; null for none. */
  readonly profiles: string | null;
  readonly say: (line: string) => void;
}

/** Everything that is read at one moment. */
export interface Reading {
  readonly atMs: number;
  readonly holders: readonly ProcessReading[];
  readonly monitors: readonly (ProcessReading & { readonly name: string })[];
  readonly leader: string | null;
  readonly kernel: KernelReading;
  /** CPU time that the machine was not given. */
  readonly stolenMs: number;
  readonly traffic: Traffic;
  readonly statistics: readonly ProcessStatistics[];
}

/**
 * The pauses of a process (garbage collection above all) grow with what it
 * holds, and stop all its workers together: few large processes are few large
 * hosts that stand still for half a second, again and again.
 */
const WORKERS_A_PROCESS = 110;
const QUORUM_LIMIT_MS = 60_000;

/** A running swarm; `await using` ends it. */
export class Swarm implements AsyncDisposable {
  readonly options: SwarmOptions;
  readonly testbed: Testbed;
  readonly group: ProcessGroup;
  readonly #workersDirectory = makeMemoryDirectory();
  /** Set once the monitors answer. */
  book!: VerdictBook;
  /** Null where a host without power still accepts connections, as the kernel does it for its workers. */
  readonly #filter: PacketFilter | null;
  readonly #withoutPower = new Set<number>();
  readonly #down = new Set<number>();
  /** Addresses that nothing from the monitors reaches. */
  #deaf: readonly string[] = [];
  /** The process of a tenth of the workers, to be killed whole. */
  victims: WorkerHolder;
  /** The process of a twentieth of the workers, to be paused. */
  readonly sleepers: WorkerHolder;
  /** Workers that share no process with those to be killed or paused. */
  readonly ordinary: readonly number[];

  private constructor(options: SwarmOptions, filter: PacketFilter | null) {
    this.options = options;
    this.#filter = filter;
    this.testbed = new Testbed({
      launcher: launcherOf(null),
      monitors: MONITORS,
      workers: [],
      ...(filter === null ? {} : { inside: () => AS_MONITOR }),
    });
    for (const { name } of MONITORS) this.testbed.startMonitor(name);
    const { profiles } = options;
    this.group = new ProcessGroup(
      { directory: this.#workersDirectory, apiPort: PORTS.api },
      profiles === null ? [] : [
        "--cpu-prof",
        `--cpu-prof-dir=${profiles}`,
        "--cpu-prof-name=workers-%.cpuprofile",
      ],
    );
    const { workers } = options;
    const { victims, sleepers, ordinary } = castOf(workers);
    const processes = Math.max(
      navigator.hardwareConcurrency,
      Math.ceil(ordinary.length / WORKERS_A_PROCESS),
    );
    for (let process = 0; process < processes; process++) {
      this.group.open(ordinary.filter((at) => at % processes === process));
    }
    this.ordinary = ordinary;
    this.victims = this.group.open(victims);
    this.sleepers = this.group.open(sleepers);
  }

  /** Starts the monitors and the processes; resolves when a monitor leads. No worker runs yet. */
  static async open(options: SwarmOptions): Promise<Swarm> {
    const filter = await PacketFilter.open();
    if (filter === null) {
      options.say(
        "swarm: hosts without power will still accept connections and count as " +
          "hung, and no zone can be cut off from the monitors: run it as root, " +
          "with nft, unshare and setpriv installed",
      );
    }
    const swarm = new Swarm(options, filter);
    await swarm.testbed.eventually(
      "a leading monitor",
      () => swarm.leader(),
      QUORUM_LIMIT_MS,
    );
    swarm.book = new VerdictBook(openPorts(), monitorsAt(PORTS.api));
    return swarm;
  }

  /** All workers' numbers. */
  get all(): number[] {
    return numbers(0, this.options.workers);
  }

  /** Starts workers, all at once. */
  async start(workers: readonly number[]): Promise<void> {
    const back = workers.filter((at) => this.#withoutPower.delete(at));
    await this.#filter?.pass("host", back.map((at) => placeOf(at).address));
    await this.group.tell(workers, (own) => ({ kind: "start", workers: own }));
    for (const at of workers) this.#down.delete(at);
  }

  /** Stops them dead; answers when. */
  async kill(
    workers: readonly number[],
    how: "process" | "host",
  ): Promise<number> {
    for (const at of workers) this.#down.add(at);
    const atMs = await this.group.tell(
      workers,
      (own) => ({ kind: "kill", workers: own, how }),
    );
    if (how === "host") {
      for (const at of workers) this.#withoutPower.add(at);
      await this.#filter?.drop(
        "host",
        workers.map((at) => placeOf(at).address),
      );
    }
    return atMs;
  }

  /** Ends them in good order. */
  async stop(workers: readonly number[]): Promise<void> {
    for (const at of workers) this.#down.add(at);
    await this.group.tell(workers, (own) => ({ kind: "stop", workers: own }));
  }

  /** Faults of the network from now on. */
  async faults(plan: FaultPlan = NO_FAULTS): Promise<void> {
    const deaf = this.all.map(placeOf)
      .filter(({ zone }) => isDeafZone(plan, zone))
      .map(({ address }) => address);
    if (deaf.length > 0 && this.#filter === null) {
      throw new Error("no zone can be cut off without a packet filter");
    }
    await this.group.tellAll({ kind: "faults", plan });
    await this.#filter?.pass("monitors", this.#deaf);
    this.#deaf = deaf;
    await this.#filter?.drop("monitors", deaf);
  }

  /** kill -9 of the victims' process, with all its workers; answers when. */
  async killVictims(): Promise<number> {
    for (const at of this.victims.workers) this.#down.add(at);
    await this.group.killHolder(this.victims);
    return Date.now();
  }

  /** A new process for the victims, and all of them started in it. */
  async restartVictims(): Promise<void> {
    const workers = [...this.victims.workers];
    this.victims = this.group.open(workers);
    await this.start(workers);
  }

  /** Mends what a scenario that failed left behind: everything runs again, on a network in order. */
  async mend(): Promise<void> {
    await this.faults();
    this.sleepers.child.kill("SIGCONT");
    for (const { name } of MONITORS) {
      if (!this.testbed.runs(name)) this.testbed.startMonitor(name);
    }
    if (!this.group.holders.includes(this.victims)) await this.restartVictims();
    await this.start([...this.#down]);
  }

  /** The monitor that leads, by its own word. */
  async leader(): Promise<string | null> {
    const status = await this.testbed.get<{ leader: string | null }>(
      "/v1/status",
    );
    return status?.leader ?? null;
  }

  /** What all workers put on the network so far. */
  async traffic(): Promise<Traffic> {
    return trafficOf(await this.group.statistics());
  }

  /** Reads every counter. */
  async read(): Promise<Reading> {
    const leader = await this.leader();
    const statistics = await this.group.statistics();
    const holders = await Promise.all(
      this.group.holders.map(({ child }) => readProcess(child.pid)),
    );
    const monitors = await Promise.all(
      MONITORS.map(async ({ name }) => ({
        name,
        ...await readProcess(this.testbed.pidOf(name)),
      })),
    );
    return {
      atMs: performance.now(),
      holders,
      monitors,
      leader,
      kernel: await readKernel(),
      stolenMs: await readStolenMs(),
      traffic: trafficOf(statistics),
      statistics,
    };
  }

  /** Ends everything and removes every file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.book.close();
    await this.group.close();
    await this.#filter?.close();
    await this.testbed[Symbol.asyncDispose]();
    await Deno.remove(this.#workersDirectory, { recursive: true });
  }
}

function trafficOf(statistics: readonly ProcessStatistics[]): Traffic {
  return sumOf(statistics.map(({ traffic }) => traffic));
}
