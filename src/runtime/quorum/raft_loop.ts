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
  Effects,
  Entry,
  Message,
  Proposal,
  RaftEvent,
  Snapshot,
  Standing,
} from "../../raft/mod.ts";
import { ApplyQueue } from "./apply_queue.ts";
import { BatchPace } from "./batch_pace.ts";
import {
  notLeading,
  outcomeUnknown,
  overloaded,
  stopping,
} from "./raft_refusals.ts";
import type { RaftLoopOptions } from "./raft_loop_options.ts";
import { ReadBarriers, type Waiter } from "./read_barriers.ts";

/** Commands of one step together stay below this, unless one alone is longer. */
const PROPOSE_BYTES = LIMITS.commandBytes;

interface Command<T> extends Waiter<T> {
  readonly proposal: Proposal;
}

/** The loop around one `Raft`. */
export class RaftLoop<T> {
  readonly #options: RaftLoopOptions<T>;
  #standing: Standing;
  #timer: Timer | null = null;
  #turn: Timer | null = null;
  #stopped = false;
  #stepping = false;
  #nextId = 1;

  /** Sends that wait for the journal, in the order of their batches. */
  #held: {
    readonly sequence: number;
    readonly messages: readonly Message[];
  }[] = [];
  #appendedSequence = 0;
  #durableSequence = 0;

  #gathering: Command<T>[] = [];
  #flushScheduled = false;
  /** Commands in the step under way, by their numbers. */
  readonly #proposed = new Map<number, Command<T>>();
  /** Commands in the log, by index. */
  readonly #inFlight = new Map<
    number,
    { readonly term: number; readonly command: Command<T> }
  >();

  /** The last index that a command went to from here, and the last that was committed. */
  #proposedIndex = 0;
  #committedIndex = 0;
  readonly #pace = new BatchPace();
  readonly #applying: ApplyQueue;

  readonly #reads = new ReadBarriers();
  #appliedIndex = 0;

  constructor(options: RaftLoopOptions<T>) {
    this.#options = options;
    this.#standing = options.standing;
    this.#appliedIndex = options.appliedIndex;
    this.#committedIndex = options.appliedIndex;
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

  /** Begins to tick. */
  start(): void {
    this.#timer = this.#options.clock.after(PERIODS.raftTickMs, () => {
      if (this.#stopped) return;
      this.start();
      this.#step({ kind: "tick" });
    });
  }

  /** Takes in what another monitor sent. */
  receive(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#takeStep({ kind: "message", message });
    }
    this.#goOn();
  }

  /** Takes in what became of a snapshot. */
  tell(event: RaftEvent): void {
    this.#step(event);
  }

  /** Asks to hand the lead to another monitor that is able to take it; it may stay here. */
  handOver(): void {
    if (this.#standing.role !== "leader") return;
    this.#step({ kind: "transfer", id: this.#nextId++, to: null });
  }

  /** All batches up to and including `sequence` are durable. */
  durable(sequence: number): void {
    if (this.#stopped) return;
    this.#durableSequence = sequence;
    let count = 0;
    for (const held of this.#held) {
      if (held.sequence > sequence) break;
      this.#options.send(held.messages);
      count++;
    }
    this.#held.splice(0, count);
    this.#step({ kind: "persisted", sequence });
  }

  /**
   * Replicates a command; answers what applying it gave. Rejects with the
   * problems `no-leader` and `overloaded` (surely not done) and
   * `outcome-unknown` (perhaps done).
   */
  propose(data: Uint8Array): Promise<T> {
    const refusal = this.#refusal(
      this.#gathering.length + this.#inFlight.size,
    );
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const proposal = { id: this.#nextId++, data };
      this.#gathering.push({ proposal, resolve, reject });
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
    this.#timer?.cancel();
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
    if (this.#gathering.length === 0) return;
    if (this.#pace.isTime(this.#gathering.length)) {
      this.#pace.sent(this.#gathering.length);
      return this.#flushProposals();
    }
    this.#turn ??= this.#options.clock.after(0, () => {
      this.#turn = null;
      this.#pace.turned();
      this.#flush();
    });
  }

  #flushProposals(): void {
    while (this.#gathering.length > 0 && !this.#stopped) {
      let bytes = 0;
      let count = 0;
      for (const { proposal } of this.#gathering) {
        bytes += proposal.data.length;
        if (count > 0 && bytes > PROPOSE_BYTES) break;
        count++;
      }
      const commands = this.#gathering.splice(0, count);
      for (const command of commands) {
        this.#proposed.set(command.proposal.id, command);
      }
      const proposals = commands.map(({ proposal }) => proposal);
      this.#step({ kind: "propose", proposals });
    }
  }

  #flushReads(): void {
    if (this.#reads.gathered === 0 || this.#stopped) return;
    const id = this.#nextId++;
    this.#reads.ask(id);
    this.#step({ kind: "read", id });
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
    if (this.#gathering.length + this.#reads.gathered > 0) this.#flush();
    const diskWorks = this.#appendedSequence !== this.#durableSequence;
    this.#applying.drain(diskWorks ? "soon" : "now");
  }

  #carryOut(effects: Effects): void {
    const { send, persist } = this.#options;
    if (effects.sendNow.length > 0) send(effects.sendNow);
    if (effects.persist !== null) {
      this.#appendedSequence = effects.persist.sequence;
      persist(effects.persist);
    }
    if (effects.sendOncePersisted.length > 0) {
      this.#sendOncePersisted(effects.sendOncePersisted);
    }
    // Before `apply`: an only monitor commits in the step that accepts.
    for (const { id, index, term } of effects.accepted) {
      this.#inFlight.set(index, { term, command: this.#takeProposed(id) });
      this.#proposedIndex = index;
    }
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
      this.#pace.committed(this.#gathering.length);
    }
  }

  #restore(snapshot: Snapshot): void {
    this.#applying.drain("now");
    assert(snapshot.index > this.#appliedIndex, "a snapshot brings something");
    this.#options.snapshots.restore(snapshot);
    this.#appliedIndex = snapshot.index;
  }

  #sendOncePersisted(messages: readonly Message[]): void {
    if (this.#appendedSequence === this.#durableSequence) {
      this.#options.send(messages);
    } else this.#held.push({ sequence: this.#appendedSequence, messages });
  }

  #apply(entry: Entry): void {
    assert(
      entry.index === this.#appliedIndex + 1,
      "entries are applied in order, each once",
    );
    const result = this.#options.apply(entry);
    this.#appliedIndex = entry.index;
    const waiting = this.#inFlight.get(entry.index);
    if (waiting === undefined) return;
    this.#inFlight.delete(entry.index);
    if (waiting.term === entry.term) waiting.command.resolve(result);
    else waiting.command.reject(outcomeUnknown("another leader took over"));
  }

  #changeStanding(standing: Standing): void {
    this.#applying.drain("now");
    this.#standing = standing;
    if (standing.role !== "leader") {
      this.#proposedIndex = 0;
      for (const { command } of this.#inFlight.values()) {
        command.reject(outcomeUnknown("this monitor no longer leads"));
      }
      this.#inFlight.clear();
    }
    this.#options.standingChanged(standing);
  }

  #refuse(id: number): void {
    // A leader refuses only when too much waits.
    const leads = this.#standing.role === "leader";
    const problem = leads ? overloaded() : this.#noLeader();
    const command = this.#proposed.get(id);
    if (command !== undefined) {
      this.#proposed.delete(id);
      command.reject(problem);
      return;
    }
    this.#reads.refused(id, problem);
  }

  #rejectAll(why: string): void {
    for (const { reject } of this.#gathering) reject(this.#noLeader());
    for (const { reject } of this.#proposed.values()) {
      reject(outcomeUnknown(why));
    }
    for (const { command } of this.#inFlight.values()) {
      command.reject(outcomeUnknown(why));
    }
    this.#reads.rejectAll(this.#noLeader());
    this.#gathering = [];
    this.#proposed.clear();
    this.#inFlight.clear();
  }

  #takeProposed(id: number): Command<T> {
    const command = this.#proposed.get(id);
    assert(command !== undefined, "an accepted proposal was made");
    this.#proposed.delete(id);
    return command;
  }

  #noLeader(): Problem {
    return this.#stopped ? stopping() : notLeading(this.#standing.leader);
  }
}
