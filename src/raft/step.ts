/**
 * The contract between consensus and its driver: one event in, one batch of
 * effects out. The driver owns sockets, disk and clock; this floor owns none.
 *
 * The driver must
 * 1. send `sendNow` at once, in any order, with loss allowed;
 * 2. write `persist` batches to the journal in order; a batch's `hardState`
 *    and `entries` become durable together, entries *replacing* whatever the
 *    log held from the first one's index on;
 * 3. send `sendOncePersisted` of a step only when that step's batch and all
 *    earlier ones are durable (at once, when the step persists nothing and
 *    nothing is pending);
 * 4. then tell `{ kind: "persisted", sequence }` with the batch's number;
 * 5. apply `apply` in order; these entries are committed for ever.
 */

import type { Entry, HardState, Message, MonitorName } from "./message.ts";

/** What may happen to a monitor. */
export type RaftEvent =
  /** One period has passed (`PERIODS.raftTickMs`); every timer is a count of these. */
  | { readonly kind: "tick" }
  | { readonly kind: "message"; readonly message: Message }
  /** All journal batches up to and including `sequence` are durable. */
  | { readonly kind: "persisted"; readonly sequence: number }
  /** Commands to replicate; refused at once unless this monitor leads. */
  | { readonly kind: "propose"; readonly proposals: readonly Proposal[] }
  /** Asks for an index that a linearizable read must wait for (thesis §6.4). */
  | { readonly kind: "read"; readonly id: number };

/** A command with the driver's own number for it. */
export interface Proposal {
  readonly id: number;
  readonly data: Uint8Array;
}

/** What the driver must do after a step. Empty arrays and nulls mean nothing to do. */
export interface Effects {
  readonly sendNow: readonly Message[];
  readonly persist: PersistBatch | null;
  readonly sendOncePersisted: readonly Message[];
  readonly apply: readonly Entry[];
  /** Where the proposals went. They may still be lost: watch what is applied at that index and term. */
  readonly accepted: readonly {
    readonly id: number;
    readonly index: number;
    readonly term: number;
  }[];
  /**
   * Proposals and reads that cannot be served, as this monitor does not lead
   * (any more) or too many wait already. Their numbers share one space.
   */
  readonly refused: readonly number[];
  /** Reads that may be served once `index` is applied. */
  readonly readable: readonly { readonly id: number; readonly index: number }[];
  /** Set when role, term or known leader changed in this step. */
  readonly standing: Standing | null;
}

/** One unit for the journal; `sequence` counts up by one from 1. */
export interface PersistBatch {
  readonly sequence: number;
  readonly hardState: HardState | null;
  readonly entries: readonly Entry[];
}

/** Where a monitor stands. */
export interface Standing {
  readonly role: "follower" | "preCandidate" | "candidate" | "leader";
  readonly term: number;
  readonly leader: MonitorName | null;
}

/** What a monitor starts from. */
export interface RaftOptions {
  readonly name: MonitorName;
  /** All voters, this one included. */
  readonly voters: readonly MonitorName[];
  /** As found in the journal; `null` at the very first start. */
  readonly hardState: HardState | null;
  /** The journal's entries, consecutive from index 1. */
  readonly entries: readonly Entry[];
  /**
   * Ticks without a leader before an election: drawn from (min, 2·min] each
   * time. Ten heartbeats are usual: fewer call elections over a hiccup, more
   * prolong the time without a leader.
   */
  readonly electionTicksMin: number;
  /** Ticks between two heartbeats; less than `electionTicksMin`. */
  readonly heartbeatTicks: number;
  /** Upper bound of entry bytes in one AppendEntries, and of messages in flight to one follower. */
  readonly appendBytesMax: number;
  readonly inFlightMax: number;
  /** Upper bound of entry bytes in flight to one follower; four full AppendEntries when left out. */
  readonly inFlightBytesMax?: number;
  /** Seed of the election timeouts. */
  readonly seed: number;
}
