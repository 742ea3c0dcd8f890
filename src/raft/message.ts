/** What monitors say to one another, and what they keep: the vocabulary of Raft. */

/** A monitor's name; unique and permanent within the quorum. */
export type MonitorName = string;

/** One slot of the replicated log. `data` is opaque here. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  /** `noop` is what a new leader commits first (thesis §6.4); membership entries come later. */
  readonly kind: "command" | "noop";
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
}

/** RequestVote; with `preVote` the term is the one the sender *would* start (thesis §9.6). */
export interface VoteRequest extends Envelope {
  readonly kind: "voteRequest";
  readonly preVote: boolean;
  readonly lastIndex: number;
  readonly lastTerm: number;
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

/** Any message among monitors. */
export type Message =
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | CommitNotice;
