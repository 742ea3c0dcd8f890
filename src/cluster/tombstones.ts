/**
 * What was deleted, and when: so that "nothing changed under this prefix" is
 * still true knowledge after a deletion. Bounded: the oldest deletions are
 * forgotten by key and remembered by collection (a key's first segment).
 */

import { assert, BoundedQueue } from "../base/mod.ts";
import { contentHash, mix } from "./content_hash.ts";
import { OrderedMap } from "./ordered_map.ts";
import type { Tombstone } from "./state_capture.ts";

/** Deleted keys with the revision of their deletion. */
export class Tombstones {
  readonly #byKey = new OrderedMap<Tombstone>();
  /** Oldest first; those of keys that exist again are still among them. */
  readonly #byAge: BoundedQueue<Tombstone>;
  /** Collection → the newest forgotten deletion in it. */
  readonly #forgotten = new Map<string, number>();
  readonly #max: number;
  #hash = 0;

  constructor(max: number) {
    this.#max = max;
    this.#byAge = new BoundedQueue(2 * max + 2);
  }

  /** Notes that a key was deleted. */
  add(key: string, revision: number): void {
    this.remove(key);
    const tombstone = { key, revision };
    this.#byKey.set(key, tombstone);
    this.#hash = (this.#hash + hashOf(tombstone)) | 0;
    if (!this.#byAge.offer(tombstone)) {
      this.#clearOut();
      assert(this.#byAge.offer(tombstone), "half of the queue is free");
    }
    if (this.#byKey.size > this.#max) this.#forgetOldest();
  }

  /** Forgets a key, as it exists again. */
  remove(key: string): void {
    const tombstone = this.#byKey.delete(key);
    if (tombstone === undefined) return;
    this.#hash = (this.#hash - hashOf(tombstone)) | 0;
  }

  /** The last deletion under a prefix; too new rather than too old where keys are forgotten. */
  newestUnder(prefix: string): number {
    let newest = this.#byKey.newestUnder(prefix);
    for (const [collection, revision] of this.#forgotten) {
      if (collection.startsWith(prefix) || prefix.startsWith(collection)) {
        newest = Math.max(newest, revision);
      }
    }
    return newest;
  }

  /** What is remembered by key, oldest first: the order in which it will be forgotten. */
  list(): Tombstone[] {
    return this.#byAge.toArray().filter((tombstone) =>
      this.#byKey.get(tombstone.key) === tombstone
    );
  }

  /** The collections of forgotten deletions, sorted. */
  listForgotten(): [string, number][] {
    return [...this.#forgotten].sort(([a], [b]) => a < b ? -1 : 1);
  }

  /** Puts back what {@link list} and {@link listForgotten} told. */
  restore(
    tombstones: readonly Tombstone[],
    forgotten: readonly (readonly [string, number])[],
  ): void {
    for (const { key, revision } of tombstones) this.add(key, revision);
    for (const [collection, revision] of forgotten) {
      this.#forgotten.set(collection, revision);
    }
  }

  /** Equal for equal content. */
  hash(): number {
    let sum = this.#hash;
    for (const [collection, revision] of this.#forgotten) {
      sum = (sum + mix(contentHash(collection), revision)) | 0;
    }
    return sum;
  }

  #forgetOldest(): void {
    for (let oldest = this.#byAge.take(); oldest; oldest = this.#byAge.take()) {
      if (this.#byKey.get(oldest.key) !== oldest) continue;
      this.remove(oldest.key);
      this.#forgotten.set(collectionOf(oldest.key), oldest.revision);
      return;
    }
  }

  /** Drops what stands in the queue for nothing. */
  #clearOut(): void {
    for (const tombstone of this.#byAge.drain()) {
      if (this.#byKey.get(tombstone.key) === tombstone) {
        this.#byAge.offer(tombstone);
      }
    }
  }
}

function hashOf(tombstone: Tombstone): number {
  return mix(contentHash(tombstone.key), tombstone.revision);
}

/** `bricks/` of `bricks/w1//data`; the whole key when it has no slash. */
function collectionOf(key: string): string {
  const slash = key.indexOf("/");
  return slash < 0 ? key : key.slice(0, slash + 1);
}
