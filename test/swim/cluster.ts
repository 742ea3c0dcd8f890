/**
 * A cluster of real `Swim` cores over a seeded network in memory: delay, loss,
 * partitions, killed processes, dead hosts and paused members. Time is virtual;
 * one tick is 100 ms, and members tick out of phase.
 */

import { Heap, present, Prng } from "../../src/base/mod.ts";
import {
  type Dispute,
  type Member,
  type MemberAddress,
  type MemberState,
  Swim,
  SWIM_DEFAULTS,
  type SwimEffects,
  type SwimEvent,
  type SwimOptions,
} from "../../src/swim/mod.ts";

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly size: number;
  readonly seed: number;
  /** Probability that a datagram is lost. */
  readonly loss?: number;
  readonly delayMsMax?: number;
  readonly swim?: Partial<SwimOptions>;
}

/** One change as a member saw it. */
export interface Sighting {
  readonly tick: number;
  readonly observer: string;
  readonly subject: string;
  readonly state: MemberState;
  readonly evidence: string;
}

/** What a member may be started with beside its name. */
export interface NodeOptions {
  readonly incarnation: number;
  readonly address?: MemberAddress;
  /** By default the number in its name. */
  readonly machine?: number;
  readonly established?: boolean;
}

interface Node {
  readonly name: string;
  readonly address: MemberAddress;
  swim: Swim;
  life: "running" | "killed" | "host down" | "paused";
  waiting: SwimEvent[];
  /** The side of a partition, when not its name's. */
  readonly side?: unknown;
}

const TICK_MS = 100;
const STREAM_TIMEOUT_MS = 2_000;

/** Sums over all datagrams and streams since {@link Cluster.resetTraffic}. */
export interface Traffic {
  packets: number;
  bytes: number;
  streams: number;
  streamBytes: number;
  largest: number;
}

