/**
 * A map in key order: two levels of sorted blocks, so that 100,000 keys insert
 * in O(log n + √n) array moves, list by prefix without sorting, and answer the
 * newest revision under a prefix without visiting every key.
 *
 * Keys compare by UTF-16 code unit (JavaScript's `<`), the same everywhere.
 */

import { assert, present } from "../base/mod.ts";

const BLOCK_KEYS_MAX = 512;

interface Block {
  /** Sorted, never empty. */
  keys: string[];
  /** The highest revision among the block's values. */
  newest: number;
}

/** What can be kept: a value that knows the revision of its last change. */
export interface Revisioned {
  readonly revision: number;
}

/** Which part of a prefix to visit. */
export interface Range {
  /** Only keys from this one on, itself included. */
  readonly from?: string | undefined;
  /** Only keys before this one. */
  readonly to?: string | undefined;
  /** Only keys after this one, itself left out. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** True when a key that begins with the prefix lies within the range, whatever its limit. */
export function isWithin(key: string, range: Range): boolean {
  return (range.from === undefined || key >= range.from) &&
    (range.to === undefined || key < range.to) &&
    (range.after === undefined || key > range.after);
}

/** A sorted map of revisioned values. */
export class OrderedMap<V extends Revisioned> {
  readonly #values = new Map<string, V>();
  #blocks: Block[] = [];

  /** How many keys there are. */
  get size(): number {
    return this.#values.size;
  }

  /** The value of a key, in O(1). */
  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Puts a value, new or instead of the present one. */
  set(key: string, value: V): void {
    const known = this.#values.has(key);
    this.#values.set(key, value);
    const last = this.#blocks[this.#blocks.length - 1];
    if (last === undefined) {
      this.#blocks.push({ keys: [key], newest: value.revision });
      return;
    }
    if (key > last.keys[last.keys.length - 1]!) {
      this.#append(last, key, value.revision);
      return;
    }
    const at = this.#blockOf(key);
    const block = this.#blocks[at]!;
    block.newest = Math.max(block.newest, value.revision);
    if (known) return;
    block.keys.splice(lowerBound(block.keys, key), 0, key);
    if (block.keys.length > BLOCK_KEYS_MAX) this.#split(at);
  }

  /** Keys that come in order, as those of a snapshot do, need no search and leave full blocks. */
  #append(last: Block, key: string, revision: number): void {
    if (last.keys.length >= BLOCK_KEYS_MAX) {
      this.#blocks.push({ keys: [key], newest: revision });
      return;
    }
    last.keys.push(key);
    last.newest = Math.max(last.newest, revision);
  }

  /** Removes a key; answers its value, or undefined when there was none. */
  delete(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    const at = this.#blockOf(key);
    const block = this.#blocks[at]!;
    const place = lowerBound(block.keys, key);
    assert(block.keys[place] === key, "every key stands in its block");
    block.keys.splice(place, 1);
    if (block.keys.length === 0) this.#blocks.splice(at, 1);
    else if (value.revision === block.newest) {
      block.newest = this.#newestOf(block.keys);
    }
    return value;
  }

  /** The values whose key begins with `prefix`, in key order. */
  list(prefix: string, range: Range = {}): V[] {
    const limit = range.limit ?? Infinity;
    const found: V[] = [];
    if (limit <= 0 || this.#blocks.length === 0) return found;
    const { after, to } = range;
    const start = startOf(prefix, range);
    let block = this.#blockOf(start);
    let at = lowerBound(this.#blocks[block]!.keys, start);
    for (; block < this.#blocks.length; block++, at = 0) {
      const keys = this.#blocks[block]!.keys;
      for (; at < keys.length; at++) {
        const key = keys[at]!;
        if (!key.startsWith(prefix)) return found;
        if (to !== undefined && key >= to) return found;
        if (key === after) continue;
        found.push(this.#values.get(key)!);
        if (found.length >= limit) return found;
      }
    }
    return found;
  }

  /** How many keys {@link list} would find without its limit. */
  count(prefix: string, range: Range = {}): number {
    if (this.#blocks.length === 0) return 0;
    const { after, to } = range;
    const start = startOf(prefix, range);
    const isOver = (key: string): boolean =>
      !key.startsWith(prefix) || (to !== undefined && key >= to);
    let block = this.#blockOf(start);
    let at = lowerBound(this.#blocks[block]!.keys, start);
    let count = 0;
    for (; block < this.#blocks.length; block++, at = 0) {
      const { keys } = this.#blocks[block]!;
      if (keys[at] === after && after !== undefined) at++;
      if (at === keys.length) continue;
      if (isOver(keys[at]!)) break;
      // Sorted: with its last key a block is within the range to its end.
      if (!isOver(keys.at(-1)!)) {
        count += keys.length - at;
        continue;
      }
      while (!isOver(keys[at]!)) {
        at++;
        count++;
      }
      break;
    }
    return count;
  }

  /** The highest revision among the keys that begin with `prefix`; 0 when there are none. */
  newestUnder(prefix: string): number {
    if (this.#blocks.length === 0) return 0;
    let newest = 0;
    let block = this.#blockOf(prefix);
    let at = lowerBound(this.#blocks[block]!.keys, prefix);
    for (; block < this.#blocks.length; block++, at = 0) {
      const { keys, newest: newestInBlock } = this.#blocks[block]!;
      // The first and last key bracket the others: the whole block has the prefix.
      if (
        at === 0 && keys[0]!.startsWith(prefix) &&
        keys[keys.length - 1]!.startsWith(prefix)
      ) {
        newest = Math.max(newest, newestInBlock);
        continue;
      }
      for (; at < keys.length; at++) {
        if (!keys[at]!.startsWith(prefix)) return newest;
        newest = Math.max(newest, this.#values.get(keys[at]!)!.revision);
      }
    }
    return newest;
  }

  /** The block that holds `key`, or would. There must be at least one block. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle]!.keys[0]! <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #split(at: number): void {
    const block = this.#blocks[at]!;
    const upper = block.keys.splice(block.keys.length >> 1);
    block.newest = this.#newestOf(block.keys);
    this.#blocks.splice(at + 1, 0, {
      keys: upper,
      newest: this.#newestOf(upper),
    });
  }

  #newestOf(keys: readonly string[]): number {
    let newest = 0;
    for (const key of keys) {
      newest = Math.max(
        newest,
        present(this.#values.get(key), "the value of a key").revision,
      );
    }
    return newest;
  }
}

/** Where to begin looking. */
function startOf(prefix: string, { from, after }: Range): string {
  let start = prefix;
  if (from !== undefined && from > start) start = from;
  if (after !== undefined && after > start) start = after;
  return start;
}

/** The place of the first key that is not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
