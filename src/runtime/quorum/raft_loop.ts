/**
 * Drives one monitor's consensus: feeds `Raft` with ticks, messages and
 * proposals, and carries out its effects on journal and transport by the
 * contract in `raft/step.ts`. It decides nothing itself. After any failure it
 * stops for good: a monitor that cannot keep its word must fall silent.
 */

import {
  asProblem,
  assert,
  LIMITS,
  PERIODS,
  type Problem,
} from "../../base/mod.ts";
import type { Timer } from "../../platform/mod.ts";
import type {
  ConfigurationChange,
  Effects,
  Entry,
  Message,
  MonitorName,
  RaftEvent,
  Snapshot,
  Standing,
} from "../../raft/mod.ts";
import { ApplyQueue } from "./apply_queue.ts";
import { BatchPace } from "./batch_pace.ts";
import { CommandQueue } from "./command_queue.ts";
import { HeldSends } from "./held_sends.ts";
import { type MemberOutcome, MemberRequests } from "./member_requests.ts";
import { notLeading, overloaded, stopping } from "./raft_refusals.ts";
import type { RaftLoopOptions } from "./raft_loop_options.ts";
import { urgencyOf } from "./persist_urgency.ts";
import { ReadBarriers } from "./read_barriers.ts";
import { Ticks } from "./ticks.ts";

/** The loop around one `Raft`. */
export class RaftLoop<T> {
  readonly #options: RaftLoopOptions<T>;
  #standing: Standing;
  readonly #ticks: Ticks;
  #turn: Timer | null = null;
  #stopped = false;
  #stepping = false;
  #nextId = 1;

  readonly #held: HeldSends;
  readonly #commands = new CommandQueue<T>();
  readonly #members = new MemberRequests();
  #flushScheduled = false;

  /** The last index that a command went to from here, and the last that was committed. */
  #proposedIndex = 0;
  #committedIndex = 0;
  readonly #pace = new BatchPace();
  readonly #applying: ApplyQueue;

  readonly #reads = new ReadBarriers();
  #appliedIndex = 0;
  /** What the machine was last told. */
  #leasesAreKept = true;

