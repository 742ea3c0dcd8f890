/**
 * The ticks of consensus. Mostly one comes whenever the timer does, however
 * late: a process that was paused must not take the pause for the others'
 * silence. A leader that serves reads by a lease is strict with itself: it
 * counts by the clock, and what it missed comes before the next read.
 */

import type { Clock, Timer } from "../../platform/mod.ts";
import { ELECTION_TICKS_MIN } from "./raft_start.ts";

/** More missed ticks than these change nothing any more: whoever leads has stepped down. */
const MISSED_MAX = 100;

/** What the ticks stand on. */
export interface TicksOptions {
  readonly clock: Pick<Clock, "nowMs" | "after">;
  readonly periodMs: number;
  readonly tick: () => void;
  /** Told at the first chance after a pause longer than silence may last: others may have fallen silent unheard. */
  readonly stoodStill: () => void;
  /** True while every period must be counted. */
  readonly isStrict: () => boolean;
}

/** The beat of one monitor. */
export class Ticks {
  readonly #options: TicksOptions;
  #timer: Timer | null = null;
  /** Up to here the clock's time is counted. */
  #countedMs = 0;
  #stopped = false;

  constructor(options: TicksOptions) {
    this.#options = options;
  }

  /** Begins to tick. */
  start(): void {
    this.#countedMs = this.#options.clock.nowMs();
    this.#schedule(this.#options.periodMs);
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Delivers the ticks that are overdue, where every one counts; otherwise tells of a pause. */
  catchUp(): void {
    const { clock, periodMs, tick, isStrict } = this.#options;
    if (!isStrict()) return this.#noteTime();
    for (let count = 0; count < MISSED_MAX; count++) {
      if (this.#stopped || !isStrict()) return;
      if (clock.nowMs() - this.#countedMs < periodMs) return;
      this.#countedMs += periodMs;
      tick();
    }
    this.#countedMs = clock.nowMs();
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#options;
    this.#timer = clock.after(delayMs, () => {
      if (!this.#stopped) this.#beat();
    });
  }

  #beat(): void {
    const { clock, periodMs, tick, isStrict } = this.#options;
    // First the next one: a tick that fails ends them all.
    if (isStrict()) {
      const aheadMs = periodMs - (clock.nowMs() - this.#countedMs);
      this.#schedule(aheadMs > 0 ? aheadMs : periodMs);
      this.catchUp();
      return;
    }
    this.#schedule(periodMs);
    this.#noteTime();
    tick();
  }

  #noteTime(): void {
    const { clock, periodMs, stoodStill } = this.#options;
    const stillMs = clock.nowMs() - this.#countedMs;
    this.#countedMs = clock.nowMs();
    // Whoever was heard an election timeout ago need not be there any more.
    const isPause = stillMs >= ELECTION_TICKS_MIN * periodMs;
    if (!this.#stopped && isPause) stoodStill();
  }
}
