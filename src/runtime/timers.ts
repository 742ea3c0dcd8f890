/** Pending calls that end together with their owner. */

import type { Clock, Timer } from "../platform/mod.ts";

/** Timers of one owner. */
export class Timers {
  readonly #clock: Clock;
  readonly #pending = new Set<Timer>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls once after `delayMs`, unless cancelled or closed before. */
  after(delayMs: number, callback: () => void): Timer {
    if (this.#closed) return { cancel: () => {} };
    const timer = this.#clock.after(delayMs, () => {
      this.#pending.delete(pending);
      callback();
    });
    const pending: Timer = {
      cancel: () => {
        this.#pending.delete(pending);
        timer.cancel();
      },
    };
    this.#pending.add(pending);
    return pending;
  }

  /** Cancels everything, for good. */
  close(): void {
    this.#closed = true;
    for (const timer of [...this.#pending]) timer.cancel();
  }
}
