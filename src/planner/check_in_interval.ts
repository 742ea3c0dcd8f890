/** How often workers check in, and how long a check-in is good for. */

import { PERIODS } from "../base/mod.ts";

/** The most check-ins a second that one leader should see. */
const CHECK_INS_PER_SECOND_MAX = 1_000;

/** The interval in milliseconds for a pool of so many workers: 2 s up to 2,000, growing in proportion beyond. */
export function checkInIntervalMs(workers: number): number {
  const leastMs = Math.ceil(workers * 1_000 / CHECK_INS_PER_SECOND_MAX);
  return Math.max(PERIODS.checkInMs, leastMs);
}

/** How long after a check-in a worker counts as in touch. */
export function leaseMs(workers: number): number {
  return PERIODS.leaseIntervals * checkInIntervalMs(workers);
}
