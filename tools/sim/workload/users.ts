/** Everybody who uses the cluster in one run: clients, watchers, operators, each on a host of its own. */

import type { Prng } from "../../../src/base/mod.ts";
import { type Cluster, originOf } from "../cluster.ts";
import type { Swarm } from "../swarm.ts";
import { Machines } from "../machines.ts";
import type { World } from "../world.ts";
import { readFinally, runConfigClient } from "./config_client.ts";
import type {
  ConfigClientContext,
  ConfigClientOptions,
} from "./config_client.ts";
import { ConfigHistory } from "./config_history.ts";
import {
  type MonitorOperatorContext,
  replaceLost,
  runMonitorOperator,
} from "./monitor_operator.ts";
import { runOperator } from "./volume_operator.ts";
import { runRoleOperator } from "./role_operator.ts";
import { TransactionHistory } from "./transaction_history.ts";
import { runTransactor } from "./transactor.ts";
import { WatchHistory } from "./watch_history.ts";
import { runWatcher } from "./watcher.ts";

const BEGIN_MS = 1_000;

/** The users of one run and what they remember. */
export class Users {
  readonly config = new ConfigHistory();
  readonly watches = new WatchHistory();
  readonly transactions = new TransactionHistory();
  readonly machines: Machines;
  readonly #world: World;
  readonly #prng: Prng;
  readonly #swarm: Swarm;
  readonly #cluster: Cluster;
  #stopped = false;
  #settled = false;
  readonly #active = new Set<string>();
  #volumes = 0;
  #addresses = 0;

  constructor(world: World, prng: Prng, swarm: Swarm, cluster: Cluster) {
    this.#world = world;
    this.#prng = prng;
    this.#swarm = swarm;
    this.#cluster = cluster;
    const mistakes = prng.fork();
    this.machines = new Machines(
      world,
      cluster,
      () => mistakes.chance(swarm.mistakeChance),
    );
    for (let number = 1; number <= swarm.clients; number++) {
      this.#add(
        `c${number}`,
        (name, context) => runConfigClient(this.#clientOptions(name), context),
      );
    }
    for (let number = 1; number <= swarm.watchers; number++) {
      this.#add(`s${number}`, (name, context) =>
        runWatcher({
          ...context,
          name,
          origins: this.#origins,
          history: this.watches,
        }));
    }
    for (let number = 1; number <= swarm.transactors; number++) {
      this.#add(`x${number}`, (name, context) =>
        runTransactor({
          ...context,
          name,
          monitors: () => cluster.origins,
          keys: Array.from({ length: 3 }, (_, at) => `t${at + 1}`),
          thinkMs: swarm.thinkMs,
          timeoutMs: swarm.timeoutMs,
          history: this.transactions,
          committed: () => cluster.log.entries.length,
          deafMs: (monitor) => cluster.deafMs(monitor),
        }));
    }
    this.#addOperators();
  }

  #addOperators(): void {
    const cluster = this.#cluster;
    const swarm = this.#swarm;
    for (let number = 1; number <= swarm.monitorOperators; number++) {
      this.#add(
        `q${number}`,
        (_name, context) =>
          runMonitorOperator({
            ...context,
            origins: this.#members,
            machines: this.machines,
            thinkMs: swarm.memberThinkMs,
            sizes: swarm.quorumSizes,
            stopped: () => this.#settled,
          }),
      );
    }
    const operators = swarm.workers > 0 ? swarm.operators : 0;
    for (let number = 1; number <= operators; number++) {
      this.#add(`o${number}`, async (_name, context) => {
        const done = await runOperator({
          ...context,
          origins: this.#origins,
          workers: cluster.workers.map(({ host }) => host.name),
          thinkMs: 500,
        });
        this.#volumes += done.created;
      });
      this.#add(`r${number}`, (_name, context) =>
        runRoleOperator({
          ...context,
          origins: this.#origins,
          workers: cluster.workers.map(({ host }) => host.name),
          thinkMs: 1_500,
        }));
    }
  }

  #monitorContext(name: string): MonitorOperatorContext {
    return {
      ...this.#context(name),
      origins: this.#members,
      machines: this.machines,
      thinkMs: this.#swarm.memberThinkMs,
      sizes: this.#swarm.quorumSizes,
      stopped: () => this.#settled,
    };
  }

  /** Who has not finished. */
  get busy(): readonly string[] {
    return [...this.#active];
  }

  /** How many volumes were created. */
  get volumes(): number {
    return this.#volumes;
  }

  /** Everybody begins. */
  begin(): void {
    for (const begin of this.#beginnings) {
      this.#world.calendar.after(BEGIN_MS, begin);
    }
  }

  /** From now on the quorum stays as it is. */
  settle(): void {
    this.#settled = true;
    this.machines.rest();
  }

  /** Sees to it that no member is lost; resolves then. */
  replaceLost(): Promise<true> {
    return replaceLost(this.#monitorContext("chief"));
  }

  /** Asks everybody to finish what is under way. */
  stop(): void {
    this.#stopped = true;
  }

  /** Reads every key once more, when all is calm. */
  async readAll(): Promise<void> {
    const name = "reader";
    const context = this.#context(name);
    const options = {
      ...this.#clientOptions(name),
      origins: this.#members,
    };
    for (const key of options.keys) {
      if (await readFinally(options, context, key)) continue;
      this.#world.violated("liveness", `${key} cannot be read`);
    }
  }

  readonly #beginnings: (() => void)[] = [];

  #add(
    name: string,
    run: (name: string, context: ConfigClientContext) => Promise<void>,
  ): void {
    const context = this.#context(name);
    this.#beginnings.push(() => {
      this.#active.add(name);
      run(name, context).then(
        () => this.#active.delete(name),
        (error) => this.#world.failed(name, error),
      );
    });
  }

  #context(name: string): ConfigClientContext {
    const world = this.#world;
    const address = `10.0.2.${++this.#addresses}`;
    const host = world.addHost(name, address, this.#cluster.clock());
    const process = host.start("user", [name]);
    return {
      ports: world.ports(process),
      prng: this.#prng.fork(),
      history: this.config,
      nowMs: () => world.calendar.nowMs,
      stopped: () => this.#stopped,
      note: (text) => world.note(name, text),
      violated: (message) => world.violated("answers", `${name}: ${message}`),
    };
  }

  #clientOptions(name: string): ConfigClientOptions {
    const { keys, thinkMs, timeoutMs, idempotentChance, largeChance } =
      this.#swarm;
    return {
      name,
      origins: this.#origins,
      keys: Array.from({ length: keys }, (_, at) => `k${at + 1}`),
      thinkMs,
      timeoutMs,
      idempotentChance,
      largeChance,
    };
  }

  /** Of all monitors that are in service, members or not. */
  readonly #origins = (): string[] =>
    this.#cluster.origins.map(({ origin }) => origin);

  /** Of the members alone: an operator knows who they are. While none is in the life that counts, of all. */
  readonly #members = (): string[] => {
    const members = this.#cluster.members.map((node) => originOf(node).origin);
    return members.length > 0 ? members : this.#origins();
  };
}
