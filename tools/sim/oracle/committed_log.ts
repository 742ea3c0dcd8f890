/**
 * The one history that all monitors must share: each committed entry is taken
 * down when the first monitor applies it, and played on a state of the
 * oracle's own. Every later application of the same index is compared with
 * it, and so is the hash of the state behind it (DESIGN.md §10.1).
 */

import { equalBytes, toHex } from "../../../src/base/mod.ts";
import { type Change, ClusterState } from "../../../src/cluster/mod.ts";
import { decodeTransaction } from "../../../src/cluster/mod.ts";
import type { Command, TransactionResult } from "../../../src/cluster/mod.ts";
import type { Entry } from "../../../src/raft/mod.ts";

/** One committed entry, as the oracle's own state took it. */
export interface CommittedEntry {
  readonly entry: Entry;
  readonly firstBy: string;
  /** Null for entries that carry no transaction. */
  readonly transaction: Command | null;
  readonly result: TransactionResult | null;
  readonly changes: readonly Change[];
  readonly hash: number;
}

/** Collects what monitors apply. */
export class CommittedLog {
  readonly #entries: CommittedEntry[] = [];
  readonly #state: ClusterState;
  /** Told of each entry when it is first applied. */
  committed: (entry: CommittedEntry) => void = () => {};
  readonly #violated: (oracle: string, message: string) => void;

  constructor(violated: (oracle: string, message: string) => void) {
    this.#violated = violated;
    this.#state = new ClusterState();
  }

  /** How often a state came from a snapshot. */
  restores = 0;

  /** All entries, index 1 first. */
  get entries(): readonly CommittedEntry[] {
    return this.#entries;
  }

  /** The state after all of them. */
  get state(): ClusterState {
    return this.#state;
  }

  /** A monitor applied an entry; `hash` is that of its state afterwards. */
  applied(monitor: string, entry: Entry, hash: number): void {
    if (entry.index > this.#entries.length + 1) {
      this.#violated(
        "state-machine-safety",
        `${monitor} applied ${entry.index} when only ` +
          `${this.#entries.length} entries were ever committed`,
      );
      return;
    }
    const known = this.#entries[entry.index - 1] ??
      this.#append(monitor, entry);
    if (
      known.entry.term !== entry.term || known.entry.kind !== entry.kind ||
      !equalBytes(known.entry.data, entry.data)
    ) {
      this.#violated(
        "state-machine-safety",
        `${monitor} applied ${show(entry)} where ${known.firstBy} applied ` +
          show(known.entry),
      );
    } else if (known.hash !== hash) {
      this.#violated(
        "equal-states",
        `after entry ${entry.index} the state of ${monitor} hashes to ` +
          `${hash}, the state of the oracle to ${known.hash}`,
      );
    }
  }

  /** A monitor took its state from a snapshot of everything up to `index`. */
  restored(monitor: string, index: number, hash: number): void {
    this.restores++;
    const known = this.#entries[index - 1];
    if (known?.hash === hash) return;
    this.#violated(
      "equal-states",
      `${monitor} restored a snapshot of ${index} that hashes to ${hash}, ` +
        `the state of the oracle to ${known?.hash ?? "nothing yet"}`,
    );
  }

  #append(monitor: string, entry: Entry): CommittedEntry {
    const transaction = entry.kind === "command"
      ? decodeTransaction(entry.data)
      : null;
    const applied = entry.kind === "command"
      ? this.#state.apply(transaction)
      : null;
    const committed: CommittedEntry = {
      entry,
      firstBy: monitor,
      transaction,
      result: applied?.result ?? null,
      changes: applied?.changes ?? [],
      hash: this.#state.hash(),
    };
    this.#entries.push(committed);
    this.committed(committed);
    return committed;
  }
}

function show(entry: Entry): string {
  const data = toHex(entry.data.subarray(0, 24));
  return `${entry.kind} ${entry.index} of term ${entry.term} (${data}…)`;
}
