/** Everybody who uses the cluster in one run: clients, watchers, operators, each on a host of its own. */

import type { Prng } from "../../../src/base/mod.ts";
import type { Cluster } from "../cluster.ts";
import type { Swarm } from "../swarm.ts";
import type { World } from "../world.ts";
import { readFinally, runConfigClient } from "./config_client.ts";
import type {
  ConfigClientContext,
  ConfigClientOptions,
} from "./config_client.ts";
import { ConfigHistory } from "./config_history.ts";
import { runOperator } from "./volume_operator.ts";
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
  readonly #world: World;
  readonly #prng: Prng;
  readonly #swarm: Swarm;
  readonly #cluster: Cluster;
  #stopped = false;
  readonly #active = new Set<string>();
  #volumes = 0;
  #addresses = 0;

  constructor(world: World, prng: Prng, swarm: Swarm, cluster: Cluster) {
    this.#world = world;
    this.#prng = prng;
    this.#swarm = swarm;
    this.#cluster = cluster;
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
          monitors: cluster.origins,
          keys: Array.from({ length: 3 }, (_, at) => `t${at + 1}`),
          thinkMs: swarm.thinkMs,
          timeoutMs: swarm.timeoutMs,
          history: this.transactions,
          committed: () => cluster.log.entries.length,
          deafMs: (monitor) => cluster.deafMs(monitor),
        }));
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
    }
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

  /** Asks everybody to finish what is under way. */
  stop(): void {
    this.#stopped = true;
  }

  /** Reads every key once more, when all is calm. */
  async readAll(): Promise<void> {
    const name = "reader";
    const context = this.#context(name);
    const options = this.#clientOptions(name);
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

  get #origins(): string[] {
    return this.#cluster.origins.map(({ origin }) => origin);
  }
}
