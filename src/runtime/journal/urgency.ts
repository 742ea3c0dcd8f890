/** How much hurries with a batch for the journal, and how long one waits that does not. */

/**
 * `atOnce`: nothing else here is worth as much, as on a follower whose leader
 * waits for it. `soon`: others must get their turn meanwhile. `lazily`: nobody
 * waits for this disk, so that what comes in the next milliseconds may share
 * its sync.
 */
export type Urgency = "atOnce" | "soon" | "lazily";

/** A lazy batch waits so long for company. */
export const LAZY_MS = 4;

/** No batch waits any longer once there is so much. */
export const LAZY_BYTES = 1024 * 1024;
