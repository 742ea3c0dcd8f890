/**
 * What was deleted, and when: so that "nothing changed under this prefix" is
 * still true knowledge after a deletion. Bounded: the oldest deletions are
 * forgotten by key and remembered by collection (a key's first segment).
 */

import { contentHash, mix } from "./content_hash.ts";
import { OrderedMap } from "./ordered_map.ts";

interface Tombstone {
  readonly key: string;
  readonly revision: number;
}

/** Deleted keys with the revision of their deletion. */
export class Tombstones {
  readonly #byKey = new OrderedMap<Tombstone>();
  /** Oldest first: a Map keeps the order of insertion. */
  readonly #byAge = new Map<string, Tombstone>();
  /** Collection → the newest forgotten deletion in it. */
  readonly #forgotten = new Map<string, number>();
  readonly #max: number;
  #hash = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Notes that a key was deleted. */
  add(key: string, revision: number): void {
    this.remove(key);
    const tombstone = { key, revision };
    this.#byKey.set(key, tombstone);
    this.#byAge.set(key, tombstone);
    this.#hash = (this.#hash + hashOf(tombstone)) | 0;
    if (this.#byAge.size <= this.#max) return;
    for (const oldest of this.#byAge.values()) {
      this.remove(oldest.key);
      this.#forgotten.set(collectionOf(oldest.key), oldest.revision);
      break;
    }
  }

  /** Forgets a key, as it exists again. */
  remove(key: string): void {
    const tombstone = this.#byKey.delete(key);
    if (tombstone === undefined) return;
    this.#byAge.delete(key);
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

  /** Equal for equal content. */
  hash(): number {
    let sum = this.#hash;
    for (const [collection, revision] of this.#forgotten) {
      sum = (sum + mix(contentHash(collection), revision)) | 0;
    }
    return sum;
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
