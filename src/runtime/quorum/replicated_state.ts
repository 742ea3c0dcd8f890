/** The state that the log makes: committed entries are applied to it, snapshots take its place. */

import { crc32c } from "../../base/mod.ts";
import {
  type Change,
  ClusterState,
  type Command,
  decodeTransaction,
  encodeTransaction,
  stamped,
  type TransactionResult,
} from "../../cluster/mod.ts";
import type { Entry, Snapshot } from "../../raft/mod.ts";
import { Listeners } from "../listeners.ts";
import type { StoreObserver } from "./store_contract.ts";

/** The state of one monitor, and who follows its changes. */
export class ReplicatedState {
  readonly state = new ClusterState();
  /** Told after each applied transaction that changed something. */
  readonly changes = new Listeners<readonly Change[]>();
  readonly #observe: StoreObserver;

  constructor(observe: StoreObserver = {}) {
    this.#observe = observe;
  }

  /**
   * A command as an entry's bytes, proposed at `wallMs` (wall clock): it says
   * so, that all monitors tell of it alike, however late they hear of it.
   */
  encode(command: Command, wallMs: number): Uint8Array {
    return encodeTransaction(stamped(command, this.state.settings, wallMs));
  }

  /** Applies one committed entry; entries without a command change nothing. */
  apply(entry: Entry): TransactionResult {
    const { state } = this;
    const transaction = entry.kind === "command"
      ? decodeTransaction(entry.data)
      : null;
    if (transaction === null) {
      return { kind: "unknown", revision: state.revision };
    }
    const { result, changes } = state.apply(transaction);
    if (changes.length > 0) this.changes.tell(changes);
    return result;
  }

  /** Tells the observer, once everything has heard of the entry. */
  observed(entry: Entry): void {
    this.#observe.applied?.({
      index: entry.index,
      term: entry.term,
      digest: crc32c(entry.data),
      stateHash: this.state.hash(),
      entry,
    });
  }

  /** The state came from a snapshot; `changes` are what differs from before. */
  restored({ index, term }: Snapshot, changes: readonly Change[]): void {
    const stateHash = this.state.hash();
    this.#observe.restored?.({ index, term, stateHash });
    if (changes.length > 0) this.changes.tell(changes);
  }
}
