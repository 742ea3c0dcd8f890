/** A state machine for tests: all it knows is how it came about, as a number. */

import { assert, concat, crc32c, utf8 } from "../../src/base/mod.ts";
import type { Entry } from "../../src/raft/mod.ts";

/** What the entries up to an index come to. */
export class AppliedState {
  readonly #place: { index: number; hash: number };

  constructor(index = 0, hash = 0) {
    this.#place = { index, hash };
  }

  get index(): number {
    return this.#place.index;
  }

  get hash(): number {
    return this.#place.hash;
  }

  /** Takes in the next entry. */
  apply(entry: Entry): void {
    assert(entry.index === this.index + 1, "entries are applied one by one");
    const { index, term, kind, data } = entry;
    const head = utf8(`${this.hash} ${index} ${term} ${kind} `);
    this.#place.hash = crc32c(concat([head, data]));
    this.#place.index = index;
  }
}
