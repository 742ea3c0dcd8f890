/**
 * Virtual time. The simulator is one long list of appointments: the earliest
 * one runs, then every microtask it started is drained, then the next. Nothing
 * ever happens between two appointments, so a seed fixes the whole run.
 */

import { setImmediate } from "node:timers";
import { assert, Heap } from "../../src/base/mod.ts";

/** Something that will happen at `atMs`, unless cancelled. */
export interface Appointment {
  readonly atMs: number;
  cancel(): void;
}

interface Entry {
  readonly atMs: number;
  readonly sequence: number;
  run: (() => void) | null;
}

/** What called for the run to end early. */
export type Verdict = "time" | "stopped" | "empty";

/** The clock and the queue of everything that is still to happen. */
export class Calendar {
  readonly #heap = new Heap<Entry>((a, b) =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
  );
  #nowMs = 0;
  #sequence = 0;
  #events = 0;

  /** Virtual milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many appointments have run. */
  get events(): number {
    return this.#events;
  }

  /** Calls `run` after `delayMs`; equal times run in the order they were made. */
  after(delayMs: number, run: () => void): Appointment {
    assert(delayMs >= 0, "no appointment lies in the past");
    const entry: Entry = {
      atMs: this.#nowMs + delayMs,
      sequence: this.#sequence++,
      run,
    };
    this.#heap.push(entry);
    return {
      atMs: entry.atMs,
      cancel(): void {
        entry.run = null;
      },
    };
  }

  /**
   * Runs appointments up to and including `untilMs`, or until `stop` says so.
   * Answers why it ended; the clock stands at `untilMs` unless stopped.
   */
  async runUntil(
    untilMs: number,
    stop: () => boolean = never,
  ): Promise<Verdict> {
    await drainMicrotasks();
    while (!stop()) {
      const next = this.#heap.peek();
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = untilMs;
        return next === undefined ? "empty" : "time";
      }
      this.#heap.pop();
      if (next.run === null) continue;
      this.#nowMs = next.atMs;
      this.#events++;
      next.run();
      await drainMicrotasks();
    }
    return "stopped";
  }
}

/**
 * Resolves when no microtask is left: a macrotask runs only after all of them
 * have, however long their chains. `setImmediate` costs about 3 µs.
 */
export function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function never(): boolean {
  return false;
}
