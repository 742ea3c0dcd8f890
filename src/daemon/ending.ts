/** How a daemon ends: once, in the reverse order of its beginning, with a reason or without. */

import { asProblem, type Problem } from "../base/mod.ts";
import type { Log } from "../platform/mod.ts";

/** Collects what must be undone, and undoes it once. */
export class Ending {
  readonly #steps: (() => void | Promise<void>)[] = [];
  readonly #log: Log;
  #stopping: Promise<void> | null = null;
  #resolve: (reason: Problem | null) => void = () => {};
  /** Resolves when everything is undone: with the problem that forced it, or null. */
  readonly ended: Promise<Problem | null>;

  constructor(log: Log) {
    this.#log = log;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Adds a step; the last added is the first undone. */
  atStop(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  /** Undoes everything; calls after the first wait for that one. */
  stop(reason: Problem | null): Promise<void> {
    this.#stopping ??= this.#undo(reason);
    return this.#stopping;
  }

  async #undo(reason: Problem | null): Promise<void> {
    if (reason !== null) {
      this.#log.write("error", reason.message, { code: reason.code });
    }
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        this.#log.write("warn", "a part did not stop cleanly", {
          problem: asProblem(error).line,
        });
      }
    }
    this.#resolve(reason);
  }
}
