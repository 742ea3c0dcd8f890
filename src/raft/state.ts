/**
 * All that one monitor knows, shared by the rules of this folder and hidden
 * from everybody else. Nothing but a rule called from `Raft.step` changes it.
 */

import { assert, Prng } from "../base/mod.ts";
import { EffectsUnderWay } from "./effects.ts";
import type { ForwardedReads } from "./forwarded_reads.ts";
import type { Leadership } from "./leadership.ts";
import { Log } from "./log.ts";
import { Membership } from "./membership.ts";
import type { Entry, HardState, MonitorName, Snapshot } from "./message.ts";
import type { SnapshotReceipt } from "./snapshot_receipt.ts";
import { loadLog } from "./start.ts";
import type { PersistBatch, RaftOptions, Standing } from "./step.ts";

/** A campaign under way, of either kind. */
export interface Campaign {
  /** The answers so far, this monitor's own included. */
  readonly votes: Map<MonitorName, boolean>;
  /** The own vote counts once the batch of this number is durable; null when it is counted. */
  ownVoteSequence: number | null;
}

/** Where the journal begins anew. */
type LogRestart = NonNullable<PersistBatch["restart"]>;

/** A journal batch that is not known to be durable yet. */
export interface PendingBatch {
  readonly sequence: number;
  /** The log is durable up to here once this batch is; it falls when the log is cut. */
  lastIndex: number;
}

/** The mutable state of one monitor. */
export class RaftState {
  readonly name: MonitorName;
  readonly incarnation: string;
  readonly options: RaftOptions;
  readonly prng: Prng;
  readonly log = new Log();
  readonly membership: Membership;
  readonly effects: EffectsUnderWay;

  role: Standing["role"] = "follower";
  leader: MonitorName | null = null;
  commitIndex = 0;
  /** The log up to here is known to equal that of this term's leader. */
  verifiedIndex = 0;
  campaign: Campaign | null = null;
  leadership: Leadership | null = null;
  /** The latest snapshot of this monitor's own state. */
  snapshot: Snapshot | null;
  /** The snapshot that is coming in. */
  receipt: SnapshotReceipt | null;
  /** Reads that wait for the leader's word. */
  forwarded: ForwardedReads | null = null;

  /** Ticks since a leader was heard, a vote was given or a campaign began. */
  electionElapsedTicks = 0;
  electionTimeoutTicks = 0;
  /** For so many ticks a leader with a lease may count on this monitor (thesis §6.4.1). */
  promisedTicks = 0;
  /** All voters make such promises, as far as the driver knows. */
  leasesAreKept = true;

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
  restart: LogRestart | null = null;

  #term: number;
  #votedFor: MonitorName | null;

  constructor(options: RaftOptions) {
    this.options = options;
    this.name = options.name;
    this.incarnation = options.incarnation ?? "";
    this.membership = new Membership(this.name, this.incarnation);
    this.effects = new EffectsUnderWay(this.incarnation);
    this.prng = new Prng(options.seed);
    this.#term = options.hardState?.term ?? 0;
    this.#votedFor = options.hardState?.votedFor ?? null;
    this.snapshot = options.snapshot ?? null;
    const partial = options.partialSnapshot;
    this.receipt = partial === undefined
      ? null
      : { ...partial, writing: null, round: 0 };
    // All bytes but no word that they are right: from the beginning, then.
    if (this.receipt !== null) {
      const { snapshot, offset } = this.receipt;
      if (offset >= snapshot.bytes) this.receipt.offset = 0;
    }
    loadLog(this);
    // A snapshot may be durable before the term it came in. No vote was given
    // in that term, for votes wait until it is durable.
    const snapshotTerm = this.snapshot?.term ?? 0;
    if (snapshotTerm > this.#term) this.enterTerm(snapshotTerm);
    assert(
      this.log.lastTerm <= this.#term,
      "no journal holds entries of a term later than its hard state",
    );
    this.commitIndex = this.snapshot?.index ?? 0;
    this.persistedIndex = this.log.lastIndex;
    // A life before this one may have heard a leader just now.
    if (options.hardState !== null) this.promiseLease();
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
    this.verifiedIndex = 0;
    // Rounds are counted anew in each term: an old one must not be echoed.
    if (this.receipt !== null) this.receipt.round = 0;
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

  /** Puts an entry at the log's end; a configuration counts at once (thesis §4.1). */
  append(entry: Entry): void {
    this.log.append(entry);
    if (entry.kind === "configuration") this.membership.append(entry);
    this.firstChangedIndex = Math.min(
      this.firstChangedIndex ?? entry.index,
      entry.index,
    );
  }

  /** Ties this monitor to the leader it hears, as long as leases are in use (thesis §6.4.1). */
  promiseLease(): void {
    if ((this.options.leaseTicks ?? 0) > 0) {
      this.promisedTicks = this.options.electionTicksMin;
    }
  }

  /**
   * A fresh random timeout (thesis §3.4), more than the shortest one, for that
   * is how long the others stick to a leader (§4.2.3). A sole voter has nobody
   * to wait for.
   */
  drawElectionTimeout(): void {
    const min = this.options.electionTicksMin;
    const { isVoter, otherVoters } = this.membership;
    this.electionElapsedTicks = 0;
    this.electionTimeoutTicks = isVoter && otherVoters.length === 0
      ? 1
      : min + 1 + this.prng.below(min);
  }
}
