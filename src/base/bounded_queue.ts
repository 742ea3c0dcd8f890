/** A first-in, first-out queue with a limit: nothing in gmon grows for ever. */

import { assert } from "./assert.ts";

/** `offer` answers false when the queue is full; the caller must then shed load. */
export class BoundedQueue<T> {
  #items: T[] = [];
  #head = 0;
  readonly #limit: number;

  constructor(limit: number) {
    assert(limit > 0, "a queue has room for something");
    this.#limit = limit;
  }

  /** How many items wait. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds an item, or answers false when the limit is reached. */
  offer(item: T): boolean {
    if (this.size >= this.#limit) return false;
    this.#items.push(item);
    return true;
  }

  /** Removes and returns the oldest item. */
  take(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Everything, oldest first, left in place. */
  toArray(): T[] {
    return this.#items.slice(this.#head);
  }

  /** Removes and returns everything, oldest first. */
  drain(): T[] {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
