/**
 * Deadlines for answers from the network. A process that was not run for a while
 * finds its timers due before it has read what arrived meanwhile, the answer
 * perhaps among it.
 */

import type { Clock, Timer } from "../platform/mod.ts";

/** A timer that comes later than this finds the process waking from a pause. */
const PAUSE_MS = 200;

/** Time to read what has arrived during one. */
const READING_MS = 100;

/** Calls once after `timeoutMs`, or, where that was slept through, a little after waking; unless cancelled before. */
export function deadlineAfter(
  clock: Clock,
  timeoutMs: number,
  callback: () => void,
): Timer {
  const dueMs = clock.nowMs() + timeoutMs;
  let timer = clock.after(timeoutMs, () => {
    if (clock.nowMs() - dueMs <= PAUSE_MS) callback();
    else timer = clock.after(READING_MS, callback);
  });
  return { cancel: () => timer.cancel() };
}
