/**
 * The last changes of the replicated state, for watchers: every revision whole
 * and in order from a known one on, or the plain word `compacted`.
 */

import { assert } from "../base/mod.ts";
import type { Change } from "./command.ts";

/** A bounded history; a revision is kept whole or not at all. */
export class ChangeFeed {
  /** `#groups[#head + i]` holds the changes of revision `#oldest + 1 + i`. */
  #groups: (readonly Change[])[] = [];
  #head = 0;
  #events = 0;
  #oldest: number;
  readonly #eventsMax: number;

  /** `eventsMax`: how many changes are kept; `oldest`: the revision to begin after. */
  constructor(eventsMax: number, oldest = 0) {
    assert(eventsMax > 0, "a feed keeps something");
    this.#eventsMax = eventsMax;
    this.#oldest = oldest;
  }

  /** The lowest revision that {@link since} can begin from. */
  get oldestRevision(): number {
    return this.#oldest;
  }

  /** Adds the changes of the next revision; the oldest revisions make room. */
  append(revision: number, changes: readonly Change[]): void {
    const next = this.#oldest + 1 + this.#groups.length - this.#head;
    assert(revision === next, "the feed has no gap");
    this.#groups.push(changes);
    this.#events += changes.length;
    while (this.#events > this.#eventsMax) {
      this.#events -= this.#groups[this.#head]!.length;
      this.#groups[this.#head] = [];
      this.#head++;
      this.#oldest++;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#groups.length) {
      this.#groups = this.#groups.slice(this.#head);
      this.#head = 0;
    }
  }

  /**
   * The changes after `revision` to keys that begin with `prefix`, oldest
   * first; empty for a revision that has not come yet. No further revision is
   * begun once `limit` changes are found.
   */
  since(
    revision: number,
    prefix: string,
    limit = Infinity,
  ): readonly Change[] | "compacted" {
    if (revision < this.#oldest) return "compacted";
    const found: Change[] = [];
    const first = this.#head + (revision - this.#oldest);
    for (let at = first; at < this.#groups.length; at++) {
      if (found.length >= limit) break;
      for (const change of this.#groups[at]!) {
        if (change.key.startsWith(prefix)) found.push(change);
      }
    }
    return found;
  }

  /** The changes of one revision; empty when they are not kept. */
  at(revision: number): readonly Change[] {
    const at = this.#head + revision - this.#oldest - 1;
    return (revision > this.#oldest ? this.#groups[at] : undefined) ?? [];
  }
}
