/** The ports that the production parts of a crowd ask for, over virtual time. */

import type { Prng } from "../../src/base/mod.ts";
import type { Clock, Random } from "../../src/platform/mod.ts";
import type { Wheel } from "./wheel.ts";

const WALL_MS = Date.UTC(2026, 0, 1);

/** A clock by the wheel. */
export function clockOf(wheel: Wheel): Clock {
  return {
    nowMs: () => wheel.nowMs,
    wallMs: () => WALL_MS + wheel.nowMs,
    elapsedMs: () => wheel.nowMs,
    after: (delayMs, callback) => wheel.after(delayMs, callback),
  };
}

/** Randomness by a seed. */
export function randomOf(prng: Prng): Random {
  return {
    bytes: (length) => Uint8Array.from({ length }, () => prng.below(256)),
  };
}
