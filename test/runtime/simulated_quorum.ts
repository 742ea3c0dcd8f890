/**
 * Stores on simulated hosts, in virtual time: a scenario runs the same way
 * whatever else the machine does, a process can be killed, a host lose power
 * and a line be cut. Everything in a scenario is awaited in virtual time.
 */

import { Prng } from "../../src/base/mod.ts";
import {
  type Founder,
  type MemberChange,
  openStore,
  type QuorumMember,
  type Store,
  type StoreOptions,
} from "../../src/runtime/mod.ts";
import { PLAIN_DISK } from "../../tools/sim/disk_options.ts";
import type { Host } from "../../tools/sim/host.ts";
import { PLAIN_NETWORK } from "../../tools/sim/network.ts";
import type { Process } from "../../tools/sim/process.ts";
import { World } from "../../tools/sim/world.ts";
import { cluster } from "./store_quorum.ts";

export const CLUSTER_ID = "a".repeat(36);

const LOOK_MS = 10;
const WAIT_MS = 60_000;
const SCENARIO_MS = 30 * 60_000;
const LINES_SHOWN = 60;

interface Running {
  readonly store: Store;
  readonly process: Process;
}

/** Runs a scenario with these founders, all of them started; fails with the end of the trace. */
export async function simulated(
  names: string[],
  scenario: (quorum: SimulatedQuorum) => Promise<void>,
  options: Partial<StoreOptions> = {},
): Promise<void> {
  const world = new World({
    prng: new Prng(7),
    network: PLAIN_NETWORK,
    disk: PLAIN_DISK,
    timerJitterMs: 1,
    keepLines: 1_000,
    installed: { programs: new Map(), tools: new Map() },
  });
  const quorum = new SimulatedQuorum(world, names, options);
  let settled = false;
  const done = (): void => void (settled = true);
  const running = quorum.begin().then(() => scenario(quorum));
  running.then(done, done);
  const { calendar } = world;
  await calendar.runUntil(SCENARIO_MS, () => settled);
  const trace = world.trace.lines.slice(-LINES_SHOWN).join("\n");
  if (!settled) throw new Error(`the scenario never ended\n${trace}`);
  await running.catch((error) => {
    throw new Error(`${error.stack}\n${trace}`);
  });
  if (world.failures.length > 0) {
    throw new Error(`${JSON.stringify(world.failures)}\n${trace}`);
  }
}

/** Monitors' stores, each on a host of its own. */
export class SimulatedQuorum {
  readonly world: World;
  readonly names: readonly string[];
  readonly founders: readonly Founder[];
  /** Of all that are started. */
  readonly #options: Partial<StoreOptions>;
  readonly #hosts = new Map<string, Host>();
  readonly #running = new Map<string, Running>();

  constructor(
    world: World,
    names: string[],
    options: Partial<StoreOptions>,
  ) {
    this.world = world;
    this.#options = options;
    this.names = names;
    this.founders = names.map((name) => this.placeOf(name));
  }

  /** Starts the founders and waits until the cluster stands. */
  async begin(): Promise<void> {
    await Promise.all(this.names.map((name) => this.start(name)));
    await this.commit((leader) => leader.commit(cluster(CLUSTER_ID)));
  }

  /** Where a monitor is at first; its host is built when it is first named. */
  placeOf(name: string): Founder {
    const { address } = this.host(name);
    return { name, address, raftPort: 24011, apiPort: 24010 };
  }

