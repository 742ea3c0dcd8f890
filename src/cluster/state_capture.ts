/**
 * A state as it was at one moment, read piece by piece while the state itself
 * goes on: what a snapshot is made from. Documents are never changed once they
 * are put, so only those that are replaced or deleted before they were read
 * need to be kept aside: beginning costs next to nothing, each write a look-up,
 * and memory grows with the writes meanwhile, not with the state.
 */

import type { Versioned } from "./command.ts";
import type { IdempotencyRecord } from "./idempotency_log.ts";
import { OrderedMap } from "./ordered_map.ts";

/** A deleted key and the revision of its deletion. */
export interface Tombstone {
  readonly key: string;
  readonly revision: number;
}

/** What of the past a state keeps, beside its documents: bounded, so it is copied whole. */
export interface CapturedPast {
  /** Oldest first. */
  readonly tombstones: readonly Tombstone[];
  /** The newest forgotten deletion of each collection. */
  readonly forgotten: readonly (readonly [string, number])[];
  /** Oldest first. */
  readonly idempotency: readonly (readonly [string, IdempotencyRecord])[];
  readonly idempotencySequence: number;
}

/** The documents and the past of a state at one revision. */
export class StateCapture {
  readonly revision: number;
  /** `ClusterState.hash()` at that moment. */
  readonly hash: number;
  /** How many documents there were. */
  readonly size: number;
  readonly past: CapturedPast;
  readonly #documents: OrderedMap<Versioned>;
  /** What was replaced or deleted before it was read. */
  readonly #aside = new OrderedMap<Versioned>();
  readonly #closed: () => void;
  #reached: string | null = null;
  #ended = false;

  /** Use `ClusterState.capture`. */
  constructor(
    documents: OrderedMap<Versioned>,
    at: { readonly revision: number; readonly hash: number },
    past: CapturedPast,
    closed: () => void,
  ) {
    this.revision = at.revision;
    this.hash = at.hash;
    this.size = documents.size;
    this.past = past;
    this.#documents = documents;
    this.#closed = closed;
  }

  /** Up to `limit` documents more, in key order; none at the end. */
  next(limit: number): Versioned[] {
    while (!this.#ended) {
      const found = this.#read(limit);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** The state is about to lose this document. */
  replaced(document: Versioned): void {
    if (document.revision > this.revision) return;
    if (this.#reached !== null && document.key <= this.#reached) return;
    this.#aside.set(document.key, document);
  }

  /** Ends the capture; the state does no more for it. */
  close(): void {
    this.#ended = true;
    this.#closed();
  }

  #read(limit: number): Versioned[] {
    const range = this.#reached === null
      ? { limit }
      : { limit, after: this.#reached };
    const standing = this.#documents.list("", range);
    const aside = this.#aside.list("", range);
    const end = smallerOf(lastKey(standing, limit), lastKey(aside, limit));
    const isDue = (document: Versioned): boolean =>
      end === null || document.key <= end;
    const dueAside = aside.filter(isDue);
    for (const { key } of dueAside) this.#aside.delete(key);
    const due = standing.filter((document) =>
      isDue(document) && document.revision <= this.revision
    );
    if (end === null) this.close();
    else this.#reached = end;
    if (dueAside.length === 0) return due;
    return [...due, ...dueAside].sort((a, b) => a.key < b.key ? -1 : 1);
  }
}

/** Up to where a list is complete; null when it is to the very end. */
function lastKey(list: readonly Versioned[], limit: number): string | null {
  return list.length < limit ? null : list[list.length - 1]!.key;
}

function smallerOf(a: string | null, b: string | null): string | null {
  if (a === null) return b;
  if (b === null) return a;
  return a < b ? a : b;
}