/** The cluster and its clock. */
export class Cluster {
  readonly nodes = new Map<string, Node>();
  readonly sightings: Sighting[] = [];
  /** What machines of one name were told, each by its address. */
  readonly disputes: { address: MemberAddress; dispute: Dispute }[] = [];
  traffic: Traffic = newTraffic();
  nowMs = 0;
  loss: number;
  /** Probability that a stream comes to nothing. */
  streamLoss = 0;
  readonly #options: ClusterOptions;
  readonly #prng: Prng;
  readonly #byAddress = new Map<string, Node>();
  readonly #calendar = new Heap<{ at: number; order: number; run(): void }>(
    (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
  );
  #order = 0;
  #sideOf: (name: string) => unknown = () => 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
    this.loss = options.loss ?? 0;
    for (let index = 1; index <= options.size; index++) {
      this.start(`w${index}`, { incarnation: 1 });
    }
  }

  /** Starts or restarts a member; all but the first join through the first. */
  start(name: string, options: NodeOptions): void {
    const node = this.#create(name, options);
    this.nodes.set(name, node);
    const others = [...this.nodes.values()].filter((other) => other !== node);
    if (others.length > 0) {
      const seed = others.find((other) => other.life === "running") ??
        others[0]!;
      this.step(name, { kind: "seeds", addresses: [seed.address] });
    }
  }

  /** Starts another machine under the name of a member, which is not among {@link Cluster.nodes}. */
  startTwin(
    name: string,
    { side, seed, ...options }: NodeOptions & {
      readonly side?: unknown;
      readonly seed?: MemberAddress;
    },
  ): Node {
    const twin = { ...this.#create(name, options), side };
    this.#place(twin);
    const addresses = [seed ?? this.node("w1").address];
    this.stepAt(twin, { kind: "seeds", addresses });
    return twin;
  }

  #create(
    name: string,
    { incarnation, address, machine, established }: NodeOptions,
  ): Node {
    const held = this.nodes.get(name);
    const place = address ?? held?.address ?? this.#newAddress();
    const swim = new Swim({
      ...SWIM_DEFAULTS,
      ...this.#options.swim,
      seed: this.#prng.next(),
      self: {
        name,
        address: place,
        incarnation,
        machine: machine ?? Number(name.slice(1)),
        tag: "zone=a",
        established: established ?? false,
      },
    });
    const node: Node = {
      name,
      address: place,
      swim,
      life: "running",
      waiting: [],
    };
    this.#place(node);
    return node;
  }

  #place(node: Node): void {
    this.#byAddress.set(keyOf(node.address), node);
    this.#tickLater(node, this.#prng.below(TICK_MS));
  }

  /** `process`: streams are refused. `host`: silence. */
  kill(name: string, what: "process" | "host"): void {
    this.node(name).life = what === "process" ? "killed" : "host down";
  }

  /** As by SIGSTOP: the kernel still accepts for it. */
  pause(name: string): void {
    this.node(name).life = "paused";
  }

  /** Runs on, with all that came in meanwhile. */
  resume(name: string): void {
    const node = this.node(name);
    node.life = "running";
    for (const event of node.waiting.splice(0)) this.stepAt(node, event);
    this.#tickLater(node, TICK_MS);
  }

  /** Members on different sides do not hear one another. */
  partition(sideOf: (name: string) => unknown): void {
    this.#sideOf = sideOf;
  }

  /** Ends the partition. */
  heal(): void {
    this.#sideOf = () => 0;
  }

  /** One member by name. */
  node(name: string): Node {
    return present(this.nodes.get(name), name);
  }

  /** Members that run. */
  running(): Node[] {
    return [...this.nodes.values()].filter((node) => node.life === "running");
  }

  /** What one member holds of another. */
  view(observer: string, subject: string): Member | null {
    return this.node(observer).swim.member(subject);
  }

  /** True when every running member but the subject holds it in the given state. */
  all(subject: string, state: MemberState): boolean {
    return this.running().every(({ name, swim }) =>
      name === subject || swim.member(subject)?.state === state
    );
  }

  /** True when every running member holds every running member alive. */
  whole(): boolean {
    const running = this.running();
    return running.every(({ swim }) =>
      running.every(({ name }) => swim.member(name)?.state === "alive")
    );
  }

  /** Ticks since the start. */
  get tick(): number {
    return Math.floor(this.nowMs / TICK_MS);
  }

  /** Lets so many ticks pass. */
  run(ticks: number): void {
    this.#runTo(this.nowMs + ticks * TICK_MS, () => false);
  }

  /** Runs until the condition holds; answers the ticks it took, or null when `ticks` were not enough. */
  until(condition: () => boolean, ticks: number): number | null {
    const start = this.nowMs;
    for (let waited = 0; waited <= ticks; waited++) {
      if (condition()) return Math.round((this.nowMs - start) / TICK_MS);
      this.run(1);
    }
    return null;
  }

  /** Begins a new measurement. */
  resetTraffic(): void {
    this.traffic = newTraffic();
  }

  /** Gives a member an event and carries out what it wants. */
  step(name: string, event: SwimEvent): SwimEffects {
    return this.stepAt(this.node(name), event);
  }

  /** The same for a member that may be a twin. */
  stepAt(node: Node, event: SwimEvent): SwimEffects {
    const { name } = node;
    const effects = node.swim.step(event);
    if (effects.dispute !== null) {
      this.disputes.push({ address: node.address, dispute: effects.dispute });
    }
    for (const { member, evidence } of effects.changes) {
      this.sightings.push({
        tick: this.tick,
        observer: name,
        subject: member.name,
        state: member.state,
        evidence,
      });
    }
    for (const { to, bytes } of effects.send) this.#send(node, to, bytes);
    for (const { to, bytes } of effects.exchange) {
      this.#exchange(node, to, bytes);
    }
    return effects;
  }

  #runTo(endMs: number, stop: () => boolean): void {
    while (!stop()) {
      const next = this.#calendar.peek();
      if (next === undefined || next.at > endMs) break;
      this.#calendar.pop();
      this.nowMs = next.at;
      next.run();
    }
    this.nowMs = endMs;
  }

  #tickLater(node: Node, delayMs: number): void {
    this.#at(delayMs, () => {
      // Restarted, its address is another's.
      if (this.#byAddress.get(keyOf(node.address)) !== node) return;
      if (node.life !== "running") return;
      this.stepAt(node, { kind: "tick" });
      this.#tickLater(node, TICK_MS);
    });
  }

  #send(from: Node, to: MemberAddress, bytes: Uint8Array): void {
    this.traffic.packets++;
    this.traffic.bytes += bytes.length;
    this.traffic.largest = Math.max(this.traffic.largest, bytes.length);
    if (this.#prng.chance(this.loss)) return;
    this.#at(this.#delayMs(), () => {
      const target = this.#reach(from, to);
      if (target !== null) {
        this.#receive(target, { kind: "datagram", bytes, from: from.address });
      }
    });
  }

  #receive(target: Node, event: SwimEvent): void {
    if (target.life === "running") this.stepAt(target, event);
    else if (target.life === "paused" && target.waiting.length < 1_000) {
      target.waiting.push(event);
    }
  }

  #exchange(from: Node, to: MemberAddress, bytes: Uint8Array): void {
    this.traffic.streams++;
    this.traffic.streamBytes += bytes.length;
    const answer = (
      delayMs: number,
      reply: Uint8Array | null,
      refused: boolean,
    ): void => {
      this.#at(delayMs, () => {
        if (this.#byAddress.get(keyOf(from.address)) !== from) return;
        this.#receive(from, { kind: "exchanged", with: to, reply, refused });
      });
    };
    this.#at(2 * this.#delayMs(), () => {
      const target = this.#prng.chance(this.streamLoss)
        ? null
        : this.#reach(from, to);
      if (target?.life === "killed") {
        return answer(this.#delayMs(), null, true);
      }
      if (target?.life !== "running") {
        return answer(STREAM_TIMEOUT_MS, null, false);
      }
      const effects = this.stepAt(target, {
        kind: "exchangeRequest",
        bytes,
      });
      this.traffic.streamBytes += effects.exchangeReply?.length ?? 0;
      answer(this.#delayMs(), effects.exchangeReply, false);
    });
  }

  /** Who gets what is sent to an address, or null for nobody (partition, no such host). */
  #reach(from: Node, to: MemberAddress): Node | null {
    const target = this.#byAddress.get(keyOf(to));
    if (target === undefined || target.life === "host down") return null;
    return this.#side(from) === this.#side(target) ? target : null;
  }

  #side(node: Node): unknown {
    return node.side ?? this.#sideOf(node.name);
  }

  #delayMs(): number {
    return this.#prng.between(1, this.#options.delayMsMax ?? 10);
  }

  #at(delayMs: number, run: () => void): void {
    const order = this.#order++;
    this.#calendar.push({ at: this.nowMs + delayMs, order, run });
  }

  #newAddress(): MemberAddress {
    const index = this.#byAddress.size + 1;
    return { host: `10.0.${index >> 8}.${index & 255}`, port: 24012 };
  }
}

function newTraffic(): Traffic {
  return { packets: 0, bytes: 0, streams: 0, streamBytes: 0, largest: 0 };
}

function keyOf(address: MemberAddress): string {
  return `${address.host} ${address.port}`;
}
