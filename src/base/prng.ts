/**
 * A seeded source of pseudo-randomness (xoshiro128**, Blackman and Vigna
 * 2018), so that every decision of the pure floors replays from its seed.
 * It must never be used for secrets.
 */

import { assert } from "./assert.ts";

/** A deterministic generator of 32-bit numbers; equal seeds, equal streams. */
export class Prng {
  #state: Uint32Array;

  /** `seed`: any integer; it is spread over the state by splitmix32. */
  constructor(seed: number) {
    let x = seed >>> 0;
    const high = Math.floor(seed / 2 ** 32) >>> 0;
    this.#state = new Uint32Array(4);
    for (let word = 0; word < 4; word++) {
      x = (x + 0x9e3779b9 + (word === 0 ? Math.imul(high, 0x85ebca6b) : 0)) >>>
        0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#state[word] = z ^ (z >>> 15);
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** The next number in 0 … 2^32 - 1. */
  next(): number {
    const s = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }

  /** A number in 0 … 1, 1 excluded. */
  float(): number {
    return this.next() / 2 ** 32;
  }

  /** An integer in 0 … `bound` - 1. */
  below(bound: number): number {
    assert(Number.isInteger(bound) && bound > 0, "bound is a positive integer");
    return Math.floor(this.float() * bound);
  }

  /** An integer in `low` … `high`, both included. */
  between(low: number, high: number): number {
    assert(low <= high, "low <= high");
    return low + this.below(high - low + 1);
  }

  /** True with the given probability in 0 … 1. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    assert(list.length > 0, "a pick needs a candidate");
    return list[this.below(list.length)]!;
  }

  /** A shuffled copy (Fisher and Yates). */
  shuffle<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let last = copy.length - 1; last > 0; last--) {
      const chosen = this.below(last + 1);
      [copy[last], copy[chosen]] = [copy[chosen]!, copy[last]!];
    }
    return copy;
  }

  /** `length` pseudo-random bytes. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.next() >>> 24;
    return bytes;
  }

  /** An independent generator, seeded from this one. */
  fork(): Prng {
    return new Prng(this.next());
  }
}

function rotateLeft(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}
