/**
 * Machines that asked for the name of a worker and were refused, for the holder
 * of the name and for operators. The leader's soft state; one a name, and only
 * names that are held come here.
 */

import type { Rival } from "../cluster/mod.ts";

/** A service that is started again and again is told of once, until it has been quiet for so long. */
const QUIET_MS = 60_000;

/** The last rival of each name. */
export class NameRivals {
  readonly #found = new Map<string, { rival: Rival; atMs: number }>();

  /** Answers whether this is news. */
  note(worker: string, rival: Rival, nowMs: number): boolean {
    const before = this.#found.get(worker);
    this.#found.set(worker, { rival, atMs: nowMs });
    return before === undefined || nowMs - before.atMs > QUIET_MS ||
      before.rival.address !== rival.address;
  }

  /** Who asked for the name within the last `windowMs`. */
  of(worker: string, nowMs: number, windowMs: number): Rival | undefined {
    const found = this.#found.get(worker);
    return found !== undefined && nowMs - found.atMs <= windowMs
      ? found.rival
      : undefined;
  }

  /** Forgets everything: the leadership ended or began. */
  clear(): void {
    this.#found.clear();
  }
}
