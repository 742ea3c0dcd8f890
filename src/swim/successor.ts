/**
 * One's neighbour on the ring of name hashes: every member has exactly one
 * that watches over it, so none waits for chance alone to be probed.
 */

import type { Entry } from "./keeping.ts";

const RING = 2 ** 32;

/** The live member that follows oneself. */
export class Successor {
  readonly #own: number;
  #entry: Entry | null = null;
  #known: boolean;

  /** `own`: the hash of one's own name; `known`: nobody lives yet. */
  constructor(own: number, known = true) {
    this.#own = own;
    this.#known = known;
  }

  /** A member is live: it may be nearer. */
  consider(entry: Entry): void {
    if (!this.#known) return;
    const held = this.#entry;
    if (held === null || this.#distance(entry) <= this.#distance(held)) {
      this.#entry = entry;
    }
  }

  /** A member is live no more. */
  drop(entry: Entry): void {
    if (entry.name !== this.#entry?.name) return;
    this.#entry = null;
    this.#known = false;
  }

  /** The neighbour among the live; null without any. */
  among(live: Iterable<Entry>): Entry | null {
    if (!this.#known) {
      this.#known = true;
      for (const entry of live) this.consider(entry);
    }
    return this.#entry;
  }

  #distance({ nameHash }: Entry): number {
    return (nameHash - this.#own + RING - 1) % RING;
  }
}
