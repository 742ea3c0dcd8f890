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
 *
 * With snapshots, it must also
 * 6. put a snapshot of its own in place only when `Raft.persistedIndex` has
 *    reached it, then tell `snapshotTaken`, and keep its bytes as long as it is
 *    among `Raft.snapshotsInUse`;
 * 7. answer each `readSnapshot` by one `snapshotRead`, and each `writeSnapshot`
 *    by one `snapshotWritten` once the bytes are durable. After the last bytes
 *    it checks the digest, decodes the whole, and tells `complete` only when
 *    the snapshot would survive a crash;
 * 8. on `restore`, before anything else of this step is applied, put the
 *    snapshot's state in place of its own. The batch of the same step then has
 *    `restart`: the journal begins anew behind that index.
 *
 * With membership changes, it must connect to who is in `configuration`, from
 * the moment it is told, not only once it is committed.
 */

import type { Configuration, ConfigurationInForce } from "./configuration.ts";
import type { ConfigurationChange, Declined } from "./configuration_change.ts";
import type {
  Entry,
  HardState,
  Message,
  MonitorName,
  Snapshot,
  SnapshotIdentity,
} from "./message.ts";

/** What may happen to a monitor. */
export type RaftEvent =
  /** One period has passed (`PERIODS.raftTickMs`); every timer is a count of these. */
  | { readonly kind: "tick" }
  /**
   * This monitor was paused for longer than a follower may be silent, and the
   * pause is not counted in ticks: whom it heard before may be gone.
   */
  | { readonly kind: "stoodStill" }
  | { readonly kind: "message"; readonly message: Message }
  /** All journal batches up to and including `sequence` are durable. */
  | { readonly kind: "persisted"; readonly sequence: number }
  /**
   * Where `name` was, its port is refused: the host is up, the process gone.
   * Who follows it need not wait for its silence to grow long.
   */
  | { readonly kind: "gone"; readonly name: MonitorName }
  /** Commands to replicate; refused at once unless this monitor leads. */
  | { readonly kind: "propose"; readonly proposals: readonly Proposal[] }
  /**
   * Asks for an index that a linearizable read must wait for (thesis §6.4). A
   * follower asks its leader; without one the read is refused.
   */
  | { readonly kind: "read"; readonly id: number }
  /**
   * Whether all voters are known to keep leases, as `RaftOptions.leaseTicks`
   * demands; until told otherwise they are. If not, reads go without a lease.
   */
  | { readonly kind: "leasesKept"; readonly byAll: boolean }
  /** Asks the leader for a change of its members; `accepted` or `declined`. */
  | {
    readonly kind: "changeConfiguration";
    readonly id: number;
    readonly change: ConfigurationChange;
  }
  /** Asks the leader to hand over, to whom it likes best if `to` is null (thesis §3.10). */
  | {
    readonly kind: "transfer";
    readonly id: number;
    readonly to: MonitorName | null;
  }
  /**
   * A snapshot of everything applied up to `index` is durable; that is not
   * beyond `Raft.persistedIndex`. The log may give up its entries up to
   * `compactTo`, which is not beyond it: what is kept serves followers that lag
   * a little. After the step the journal may give up what is up to
   * `Raft.baseIndex`, and nothing else.
   */
  | {
    readonly kind: "snapshotTaken";
    readonly index: number;
    readonly compactTo: number;
    readonly bytes: number;
    readonly digest: string;
  }
  /** Answers {@link SnapshotRead}; `data` is null when the snapshot cannot be read any more. */
  | {
    readonly kind: "snapshotRead";
    readonly to: MonitorName;
    readonly index: number;
    readonly offset: number;
    readonly data: Uint8Array | null;
  }
  /**
   * Answers {@link SnapshotWrite}: so much of the snapshot is durable now.
   * `offset` is 0 when the whole did not match its digest and was thrown away.
   */
  | {
    readonly kind: "snapshotWritten";
    readonly snapshot: SnapshotIdentity;
    readonly offset: number;
    /** The whole is durable, checked, and can be restored. */
    readonly complete: boolean;
  };

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
   * Proposals and reads that cannot be served: nobody is known to lead, too
   * many wait already, or the leader is handing over. Their numbers share one
   * space with those of changes and transfers.
   */
  readonly refused: readonly number[];
  /** Reads that may be served once `index` is applied. */
  readonly readable: readonly { readonly id: number; readonly index: number }[];
  /** Set when role, term or known leader changed in this step. */
  readonly standing: Standing | null;
  // What follows is absent when there is nothing to do.
  /** Changes and transfers that are not made, and why. */
  readonly declined?: readonly {
    readonly id: number;
    readonly reason: Declined;
  }[];
  /** Transfers after which this monitor leads no more; `standing` tells who does, in time. */
  readonly handedOver?: readonly number[];
  /** Set when the configuration in force changed, or came to be committed. */
  readonly configuration?: ConfigurationInForce;
  /** Parts of snapshots that followers need next, at most one each. */
  readonly readSnapshots?: readonly SnapshotRead[];
  /** What to write to the snapshot that comes in. */
  readonly writeSnapshot?: SnapshotWrite;
  /** The complete snapshot that takes the state's place, before `apply`. */
  readonly restore?: Snapshot;
}

