/**
 * Virtual time for crowds, in whole milliseconds: what is due in the same one
 * runs together, in the order it was planned, and then every microtask that it
 * started. A heap would cost more than all that a quiet member does in a tick.
 */

import { setImmediate } from "node:timers";
import { assert } from "../../src/base/mod.ts";

interface Task {
  run: (() => void) | null;
}

/** The clock and what is still to happen. */
export class Wheel {
  readonly #slots = new Map<number, Task[]>();
  #nowMs = 0;

  /** Virtual milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `run` after so many milliseconds, rounded up. */
  after(delayMs: number, run: () => void): { cancel(): void } {
    const task: Task = { run };
    this.#slot(this.#nowMs + Math.ceil(Math.max(0, delayMs))).push(task);
    return { cancel: () => void (task.run = null) };
  }

  /** Lets time pass, or until `stop` says so. */
  async run(ms: number, stop: () => boolean = () => false): Promise<void> {
    const untilMs = this.#nowMs + ms;
    assert(Number.isInteger(untilMs), "time is whole milliseconds");
    while (this.#nowMs <= untilMs && !stop()) {
      await this.#runSlot();
      if (this.#nowMs === untilMs) return;
      this.#nowMs++;
    }
  }

  /** What was planned for now, and what that plans for now. */
  async #runSlot(): Promise<void> {
    do {
      const due = this.#slots.get(this.#nowMs) ?? [];
      this.#slots.delete(this.#nowMs);
      for (const task of due) task.run?.();
      await drained();
    } while (this.#slots.has(this.#nowMs));
  }

  #slot(atMs: number): Task[] {
    const known = this.#slots.get(atMs);
    if (known !== undefined) return known;
    const made: Task[] = [];
    this.#slots.set(atMs, made);
    return made;
  }
}

/** Resolves when no microtask is left. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
