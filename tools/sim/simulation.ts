/**
 * One run: the world, the cluster and its users are drawn from the seed;
 * faults go on for a while (safety phase), then everything is healed and must
 * come to rest (liveness phase), and the oracles judge all that was seen.
 */

import { Prng } from "../../src/base/mod.ts";
import { listMonitors } from "../../src/cluster/mod.ts";
import { Cluster, originOf } from "./cluster.ts";
import { drawSchedule, Faults, type Scheduled } from "./faults.ts";
import { glusterProgram } from "./gluster_program.ts";
import { glusterTools } from "./gluster_tools.ts";
import type { Host } from "./host.ts";
import type { Node } from "./node.ts";
import { unrest } from "./oracle/convergence.ts";
import { Acts } from "./oracle/acts.ts";
import { judgeDocuments } from "./oracle/documents.ts";
import { judgeDurability } from "./oracle/durability.ts";
import { judgeIdempotency } from "./oracle/idempotency.ts";
import { judgeLinearizability } from "./oracle/linearizable.ts";
import { judgeTransactions } from "./oracle/transactions.ts";
import { judgeWatches } from "./oracle/watches.ts";
import { ROLE_HANDLER, roleProgram } from "./role_program.ts";
import type { Planted } from "./planted/planted.ts";
import { baseName } from "./names.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";
import { writeOnce } from "./workload/prober.ts";
import { Users } from "./workload/users.ts";
import { type Failure, World } from "./world.ts";

/** What of a seed's run is left out or changed, to find out what a failure needs. */
export interface Cut {
  /** Overrule what the seed drew. */
  readonly swarm: Partial<Swarm>;
  /** The numbers of the faults that stay; null for all. */
  readonly faults: readonly number[] | null;
}

/** What came of a run. */
export interface Outcome {
  readonly seed: number;
  readonly swarm: Swarm;
  /** The faults that were to happen. */
  readonly schedule: readonly Scheduled[];
  readonly failures: readonly Failure[];
  /** Equal for equal runs. */
  readonly digest: string;
  readonly lines: readonly string[];
  readonly counts: Counts;
}

/** How much happened. */
export interface Counts {
  readonly virtualMs: number;
  readonly events: number;
  readonly faults: number;
  readonly elections: number;
  readonly entries: number;
  /** How often the members of the quorum changed. */
  readonly changes: number;
  /** How often a monitor's state came from a snapshot. */
  readonly restores: number;
  readonly operations: number;
  readonly unknown: number;
  readonly transactions: number;
  readonly shown: number;
  readonly volumes: number;
  /** How often somebody began to act in an exclusive role. */
  readonly acts: number;
  /** From the end of faults until everything was at rest. */
  readonly restMs: number;
}

/** A world in which the members stay, and every read asks around. */
const UNCHANGING = { monitorOperators: 0, leaseChance: 0 };

/** A seed's run as it is drawn. */
export const UNCUT: Cut = { swarm: {}, faults: null };

const SETTLE_MS = 3_000;
const CALM_MS = 2_000;
const LOOK_MS = 500;
/** How much of the trace is kept unless told otherwise. */
const LINES_KEPT = 400;

/** Runs a seed. */
export async function simulate(
  seed: number,
  options: {
    readonly keepLines?: number;
    readonly planted?: Planted | null;
    readonly cut?: Cut;
  } = {},
): Promise<Outcome> {
  const planted = options.planted ?? null;
  const takeBack = planted?.install?.() ?? nothing;
  const keepLines = options.keepLines ?? LINES_KEPT;
  const run = new Run(seed, keepLines, planted, options.cut ?? UNCUT);
  const uncaught = (event: Event): void => {
    event.preventDefault();
    const reason = (event as PromiseRejectionEvent).reason ??
      (event as ErrorEvent).error;
    run.world.failed(event.type, reason);
  };
  globalThis.addEventListener("unhandledrejection", uncaught);
  globalThis.addEventListener("error", uncaught);
  try {
    return await run.go();
  } finally {
    globalThis.removeEventListener("unhandledrejection", uncaught);
    globalThis.removeEventListener("error", uncaught);
    takeBack();
  }
}

