/** The last events of one sort, in the order they came; the oldest make room. */

import { assert } from "../../base/mod.ts";

/** A bounded list that grows at its end. */
export class EventList<T> {
  #items: T[] = [];
  #head = 0;
  readonly #max: number;

  /** `max`: how many are kept. */
  constructor(max: number) {
    assert(max > 0, "a list keeps something");
    this.#max = max;
  }

  /** The latest. */
  get last(): T | undefined {
    return this.#items.length > this.#head ? this.#items.at(-1) : undefined;
  }

  /** Adds one at the end. */
  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length - this.#head <= this.#max) return;
    this.#head++;
    if (this.#head < this.#max) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  /** The first `limit` wanted ones after all that are `told`: the oldest some of the list, or none. */
  first(
    told: (item: T) => boolean,
    isWanted: (item: T) => boolean,
    limit: number,
  ): T[] {
    const found: T[] = [];
    for (let at = this.#firstNot(told); at < this.#items.length; at++) {
      if (found.length >= limit) break;
      if (isWanted(this.#items[at]!)) found.push(this.#items[at]!);
    }
    return found;
  }

  /** The last `limit` wanted ones, in order. */
  newest(isWanted: (item: T) => boolean, limit: number): T[] {
    const found: T[] = [];
    for (let at = this.#items.length - 1; at >= this.#head; at--) {
      if (found.length >= limit) break;
      if (isWanted(this.#items[at]!)) found.push(this.#items[at]!);
    }
    return found.reverse();
  }

  /** The latest of those `told`; undefined when none is. */
  lastTold(told: (item: T) => boolean): T | undefined {
    const at = this.#firstNot(told) - 1;
    return at < this.#head ? undefined : this.#items[at];
  }

  /** By halves: `told` holds from the oldest up to one, and for none after it. */
  #firstNot(told: (item: T) => boolean): number {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (told(this.#items[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
