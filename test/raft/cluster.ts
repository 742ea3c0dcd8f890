/** Monitors and the messages among them, moved step by step by a script or by chance. */

import { assert, present } from "../../src/base/mod.ts";
import type { Effects, Message, RaftEvent } from "../../src/raft/mod.ts";
import { type MonitorOptions, SimulatedMonitor } from "./monitor.ts";

/** Sees every step of every monitor. */
export type Observer = (
  name: string,
  event: RaftEvent,
  effects: Effects,
) => void;

/** What all monitors of a cluster have in common. */
export type ClusterOptions = Omit<MonitorOptions, "name" | "voters" | "seed">;

/** Options that suit most tests. */
export const CLUSTER_OPTIONS: ClusterOptions = {
  electionTicksMin: 10,
  heartbeatTicks: 2,
  appendBytesMax: 1024,
  inFlightMax: 4,
};

/** A quorum in memory. */
export class Cluster {
  readonly names: readonly string[];
  /** What was sent and has not arrived, oldest first. */
  inFlight: Message[] = [];
  /** Links that lose everything, as `from->to`. */
  readonly cutLinks = new Set<string>();
  readonly #monitors: ReadonlyMap<string, SimulatedMonitor>;
  readonly #observe: Observer;

  constructor(
    voters: number,
    options: ClusterOptions,
    observe: Observer = () => {},
    seed = 0,
    joiners = 0,
  ) {
    const all = Array.from(
      { length: voters + joiners },
      (_, at) => `m${at + 1}`,
    );
    const names = all.slice(0, voters);
    this.names = all;
    this.#observe = observe;
    this.#monitors = new Map(all.map((name, at) => [
      name,
      new SimulatedMonitor({
        ...options,
        name,
        voters: at < voters ? names : [],
        seed: seed * 16 + at,
      }),
    ]));
  }

  /** A monitor by its name. */
  monitor(name: string): SimulatedMonitor {
    return present(this.#monitors.get(name), `a monitor named ${name}`);
  }

  /** All monitors in the order of their names. */
  get monitors(): SimulatedMonitor[] {
    return [...this.#monitors.values()];
  }

  /** The names of those that believe to lead. */
  get leaders(): string[] {
    return this.names.filter((name) =>
      this.monitor(name).raft?.standing.role === "leader"
    );
  }

  /** Steps one monitor. */
  step(name: string, event: RaftEvent): Effects {
    const { effects, messages } = this.monitor(name).step(event);
    this.inFlight.push(...messages);
    this.#observe(name, event, effects);
    return effects;
  }

  /** Ticks one monitor. */
  tick(name: string): Effects {
    return this.step(name, { kind: "tick" });
  }

  /** Delivers the message at a place of `inFlight`; nothing hears it behind a cut or a crash. */
  deliver(at: number): void {
    const [message] = this.inFlight.splice(at, 1);
    assert(message !== undefined, "a message is in flight there");
    if (this.cutLinks.has(`${message.from}->${message.to}`)) return;
    if (this.monitor(message.to).raft === null) return;
    this.step(message.to, { kind: "message", message });
  }

  /** Finishes the oldest write of a monitor without telling the machine yet. */
  writeOne(name: string): void {
    this.inFlight.push(...this.monitor(name).writeOne());
  }

  /** Finishes all writes of a monitor and tells the machine. */
  persist(name: string): void {
    const monitor = this.monitor(name);
    if (monitor.raft === null) return;
    while (monitor.writesWaiting > 0) this.writeOne(name);
    if (monitor.reportWaiting) this.step(name, monitor.takeReport());
    if (monitor.snapshots.isAsked) this.answerSnapshot(name);
  }

  /** Does what a monitor's machine asked of its snapshots, the oldest first. */
  answerSnapshot(name: string, fails = false): void {
    this.step(name, this.monitor(name).snapshots.answer(fails));
  }

  /** Makes a snapshot of what a monitor has applied; its log gives up all but `kept` entries. */
  takeSnapshot(name: string, kept: number): void {
    const monitor = this.monitor(name);
    const compactTo = Math.max(0, monitor.applied.index - kept);
    const event = monitor.takeSnapshot(compactTo);
    if (event === null) return;
    this.step(name, event);
    monitor.compactJournal();
  }

  /** Delivers and persists until nothing moves any more. */
  settle(): void {
    for (let rounds = 0; !this.#isQuiet(); rounds++) {
      assert(rounds < 10_000, "a cluster left alone comes to rest");
      for (const name of this.names) this.persist(name);
      for (let count = this.inFlight.length; count > 0; count--) {
        this.deliver(0);
      }
    }
  }

  /** Ticks a monitor until it asks for votes. */
  campaign(name: string): void {
    const raft = present(this.monitor(name).raft, "a running machine");
    const { term } = raft.standing;
    do this.tick(name); while (
      raft.standing.role === "follower" && raft.standing.term === term
    );
  }

  /** Cuts a monitor off from all others, or from those named. */
  cut(name: string, others: readonly string[] = this.names): void {
    for (const other of others) {
      if (other === name) continue;
      this.cutLinks.add(`${name}->${other}`).add(`${other}->${name}`);
    }
  }

  #isQuiet(): boolean {
    return this.inFlight.length === 0 &&
      this.monitors.every(({ raft, writesWaiting, reportWaiting, snapshots }) =>
        raft === null ||
        (writesWaiting === 0 && !reportWaiting && !snapshots.isAsked)
      );
  }
}
