/** A bound on how many things happen at once; who comes later waits in line. */

import { assert } from "../base/mod.ts";

/** So many slots; each taken one must be given back. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    assert(count > 0, "there is a slot");
    this.#free = count;
  }

  /** Resolves when a slot is taken, in the order of asking. */
  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives one back. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