/**
 * Asks for bytes of an own snapshot; answered by `snapshotRead`. A later one
 * for the same follower makes an earlier one void.
 */
export interface SnapshotRead {
  readonly to: MonitorName;
  readonly index: number;
  readonly offset: number;
  /** Not more than this, and never beyond the end. */
  readonly bytes: number;
}

/**
 * Asks to write bytes of a snapshot to come; answered by `snapshotWritten`. At
 * offset 0 anything that was there of another one is void.
 */
export interface SnapshotWrite {
  readonly snapshot: Snapshot;
  readonly offset: number;
  readonly data: Uint8Array;
  /** These are the last bytes. */
  readonly last: boolean;
}

/** One unit for the journal; `sequence` counts up by one from 1. */
export interface PersistBatch {
  readonly sequence: number;
  readonly hardState: HardState | null;
  readonly entries: readonly Entry[];
  /**
   * When set, all entries of the journal are void before this batch, and the
   * log goes on behind this index, which a snapshot covers.
   */
  readonly restart?: { readonly index: number; readonly term: number };
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
  /**
   * The founders, this one included, and the same on all. Empty on a monitor
   * that joins: it votes and campaigns only when a configuration lists it.
   */
  readonly voters: readonly MonitorName[];
  /** The founders with all that `voters` leaves out; overrules it. */
  readonly founding?: Configuration;
  /** Tells the lives of one name apart; empty for founders. */
  readonly incarnation?: string;
  /** As found in the journal; `null` at the very first start. */
  readonly hardState: HardState | null;
  /**
   * The journal's entries: consecutive from index 1, or from anywhere not
   * beyond the end of `snapshot`.
   */
  readonly entries: readonly Entry[];
  /** The latest durable snapshot, restored already: `apply` goes on behind it. */
  readonly snapshot?: Snapshot;
  /** How much is durable of a snapshot that was coming in. */
  readonly partialSnapshot?: {
    readonly snapshot: SnapshotIdentity;
    readonly offset: number;
  };
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
  /** Upper bound of the bytes of one snapshot chunk; `appendBytesMax` when left out. */
  readonly snapshotChunkBytes?: number;
  /**
   * Upper bound of the entry bytes that compaction spares for a follower that
   * gets a snapshot, so that it finds what comes after; 64 MiB when left out.
   */
  readonly heldBytesMax?: number;
  /**
   * Lease reads (thesis §6.4.1), off when left out or 0: for so many ticks
   * after a round began that a majority has echoed, the leader serves reads
   * without asking. Safe as long as no monitor's clock runs faster than
   * another's by a factor of (electionTicksMin - 1) / leaseTicks, all monitors
   * have the option, and a driver that was paused delivers the ticks it missed
   * before it delivers a read. At most electionTicksMin - 2.
   */
  readonly leaseTicks?: number;
  /** Seed of the election timeouts; another one after each restart. */
  readonly seed: number;
}
