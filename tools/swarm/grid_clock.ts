/**
 * The clock of the workers that share a process: they wake together, on a grid.
 * Every wake-up costs as much as a few datagrams; a worker alone in its process
 * pays for its own.
 */

import { PERIODS } from "../../src/base/mod.ts";
import type { Clock } from "../../src/platform/ports.ts";

/** All members of a process tick together: then datagrams come in bunches as well. */
const GRID_MS = PERIODS.swimTickMs;

/**
 * Timers of at least a step of the grid fire on it, up to a step late; one timer
 * of the host serves all of a step. What a timer sets counts from when that
 * timer was due, so periods of whole steps are kept and do not grow.
 */
export function gridClock(clock: Clock): Clock {
  const steps = new Map<number, Set<() => void>>();
  /** The step whose timers fire now. */
  let present: number | null = null;

  function fire(step: number): void {
    const due = steps.get(step)!;
    steps.delete(step);
    // One may cancel another of the same step, which a set leaves out then.
    present = step;
    try {
      for (const callback of due) callback();
    } finally {
      present = null;
    }
  }

  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    elapsedMs: () => clock.elapsedMs(),
    after(delayMs, callback) {
      if (delayMs < GRID_MS) return clock.after(delayMs, callback);
      const nowMs = clock.nowMs();
      const fromMs = present === null ? nowMs : present * GRID_MS;
      // A host that is behind may have passed it.
      const step = Math.ceil(Math.max(nowMs, fromMs + delayMs) / GRID_MS);
      let due = steps.get(step);
      if (due === undefined) {
        due = new Set();
        steps.set(step, due);
        clock.after(step * GRID_MS - nowMs, () => fire(step));
      }
      const own = (): void => callback();
      due.add(own);
      return { cancel: () => void due.delete(own) };
    },
  };
}