class Run {
  readonly world: World;
  readonly #seed: number;
  readonly #swarm: Swarm;
  readonly #cluster: Cluster;
  readonly #schedule: readonly Scheduled[];
  readonly #faults: Faults;
  readonly #users: Users;
  readonly #observer: Host;
  readonly #acts: Acts;
  #restMs = 0;

  constructor(
    seed: number,
    keepLines: number,
    planted: Planted | null,
    cut: Cut,
  ) {
    this.#seed = seed;
    const prng = new Prng(seed);
    const swarm = drawSwarm(prng.fork());
    // A planted bug that needs more than this says so.
    const world = planted === null ? swarm : { ...swarm, ...UNCHANGING };
    this.#swarm = { ...planted?.swarm?.(world) ?? world, ...cut.swarm };
    this.#acts = new Acts((oracle, message) =>
      this.world.violated(oracle, message)
    );
    this.world = new World({
      prng: prng.fork(),
      network: this.#swarm.network,
      disk: this.#swarm.disk,
      timerJitterMs: this.#swarm.timerJitterMs,
      keepLines,
      installed: {
        programs: new Map([
          ["glusterfsd", glusterProgram],
          ["glusterfs", glusterProgram],
          [baseName(ROLE_HANDLER), roleProgram(this.#acts)],
        ]),
        tools: glusterTools,
      },
    });
    this.#cluster = new Cluster(
      this.world,
      prng.fork(),
      this.#swarm,
      planted,
    );
    this.#users = new Users(
      this.world,
      prng.fork(),
      this.#swarm,
      this.#cluster,
    );
    this.#schedule = drawSchedule(prng.fork(), this.#swarm)
      .filter(({ number }) => cut.faults?.includes(number) ?? true);
    const { faultLastsMs } = this.#swarm;
    this.#faults = new Faults(
      this.world,
      prng.fork(),
      this.#schedule,
      faultLastsMs,
      {
        nodes: () => this.#cluster.nodes,
        leader: () => this.#cluster.leader,
        lose: ({ host }) => this.#users.machines.lose(host.name),
        votes: (node, when) => this.#cluster.votes(node, when),
        majorityOf: (order) => this.#cluster.majorityOf(order),
        onMoment: (call) => this.#cluster.happened = call,
      },
    );
    this.#observer = this.world.addHost("observer", "10.0.9.1", {
      rate: 1,
      offsetMs: 0,
      wallOffsetMs: 0,
    });
  }

  async go(): Promise<Outcome> {
    this.#cluster.begin();
    this.#users.begin();
    await this.#runFor(SETTLE_MS);
    this.#faults.begin();
    await this.#runFor(this.#swarm.safetyMs);
    this.#users.settle();
    const core = this.#faults.healQuorum();
    if (!this.#failed && core !== null) await this.#serve(core);
    this.#faults.heal();
    await this.#runFor(CALM_MS);
    this.#users.stop();
    if (!this.#failed && this.#swarm.monitorOperators > 0) {
      const nobody = () => "those who lost their disk are not replaced";
      await this.#finish(this.#users.replaceLost(), nobody);
    }
    if (!this.#failed) await this.#comeToRest();
    if (!this.#failed) await this.#finish(this.#users.readAll());
    this.#judge();
    return this.#outcome();
  }

  get #failed(): boolean {
    return this.world.failures.length > 0;
  }

  async #runFor(durationMs: number): Promise<void> {
    if (this.#failed) return;
    const { calendar } = this.world;
    await calendar.runUntil(
      calendar.nowMs + durationMs,
      () => this.#failed,
    );
  }

  /** Runs the world until the promise settles; a violation if it takes too long. */
  async #finish<T>(
    promise: Promise<T>,
    otherwise: () => string | null = () => "the last questions got no answer",
  ): Promise<T | null> {
    let result: T | null = null;
    let settled = false;
    promise.then((value) => {
      result = value;
      settled = true;
    });
    const { calendar } = this.world;
    await calendar.runUntil(
      calendar.nowMs + this.#swarm.livenessMs,
      () => settled || this.#failed,
    );
    const complaint = settled || this.#failed ? null : otherwise();
    if (complaint !== null) this.world.violated("liveness", complaint);
    return result;
  }

  /**
   * A majority that is well must take a write, and hold it everywhere, within
   * `livenessMs`; unless the members changed so that it is none any more.
   */
  async #serve(core: readonly Node[]): Promise<void> {
    const { calendar } = this.world;
    const sinceMs = calendar.nowMs;
    const names = core.map(({ host }) => host.name);
    const acknowledged = await this.#finish(
      writeOnce(
        this.world.ports(this.#observer.start("prober", ["prober"])),
        this.#cluster.origins.filter(({ name }) => names.includes(name)),
      ),
      () =>
        this.#cluster.majorityOf(core) === null
          ? null
          : `${names} are well, but take no write`,
    );
    if (this.#failed || acknowledged === null) return;
    const index = this.#cluster.log.entries.length;
    const isHeld = (): boolean =>
      this.#cluster.reached(
        core.filter((one) => this.#cluster.isMember(one)),
        index,
      );
    await calendar.runUntil(
      sinceMs + this.#swarm.livenessMs,
      () => this.#failed || isHeld(),
    );
    if (this.#failed || isHeld()) return;
    if (this.#cluster.majorityOf(core) === null) return;
    this.world.violated("liveness", `not all of ${names} have entry ${index}`);
  }

  async #comeToRest(): Promise<void> {
    const { calendar } = this.world;
    const sinceMs = calendar.nowMs - CALM_MS;
    const process = this.#observer.start("observer", ["observer"]);
    const ports = this.world.ports(process);
    let found: string[] = [];
    while (calendar.nowMs - sinceMs < this.#swarm.livenessMs) {
      found = await this.#finish(unrest({
        ports,
        monitors: this.#cluster.members.map(originOf),
        documents: () =>
          listMonitors(this.#cluster.log.state).map(({ value }) => value.name),
        workers: this.#cluster.workers.map(({ host }) => host),
        applied: () => this.#cluster.applied,
        acts: this.#acts,
      })) ?? [];
      if (this.#failed) return;
      if (found.length === 0 && this.#users.busy.length === 0) {
        this.#restMs = calendar.nowMs - sinceMs;
        this.world.note("world", "REST");
        return;
      }
      await this.#runFor(LOOK_MS);
    }
    const { busy } = this.#users;
    if (busy.length > 0) found.push(`users are still waiting: ${busy}`);
    this.world.violated("convergence", `no rest: ${found.join("; ")}`);
  }

  #judge(): void {
    const violated = this.world.violated.bind(this.world);
    const { log } = this.#cluster;
    const { config, watches, transactions } = this.#users;
    judgeLinearizability(log, config, violated);
    judgeDurability(log, config, violated);
    judgeIdempotency(log, violated);
    judgeWatches(log, watches, violated);
    judgeTransactions(log, transactions, violated);
    judgeDocuments(log, violated);
  }

  #outcome(): Outcome {
    const { world } = this;
    const { total, unknown } = this.#users.config.counts;
    return {
      seed: this.#seed,
      swarm: this.#swarm,
      schedule: this.#schedule,
      failures: world.failures,
      digest: world.trace.digest,
      lines: world.trace.lines,
      counts: {
        virtualMs: world.calendar.nowMs,
        events: world.calendar.events,
        faults: this.#faults.count,
        elections: this.#cluster.elections.count,
        entries: this.#cluster.log.entries.length,
        changes: this.#cluster.configurations.changes,
        restores: this.#cluster.log.restores,
        operations: total,
        unknown,
        transactions: this.#users.transactions.told.length,
        shown: this.#users.watches.count,
        volumes: this.#users.volumes,
        acts: this.#acts.count,
        restMs: this.#restMs,
      },
    };
  }
}

function nothing(): void {}