  host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const address = `10.0.0.${this.#hosts.size + 1}`;
    const clock = { rate: 1, offsetMs: 0, wallOffsetMs: 0 };
    const host = this.world.addHost(name, address, clock);
    this.#hosts.set(name, host);
    return host;
  }

  get stores(): Store[] {
    return [...this.#running.values()].map(({ store }) => store);
  }

  store(name: string): Store {
    return this.#running.get(name)!.store;
  }

  process(name: string): Process {
    return this.#running.get(name)!.process;
  }

  nameOf(store: Store): string {
    return [...this.#running].find(([_, one]) => one.store === store)![0];
  }

  /** Starts a founder, or with other options whoever it is. */
  async start(
    name: string,
    more: Partial<StoreOptions> = {},
  ): Promise<Store> {
    const host = this.host(name);
    const process = host.start("monitor", ["gmon", "monitor", name]);
    const { address, raftPort, apiPort } = this.placeOf(name);
    try {
      const store = await openStore(this.world.ports(process), {
        name,
        dataDirectory: "/data",
        raftAddress: { host: address, port: raftPort },
        apiPort,
        founders: this.founders,
        journal: { layOutBytes: 4096 },
        ...this.#options,
        ...more,
      });
      this.#running.set(name, { store, process });
      return store;
    } catch (error) {
      process.end("exited");
      throw error;
    }
  }

  /** Starts one more, which nobody knows yet, or a new life of a known name. */
  join(name: string, more: Partial<StoreOptions> = {}): Promise<Store> {
    return this.start(name, { founders: [], ...more });
  }

  /** Ends in good order. */
  async stop(name: string): Promise<void> {
    const { store, process } = this.#running.get(name)!;
    this.#running.delete(name);
    await store.close();
    process.end("exited");
  }

  /** kill -9. */
  kill(name: string): void {
    this.process(name).end("killed");
    this.#running.delete(name);
  }

  /** The host loses power, and all that was not synced. */
  crash(name: string): void {
    const host = this.host(name);
    host.crash();
    host.boot();
    this.#running.delete(name);
  }

  /** The change that makes a monitor a voter that joins, or comes back. */
  addition(name: string): MemberChange & { readonly kind: "add" } {
    return {
      kind: "add",
      ...this.placeOf(name),
      incarnation: this.store(name).incarnation,
      promote: true,
      replaces: null,
    };
  }

  /** Until it holds; fails after a minute. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const { calendar } = this.world;
    const untilMs = calendar.nowMs + WAIT_MS;
    while (!holds()) {
      if (calendar.nowMs > untilMs) throw new Error(`never: ${what}`);
      await this.pass(LOOK_MS);
    }
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.world.calendar.after(ms, resolve);
    });
  }

  /** The store that leads in the latest term, once there is one. */
  async leader(): Promise<Store> {
    const latest = (): Store | undefined => {
      const leaders = this.stores.filter(({ standing }) =>
        standing.role === "leader"
      );
      return leaders.sort((a, b) => b.standing.term - a.standing.term)[0];
    };
    await this.until("somebody leads", () => latest() !== undefined);
    return latest()!;
  }

  /** A name of a running store that does not lead. */
  async followers(): Promise<string[]> {
    const leader = await this.leader();
    return [...this.#running.keys()].filter((name) =>
      this.store(name) !== leader
    );
  }

  /** Has whoever leads do something, until it is done. */
  async commit<T>(act: (leader: Store) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        return await act(await this.leader());
      } catch (error) {
        if ((error as { kind?: string }).kind !== "unavailable") throw error;
      }
      await this.pass(50);
    }
    throw new Error("nobody who leads could do it");
  }

  /** Until the members are such at a store, and that is committed. */
  members(
    store: Store,
    holds: (members: readonly QuorumMember[]) => boolean,
  ): Promise<void> {
    return this.until(
      "the members are as expected",
      () => store.members.committed && holds(store.members.members),
    );
  }

  /** Until exactly these vote, and there is nobody else. */
  voters(store: Store, names: readonly string[]): Promise<void> {
    return this.members(store, (members) =>
      members.length === names.length &&
      members.every(({ name, voter }) => voter && names.includes(name)));
  }

  /** Until all that run have applied the same. */
  async settle(): Promise<void> {
    const most = Math.max(...this.stores.map((one) => one.state.revision));
    await this.until(
      "all have applied the same",
      () => this.stores.every((one) => one.state.revision >= most),
    );
  }
}
