/**
 * Whom to probe next (SWIM §4.3): a shuffled list walked round and round, with
 * newcomers inserted at random, so that nobody waits longer than two rounds.
 */

import type { Prng } from "../base/mod.ts";
import type { Order } from "./keeping.ts";
import type { MemberName } from "./step.ts";

/** A round-robin order over members; the departed are dropped as they come up. */
export class ProbeOrder implements Order {
  #names: MemberName[] = [];
  #next = 0;
  readonly #present = new Set<MemberName>();
  readonly #prng: Prng;
  readonly #limit: number;
  readonly #wanted: (name: MemberName) => boolean;

  /** `wanted` says who is to be probed: at most `limit` at any time. */
  constructor(
    prng: Prng,
    limit: number,
    wanted: (name: MemberName) => boolean,
  ) {
    this.#prng = prng;
    this.#limit = limit;
    this.#wanted = wanted;
  }

  /** How many are listed, the departed that have not come up included. */
  get size(): number {
    return this.#names.length;
  }

  /** At a random place. */
  add(name: MemberName): void {
    if (this.#present.has(name)) return;
    // More of them have departed than may be wanted: a round would end too late.
    if (this.#names.length > 2 * this.#limit) this.#startRound();
    this.#present.add(name);
    const place = this.#prng.below(this.#names.length + 1);
    this.#names.splice(place, 0, name);
    if (place < this.#next) this.#next++;
  }

  next(): MemberName | null {
    while (this.#next < this.#names.length) {
      const name = this.#names[this.#next++]!;
      if (this.#wanted(name)) return name;
    }
    this.#startRound();
    return this.#names[this.#next++] ?? null;
  }

  #startRound(): void {
    this.#names = this.#prng.shuffle(this.#names.filter((name) => {
      const stays = this.#wanted(name);
      if (!stays) this.#present.delete(name);
      return stays;
    }));
    this.#next = 0;
  }
}
