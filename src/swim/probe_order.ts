/**
 * Whom to probe next (SWIM §4.3): a shuffled list walked round and round, with
 * newcomers inserted at random, so that nobody waits longer than two rounds.
 */

import type { Prng } from "../base/mod.ts";
import type { MemberName } from "./step.ts";

/** A round-robin order over members; the departed are dropped as they come up. */
export class ProbeOrder {
  #names: MemberName[] = [];
  #next = 0;
  readonly #present = new Set<MemberName>();
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** Adds a member at a random place; one that is listed stays where it is. */
  add(name: MemberName): void {
    if (this.#present.has(name)) return;
    this.#present.add(name);
    const place = this.#prng.below(this.#names.length + 1);
    this.#names.splice(place, 0, name);
    if (place < this.#next) this.#next++;
  }

  /** The next member that `wanted` accepts, or null when there is none. */
  next(wanted: (name: MemberName) => boolean): MemberName | null {
    while (this.#next < this.#names.length) {
      const name = this.#names[this.#next++]!;
      if (wanted(name)) return name;
    }
    this.#startRound(wanted);
    return this.#names[this.#next++] ?? null;
  }

  #startRound(wanted: (name: MemberName) => boolean): void {
    this.#names = this.#prng.shuffle(this.#names.filter((name) => {
      const stays = wanted(name);
      if (!stays) this.#present.delete(name);
      return stays;
    }));
    this.#next = 0;
  }
}
