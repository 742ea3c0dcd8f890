/** What a store is opened with, and what the monitor's other parts see of it. */

import type { Problem } from "../../base/mod.ts";
import type {
  Change,
  ClusterState,
  Command,
  TransactionResult,
} from "../../cluster/mod.ts";
import type { Address } from "../../platform/mod.ts";
import type { Entry, Standing } from "../../raft/mod.ts";
import type { Peer } from "./raft_link.ts";
import type { SnapshotSizes } from "./snapshot_keeper.ts";

/** What a monitor's other parts see of the quorum. */
export interface Store {
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

/** What a store is opened with. */
export interface StoreOptions {
  readonly name: string;
  readonly dataDirectory: string;
  /** Where to listen for the other monitors. */
  readonly raftAddress: Address;
  /** All voters, this one included; the same on all. */
  readonly peers: readonly Peer[];
  readonly observe?: StoreObserver;
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
