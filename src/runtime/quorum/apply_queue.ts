/**
 * Committed entries on their way to the state. Applying them, and answering
 * the clients that wait for them, takes time that disk and peers need not
 * stand idle for: while there is work for them it comes second.
 */

import { asProblem, type Problem } from "../../base/mod.ts";
import type { Clock, Timer } from "../../platform/mod.ts";
import type { Entry } from "../../raft/mod.ts";

/** What the queue stands on. */
export interface ApplyQueueOptions {
  readonly clock: Pick<Clock, "after">;
  /** Called once for each entry, in order. */
  readonly apply: (entry: Entry) => void;
  /** Called after all that waited are applied. */
  readonly applied: () => void;
  readonly failed: (problem: Problem) => void;
}

/** Entries in order, each applied once. */
export class ApplyQueue {
  readonly #options: ApplyQueueOptions;
  #waiting: Entry[] = [];
  #turn: Timer | null = null;
  #isNext = false;
  #applying = false;
  #stopped = false;

  constructor(options: ApplyQueueOptions) {
    this.#options = options;
  }

  /** Adds what was committed. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) this.#waiting.push(entry);
  }

  /**
   * Applies all: at once, next after the messages of this step have left, or
   * after all else that is under way had its turn.
   */
  drain(when: "now" | "next" | "soon"): void {
    if (this.#waiting.length === 0 || this.#applying || this.#stopped) return;
    if (when === "now") return this.#applyAll();
    if (when === "next") return this.#applyNext();
    this.#turn ??= this.#options.clock.after(0, () => {
      this.#turn = null;
      this.#applyAll();
    });
  }

  /** Gives up what waits. */
  stop(): void {
    this.#stopped = true;
    this.#turn?.cancel();
  }

  /** Links send from a microtask that was queued before this one. */
  #applyNext(): void {
    if (this.#isNext) return;
    this.#isNext = true;
    void Promise.resolve().then(() => {
      this.#isNext = false;
      if (this.#waiting.length > 0 && !this.#stopped) this.#applyAll();
    });
  }

  #applyAll(): void {
    const { apply, applied, failed } = this.#options;
    this.#applying = true;
    try {
      while (this.#waiting.length > 0 && !this.#stopped) {
        const entries = this.#waiting;
        this.#waiting = [];
        for (const entry of entries) apply(entry);
      }
      if (!this.#stopped) applied();
    } catch (error) {
      failed(asProblem(error));
    } finally {
      this.#applying = false;
    }
  }
}
