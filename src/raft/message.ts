/** What monitors say to one another, and what they keep: the vocabulary of Raft. */

import type { Configuration } from "./configuration.ts";

/** A monitor's name; unique and permanent within the quorum. */
export type MonitorName = string;

/** One slot of the replicated log. `data` is opaque here. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  /**
   * `noop` is what a new leader commits first (thesis §6.4); a `configuration`
   * holds all members, encoded (§4.1).
   */
  readonly kind: "command" | "noop" | "configuration";
  readonly data: Uint8Array;
}

/** What must survive a restart besides the log (thesis figure 3.1). */
export interface HardState {
  readonly term: number;
  readonly votedFor: MonitorName | null;
}

interface Envelope {
  readonly from: MonitorName;
  readonly to: MonitorName;
  readonly term: number;
  /** The sender's, where it is not empty (see `configuration.ts`). */
  readonly incarnation?: string;
}

/** RequestVote; with `preVote` the term is the one the sender *would* start (thesis §9.6). */
export interface VoteRequest extends Envelope {
  readonly kind: "voteRequest";
  readonly preVote: boolean;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Set when the leader itself asked for this election (thesis §3.10). */
  readonly transfer?: true;
}

/** The answer; for a granted pre-vote `term` is the term asked about. */
export interface VoteResponse extends Envelope {
  readonly kind: "voteResponse";
  readonly preVote: boolean;
  readonly granted: boolean;
}

/** AppendEntries; a heartbeat when `entries` is empty. */
export interface AppendRequest extends Envelope {
  readonly kind: "appendRequest";
  readonly previousIndex: number;
  readonly previousTerm: number;
  readonly entries: readonly Entry[];
  readonly commitIndex: number;
  /** Counts the leader's rounds; echoed, so that ReadIndex knows who answered after it asked (thesis §6.4). */
  readonly round: number;
}

/** The answer to AppendEntries. */
export interface AppendResponse extends Envelope {
  readonly kind: "appendResponse";
  readonly accepted: boolean;
  /** Accepted: the last index that matches and is durable. Rejected: the rejected `previousIndex`. */
  readonly matchIndex: number;
  /**
   * Accepted: the last index that matches, durable or not. Rejected: where the
   * leader should look next.
   */
  readonly hintIndex: number;
  /** The term at `hintIndex` in the answering log. */
  readonly hintTerm: number;
  readonly round: number;
}

/**
 * A word that entries have been committed, when no AppendEntries is due that
 * could carry it. `commitIndex` never exceeds what its receiver has
 * acknowledged in this term, so it needs neither a check nor an answer.
 */
export interface CommitNotice extends Envelope {
  readonly kind: "commitNotice";
  readonly commitIndex: number;
}

/** What makes a snapshot: two that agree in all of this are the same bytes. */
export interface SnapshotIdentity {
  /** The last entry that the snapshot covers. */
  readonly index: number;
  readonly term: number;
  /** The length of the whole. */
  readonly bytes: number;
  /** The driver's digest of the whole. */
  readonly digest: string;
}

/** A snapshot, without its bytes. */
export interface Snapshot extends SnapshotIdentity {
  /** The members as of `index`. */
  readonly configuration: Configuration;
}

/**
 * InstallSnapshot (thesis §5.3). Without data it is an offer, which asks how
 * much the follower has, and stands in for the heartbeat.
 */
export interface SnapshotChunk extends Envelope {
  readonly kind: "snapshotChunk";
  readonly snapshot: Snapshot;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly round: number;
}

/** The answer while the snapshot is not complete; then an {@link AppendResponse} follows. */
export interface SnapshotResponse extends Envelope {
  readonly kind: "snapshotResponse";
  readonly snapshot: SnapshotIdentity;
  /** How much of it is durable. */
  readonly offset: number;
  /** True while more is being written. */
  readonly writing: boolean;
  readonly round: number;
}

/** The leader asks its successor to campaign at once (thesis §3.10). */
export interface TimeoutNow extends Envelope {
  readonly kind: "timeoutNow";
}

/** A follower asks the leader for a read point (thesis §6.4). */
export interface ReadRequest extends Envelope {
  readonly kind: "readRequest";
  /** The asking monitor's own number, which no life of it uses twice. */
  readonly number: number;
}

/** The answer. */
export interface ReadResponse extends Envelope {
  readonly kind: "readResponse";
  readonly number: number;
  /** What must be applied before the read; null when the leader does not serve it. */
  readonly index: number | null;
}

/** Any message among monitors. */
export type Message =
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | CommitNotice
  | SnapshotChunk
  | SnapshotResponse
  | TimeoutNow
  | ReadRequest
  | ReadResponse;
