/** What a store is opened with, and what the monitor's other parts see of it. */

import type { Problem } from "../../base/mod.ts";
import type {
  Change,
  ClusterState,
  Command,
  TransactionResult,
} from "../../cluster/mod.ts";
import type { Address } from "../../platform/mod.ts";
import type { ConfigurationInForce, Entry, Standing } from "../../raft/mod.ts";
import type { Founder } from "../identity.ts";
import type { SnapshotSizes } from "./snapshot_keeper.ts";

/** What a monitor's other parts see of the quorum. */
export interface Store extends Membership {
  /** The state as applied here. */
  readonly state: ClusterState;
  /** Role, term and leader. */
  readonly standing: Standing;
  /** Rejects with the problems `no-leader`, `overloaded`, `disk-full`, `outcome-unknown`, `too-large`. */
  commit(command: Command): Promise<TransactionResult>;
  /** A linearizable read point, on the leader only. Rejects with `no-leader`, `overloaded`. */
  readBarrier(): Promise<void>;
  /** How long ago this monitor last knew itself level with the quorum; null for never. */
  contactAgeMs(): number | null;
  /** Calls after each applied transaction that changed something; answers how to end it. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  /** Calls after each change of the standing; answers how to end it. */
  onStanding(listener: (standing: Standing) => void): () => void;
  close(): Promise<void>;
  /** Resolves when the monitor must stop (disk failure, wrong cluster, broken invariant). */
  readonly failed: Promise<Problem>;
}

/** One member of the quorum, as the configuration in force lists it. */
export interface QuorumMember {
  readonly name: string;
  /** An IP address. */
  readonly address: string;
  readonly raftPort: number;
  readonly apiPort: number;
  /** False for a learner: it gets everything, and has no say. */
  readonly voter: boolean;
  /** A learner that becomes a voter by itself once it has caught up. */
  readonly promote: boolean;
  /** Whom it replaces then. */
  readonly replaces: string | null;
  /** Tells the lives of one name apart; empty for founders. */
  readonly incarnation: string;
}

/** Where a monitor is. */
export type MemberPlace = Pick<
  QuorumMember,
  "address" | "raftPort" | "apiPort"
>;

/** What may be asked about the members: `ConfigurationChange` of `raft/`, with places in full. */
export type MemberChange =
  | (
    & { readonly kind: "add" }
    & MemberPlace
    & Pick<QuorumMember, "name" | "incarnation" | "promote" | "replaces">
  )
  | { readonly kind: "promote" | "remove"; readonly name: string }
  | (
    & { readonly kind: "replace" }
    & MemberPlace
    & Pick<QuorumMember, "name" | "incarnation">
  )
  | ({ readonly kind: "update"; readonly name: string } & MemberPlace);

/** How far a follower is, as the leader knows it. */
export interface FollowerProgress {
  readonly name: string;
  /** The last entry known to be durable there. */
  readonly matchIndex: number;
  /** How many entries of the leader's stand behind that. */
  readonly lagEntries: number;
  /** How long ago it was heard last. */
  readonly heardMs: number;
  readonly snapshotting: boolean;
  /** True for a learner that could be made a voter now. */
  readonly caughtUp: boolean;
}

/** A snapshot of the applied state as the bytes of a file that `gmon restore` takes. */
export interface Backup {
  readonly index: number;
  readonly term: number;
  readonly revision: number;
  readonly clusterId: string;
  /** Chunks of bounded size; the state goes on meanwhile. Ending the iteration early lets go of it. */
  readonly chunks: IterableIterator<Uint8Array>;
}

/** Who belongs to the quorum, and changes of that. */
export interface Membership {
  /** This monitor's own; empty for a founder. */
  readonly incarnation: string;
  /** Whose its data are (`quorumIdOf`); null before that is known. */
  readonly quorumId: string | null;
  readonly members: {
    readonly members: readonly QuorumMember[];
    readonly committed: boolean;
  };
  /** Calls after each change of {@link members}; answers how to end it. */
  onMembers(listener: () => void): () => void;
  /**
   * Resolves once the change is committed. Rejects with the problems
   * `no-leader`, `overloaded`, `outcome-unknown`, `change-pending`,
   * `change-refused`, `monitor-not-found` and `name-in-use`. What is refused
   * only for a moment after an election is tried again inside.
   */
  changeMembers(change: MemberChange): Promise<void>;
  /** Resolves with who leads now; `null` lets the leader choose. Rejects like {@link changeMembers}. */
  transferLead(to: string | null): Promise<string>;
  /** At the leader; empty elsewhere. */
  readonly followers: readonly FollowerProgress[];
  /** Throws Problem `no-leader` before the founding. */
  backup(): Backup;
}

/** What a store is opened with. */
export interface StoreOptions {
  readonly name: string;
  readonly dataDirectory: string;
  /** Where to listen for the other monitors; they are told to call there. */
  readonly raftAddress: Address;
  /** Where the API listens; the others are told. */
  readonly apiPort: number;
  /**
   * The first voters, this one included; the same on all. Empty on a monitor
   * that is to be let into a quorum. What the data directory knows of members
   * overrules it; where they are is then only tried.
   */
  readonly founders: readonly Founder[];
  /** APIs of the quorum that a monitor without founders is to be let into. */
  readonly join?: readonly Address[];
  readonly observe?: StoreObserver;
  /**
   * Reads by leases of so many ticks (see `RaftOptions.leaseTicks`), off when
   * left out or 0. They are used only while all voters have the option.
   */
  readonly leaseTicks?: number;
  /** Sizes of the journal; small ones suit simulations. */
  readonly journal?: {
    readonly segmentBytes?: number;
    readonly layOutBytes?: number;
  };
  /** When snapshots are taken; small numbers suit simulations. */
  readonly snapshots?: SnapshotSizes;
}

/** What the simulator's oracles see; each call is within the step that did it. */
export interface StoreObserver {
  applied?(record: AppliedRecord): void;
  /** The state was put in place by a snapshot, at start or later. */
  restored?(record: RestoredRecord): void;
  standing?(standing: Standing): void;
  /** The configuration in force at the start; then each other one, and when it comes to be committed. */
  configuration?(inForce: ConfigurationInForce): void;
}

/** A state that came from a snapshot. */
export interface RestoredRecord {
  /** The last entry that it covers. */
  readonly index: number;
  readonly term: number;
  readonly stateHash: number;
}

/** One applied entry, and the state after it. */
export interface AppliedRecord {
  readonly index: number;
  readonly term: number;
  /** CRC32C of the entry's data. */
  readonly digest: number;
  readonly stateHash: number;
  readonly entry: Entry;
}
