/**
 * All that one monitor knows, shared by the rules of this folder and hidden
 * from everybody else. Nothing but a rule called from `Raft.step` changes it.
 */

import { assert, Prng } from "../base/mod.ts";
import { EffectsUnderWay } from "./effects.ts";
import type { Leadership } from "./leadership.ts";
import { Log } from "./log.ts";
import type { HardState, MonitorName } from "./message.ts";
import { majorityOf } from "./quorum.ts";
import type { RaftOptions, Standing } from "./step.ts";

/** A campaign under way, of either kind. */
export interface Campaign {
  /** The answers so far, this monitor's own included. */
  readonly votes: Map<MonitorName, boolean>;
  /** The own vote counts once the batch of this number is durable; null when it is counted. */
  ownVoteSequence: number | null;
}

/** A journal batch that is not known to be durable yet. */
export interface PendingBatch {
  readonly sequence: number;
  /** The log is durable up to here once this batch is; it falls when the log is cut. */
  lastIndex: number;
}

/** The mutable state of one monitor. */
export class RaftState {
  readonly name: MonitorName;
  /** All voters in the order given, this one included. Membership change will replace this list. */
  readonly voters: readonly MonitorName[];
  readonly others: readonly MonitorName[];
  readonly majority: number;
  readonly options: RaftOptions;
  readonly prng: Prng;
  readonly log = new Log();
  readonly effects = new EffectsUnderWay();

  role: Standing["role"] = "follower";
  leader: MonitorName | null = null;
  commitIndex = 0;
  campaign: Campaign | null = null;
  leadership: Leadership | null = null;

  /** Ticks since a leader was heard, a vote was given or a campaign began. */
  electionElapsedTicks = 0;
  electionTimeoutTicks = 0;

  /** The number of the latest journal batch handed out, and of the latest durable one. */
  batchSequence = 0;
  persistedSequence = 0;
  /** The latest batch that held a hard state. */
  hardStateSequence = 0;
  /** The log up to here is durable. */
  persistedIndex = 0;
  pendingBatches: PendingBatch[] = [];
  /** What this step has changed and must persist. */
  hardStateChanged = false;
  firstChangedIndex: number | null = null;

  #term: number;
  #votedFor: MonitorName | null;

  constructor(options: RaftOptions) {
    checkOptions(options);
    this.options = options;
    this.name = options.name;
    this.voters = [...options.voters];
    this.others = options.voters.filter((voter) => voter !== options.name);
    this.majority = majorityOf(options.voters.length);
    this.prng = new Prng(options.seed);
    this.#term = options.hardState?.term ?? 0;
    this.#votedFor = options.hardState?.votedFor ?? null;
    for (const entry of options.entries) this.log.append(entry);
    assert(
      this.log.lastTerm <= this.#term,
      "no journal holds entries of a term later than its hard state",
    );
    this.persistedIndex = this.log.lastIndex;
    this.drawElectionTimeout();
  }

  get term(): number {
    return this.#term;
  }

  get votedFor(): MonitorName | null {
    return this.#votedFor;
  }

  get hardState(): HardState {
    return { term: this.#term, votedFor: this.#votedFor };
  }

  /** True when no crash can take back the current term and vote. */
  get hardStateIsDurable(): boolean {
    return !this.hardStateChanged &&
      this.persistedSequence >= this.hardStateSequence;
  }

  /** Enters a later term, in which no vote is given yet. */
  enterTerm(term: number): void {
    assert(term > this.#term, "terms only grow");
    this.#term = term;
    this.#votedFor = null;
    this.hardStateChanged = true;
  }

  /** Gives this term's only vote (thesis §3.4). */
  voteFor(candidate: MonitorName): void {
    assert(
      this.#votedFor === null || this.#votedFor === candidate,
      "at most one vote is given in a term",
    );
    if (this.#votedFor === candidate) return;
    this.#votedFor = candidate;
    this.hardStateChanged = true;
  }

  /** Notes that entries from `index` on must be persisted by this step. */
  noteChangedFrom(index: number): void {
    this.firstChangedIndex = Math.min(this.firstChangedIndex ?? index, index);
  }

  /**
   * A fresh random timeout (thesis §3.4), more than the shortest one, for that
   * is how long the others stick to a leader (§4.2.3). A sole voter has nobody
   * to wait for.
   */
  drawElectionTimeout(): void {
    const min = this.options.electionTicksMin;
    this.electionElapsedTicks = 0;
    this.electionTimeoutTicks = this.others.length === 0
      ? 1
      : min + 1 + this.prng.below(min);
  }
}

function checkOptions(options: RaftOptions): void {
  const { voters, electionTicksMin, heartbeatTicks } = options;
  assert(voters.includes(options.name), "a monitor is one of the voters");
  assert(new Set(voters).size === voters.length, "voters have distinct names");
  assert(heartbeatTicks >= 1, "heartbeats take at least a tick");
  assert(
    heartbeatTicks < electionTicksMin,
    "several heartbeats fit into an election timeout",
  );
  assert(options.appendBytesMax > 0, "AppendEntries has room for an entry");
  assert(options.inFlightMax > 0, "a message may be in flight");
  assert((options.inFlightBytesMax ?? 1) > 0, "bytes may be in flight");
}