  constructor(options: RaftLoopOptions<T>) {
    this.#options = options;
    this.#standing = options.standing;
    this.#appliedIndex = options.appliedIndex;
    this.#committedIndex = options.appliedIndex;
    this.#held = new HeldSends(options.send);
    this.#ticks = new Ticks({
      clock: options.clock,
      periodMs: PERIODS.raftTickMs,
      tick: () => this.#step({ kind: "tick" }),
      stoodStill: () => this.#step({ kind: "stoodStill" }),
      isStrict: () =>
        options.leases !== null && this.#standing.role === "leader",
    });
    this.#applying = new ApplyQueue({
      clock: options.clock,
      apply: (entry) => this.#apply(entry),
      applied: () => this.#reads.release(this.#appliedIndex),
      failed: (problem) => this.fail(problem),
    });
  }

  /** Role, term and leader. */
  get standing(): Standing {
    return this.#standing;
  }

  /** The last entry that the state holds. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Begins to tick. */
  start(): void {
    this.#ticks.start();
  }

  /** Takes in what another monitor sent. */
  receive(messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.kind === "readRequest") this.#checkLease();
      this.#takeStep({ kind: "message", message });
    }
    this.#goOn();
  }

  /** Takes in what became of a snapshot. */
  tell(event: RaftEvent): void {
    this.#step(event);
  }

  /**
   * Changes the members; answers null once that is applied, or why it is not
   * done. Rejects with the problems `no-leader` and `outcome-unknown`.
   */
  change(change: ConfigurationChange): Promise<MemberOutcome> {
    return this.#ask((id) => ({ kind: "changeConfiguration", id, change }));
  }

  /**
   * Hands the lead over, to whom consensus likes best if `to` is null; answers
   * null once this monitor leads no more, or why it still does. Rejects with
   * Problem `no-leader`.
   */
  transfer(to: MonitorName | null): Promise<MemberOutcome> {
    return this.#ask((id) => ({ kind: "transfer", id, to }));
  }

  /** All batches up to and including `sequence` are durable. */
  durable(sequence: number): void {
    if (this.#stopped) return;
    this.#held.durable(sequence);
    this.#step({ kind: "persisted", sequence });
  }

  /**
   * Replicates a command; answers what applying it gave. Rejects with the
   * problems `no-leader` and `overloaded` (surely not done) and
   * `outcome-unknown` (perhaps done).
   */
  propose(data: Uint8Array): Promise<T> {
    const refusal = this.#refusal(this.#commands.waiting);
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#commands.add({ id: this.#nextId++, data }, { resolve, reject });
      this.#scheduleFlush();
    });
  }

  /**
   * Resolves when everything that was committed before the call is applied
   * here, as this monitor leads (thesis §6.4). Rejects with the problems
   * `no-leader` and `overloaded`.
   */
  readBarrier(): Promise<void> {
    const refusal = this.#refusal(this.#reads.gathered);
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#reads.add({ resolve, reject });
      this.#scheduleFlush();
    });
  }

  /** Stops for good and rejects everything that waits. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#ticks.stop();
    this.#turn?.cancel();
    this.#applying.stop();
    this.#rejectAll("this monitor stopped");
  }

  /** Stops for good because of `problem`. */
  fail(problem: Problem): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.failed(problem);
  }

  #ask(event: (id: number) => RaftEvent): Promise<MemberOutcome> {
    this.#ticks.catchUp();
    const refusal = this.#refusal(0);
    if (refusal !== null) return Promise.reject(refusal);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#members.add(id, { resolve, reject });
      this.#step(event(id));
    });
  }

  #refusal(waiting: number): Problem | null {
    if (this.#stopped || this.#standing.role !== "leader") {
      return this.#noLeader();
    }
    return waiting >= LIMITS.pendingProposals ? overloaded() : null;
  }

  /**
   * From a microtask, so that all requests of one turn go in one step. One
   * batch is under way at a time, and what comes meanwhile makes the next: it
   * costs every monitor a message and a sync, whatever its size, and none can
   * overtake another.
   */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    Promise.resolve().then(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#committedIndex >= this.#proposedIndex) this.#flushInTime();
    if (!this.#reads.isAsking) this.#flushReads();
  }

  #flushInTime(): void {
    const { gathered } = this.#commands;
    if (gathered === 0) return;
    if (this.#pace.isTime(gathered)) {
      this.#pace.sent(gathered);
      return this.#flushProposals();
    }
    this.#turn ??= this.#options.clock.after(0, () => {
      this.#turn = null;
      this.#pace.turned();
      this.#flush();
    });
  }

  #flushProposals(): void {
    while (this.#commands.gathered > 0 && !this.#stopped) {
      this.#step({ kind: "propose", proposals: this.#commands.take() });
    }
  }

  #flushReads(): void {
    if (this.#reads.gathered === 0 || this.#stopped) return;
    this.#checkLease();
    const id = this.#nextId++;
    this.#reads.ask(id);
    this.#step({ kind: "read", id });
  }

  /** What follows may be read by a lease. */
  #checkLease(): void {
    const { leases } = this.#options;
    if (leases === null) return;
    this.#ticks.catchUp();
    const byAll = leases.areKept();
    if (byAll === this.#leasesAreKept) return;
    this.#leasesAreKept = byAll;
    this.#takeStep({ kind: "leasesKept", byAll });
  }

  #step(event: RaftEvent): void {
    this.#takeStep(event);
    this.#goOn();
  }

  #takeStep(event: RaftEvent): void {
    if (this.#stopped) return;
    assert(!this.#stepping, "one step ends before the next begins");
    this.#stepping = true;
    try {
      this.#carryOut(this.#options.raft.step(event));
    } catch (error) {
      this.fail(asProblem(error));
    } finally {
      this.#stepping = false;
    }
  }

  /** At once, so that what follows a commit goes in one frame with the news of it. */
  #goOn(): void {
    if (this.#commands.gathered + this.#reads.gathered > 0) this.#flush();
    this.#applying.drain(this.#held.isWaiting ? "soon" : "next");
  }

  #carryOut(effects: Effects): void {
    const { send, persist, configurationChanged } = this.#options;
    // Before anything is sent: there must be a line to who is new.
    if (effects.configuration !== undefined) {
      configurationChanged(effects.configuration);
    }
    if (effects.sendNow.length > 0) send(effects.sendNow);
    if (effects.persist !== null) {
      this.#held.appended(effects.persist.sequence);
      const { raft } = this.#options;
      persist(
        effects.persist,
        urgencyOf(this.#standing, raft, effects.persist),
      );
    }
    if (effects.sendOncePersisted.length > 0) {
      this.#held.send(effects.sendOncePersisted);
    }
    // Before `apply`: an only monitor commits in the step that accepts.
    for (const { id, index, term } of effects.accepted) {
      if (this.#members.accepted(id, index, term)) continue;
      this.#commands.accepted(id, index, term);
      this.#proposedIndex = index;
    }
    for (const { id, reason } of effects.declined ?? []) {
      this.#members.declined(id, reason);
    }
    for (const id of effects.handedOver ?? []) this.#members.handedOver(id);
    if (effects.restore !== undefined) this.#restore(effects.restore);
    if (effects.apply.length > 0) this.#commit(effects.apply);
    if (effects.standing !== null) this.#changeStanding(effects.standing);
    for (const id of effects.refused) this.#refuse(id);
    for (const { id, index } of effects.readable) {
      this.#reads.answered(id, index);
    }
    this.#reads.release(this.#appliedIndex);
    const { snapshots } = this.#options;
    for (const read of effects.readSnapshots ?? []) snapshots.read(read);
    if (effects.writeSnapshot !== undefined) {
      snapshots.write(effects.writeSnapshot);
    }
  }

  #commit(entries: readonly Entry[]): void {
    const wasUnderWay = this.#committedIndex < this.#proposedIndex;
    this.#applying.add(entries);
    this.#committedIndex = entries.at(-1)!.index;
    if (wasUnderWay && this.#committedIndex >= this.#proposedIndex) {
      this.#pace.committed(this.#commands.gathered);
    }
  }

  #restore(snapshot: Snapshot): void {
    this.#applying.drain("now");
    assert(snapshot.index > this.#appliedIndex, "a snapshot brings something");
    this.#options.snapshots.restore(snapshot);
    this.#appliedIndex = snapshot.index;
  }

  #apply(entry: Entry): void {
    assert(
      entry.index === this.#appliedIndex + 1,
      "entries are applied in order, each once",
    );
    const result = this.#options.apply(entry);
    this.#appliedIndex = entry.index;
    this.#commands.applied(entry, result);
    this.#members.applied(entry);
  }

  #changeStanding(standing: Standing): void {
    this.#applying.drain("now");
    this.#standing = standing;
    if (standing.role !== "leader") {
      this.#proposedIndex = 0;
      this.#commands.lose("this monitor no longer leads");
      this.#members.lose("this monitor no longer leads");
    }
    this.#options.standingChanged(standing);
  }

  #refuse(id: number): void {
    // A leader refuses only when too much waits.
    const leads = this.#standing.role === "leader";
    const problem = leads ? overloaded() : this.#noLeader();
    if (!this.#commands.refused(id, problem)) this.#reads.refused(id, problem);
  }

  #rejectAll(why: string): void {
    const problem = this.#noLeader();
    this.#commands.rejectAll(problem, why);
    this.#members.rejectAll(problem, why);
    this.#reads.rejectAll(problem);
  }

  #noLeader(): Problem {
    return this.#stopped ? stopping() : notLeading(this.#standing.leader);
  }
}
