/**
 * The idempotency keys of the last committed requests, part of the replicated
 * state: whichever monitor leads, a repeated request is recognised. Only
 * commits are kept: a refused request changed nothing and may be tried anew,
 * re-planned, under the same key.
 */

import { assert, BoundedQueue, present } from "../base/mod.ts";
import type { Idempotency } from "./command.ts";
import { contentHash, mix } from "./content_hash.ts";
import type { PackedOutcome } from "./user_transaction.ts";

/** What a remembered request did. */
export interface IdempotencyRecord {
  readonly digest: string;
  /** The state's revision after it. */
  readonly revision: number;
  /** What a user's transaction found and did, to be told again; null for other changes. */
  readonly outcome: PackedOutcome | null;
  /** Counts all records ever made; the lowest is evicted first. */
  readonly sequence: number;
}

/** Bounded; evicts in commit order, so that all monitors forget the same keys. */
export class IdempotencyLog {
  readonly #records = new Map<string, IdempotencyRecord>();
  /** The keys in commit order. (A Map has one too, but finding its first key again and again is slow.) */
  readonly #byAge: BoundedQueue<string>;
  readonly #max: number;
  #sequence = 0;
  #hash = 0;

  constructor(max: number) {
    this.#max = max;
    this.#byAge = new BoundedQueue(max + 1);
  }

  /** The record of a key, or null when there is none (any more). */
  get(key: string): IdempotencyRecord | null {
    return this.#records.get(key) ?? null;
  }

  /** Remembers a committed request under a key that is not known yet. */
  add(
    idempotency: Idempotency,
    revision: number,
    outcome: PackedOutcome | null = null,
  ): void {
    const { key, digest } = idempotency;
    const sequence = ++this.#sequence;
    this.#put(key, { digest, revision, outcome, sequence });
  }

  #put(key: string, record: IdempotencyRecord): void {
    this.#records.set(key, record);
    this.#hash = (this.#hash + hashOf(key, record)) | 0;
    assert(this.#byAge.offer(key), "one key goes for each that comes");
    if (this.#byAge.size > this.#max) this.#evict();
  }

  /** How many records were ever made. */
  get sequence(): number {
    return this.#sequence;
  }

  /** All that is remembered, oldest first. */
  list(): [string, IdempotencyRecord][] {
    return this.#byAge.toArray().map((key) => [
      key,
      present(this.#records.get(key), "the record of a key"),
    ]);
  }

  /** Puts back what {@link list} and {@link sequence} told. */
  restore(
    records: readonly (readonly [string, IdempotencyRecord])[],
    sequence: number,
  ): void {
    for (const [key, record] of records) this.#put(key, record);
    this.#sequence = sequence;
  }

  /** Equal for equal content. */
  hash(): number {
    return mix(this.#sequence, this.#hash);
  }

  #evict(): void {
    const oldest = present(this.#byAge.take(), "the oldest key");
    const evicted = present(this.#records.get(oldest), "its record");
    this.#records.delete(oldest);
    this.#hash = (this.#hash - hashOf(oldest, evicted)) | 0;
  }
}

function hashOf(key: string, record: IdempotencyRecord): number {
  let hash = mix(contentHash(key), contentHash(record.digest));
  if (record.outcome !== null) hash = mix(hash, contentHash(record.outcome));
  return mix(mix(hash, record.revision), record.sequence);
}
