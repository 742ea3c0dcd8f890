/**
 * The clock of the workers that share a process: they wake together, on a grid.
 * Every wake-up costs as much as a few datagrams; a worker alone in its process
 * pays for its own.
 */

import type { Clock } from "../../src/platform/ports.ts";

const GRID_MS = 20;

/** Timers of at least a step of the grid fire on it, up to a step late; one timer of the host serves all of a step. */
export function gridClock(clock: Clock): Clock {
  const steps = new Map<number, Set<() => void>>();

  function fire(step: number): void {
    const due = steps.get(step)!;
    steps.delete(step);
    // One may cancel another of the same step, which a set leaves out then.
    for (const callback of due) callback();
  }

  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    elapsedMs: () => clock.elapsedMs(),
    after(delayMs, callback) {
      if (delayMs < GRID_MS) return clock.after(delayMs, callback);
      const nowMs = clock.nowMs();
      const step = Math.ceil((nowMs + delayMs) / GRID_MS);
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
