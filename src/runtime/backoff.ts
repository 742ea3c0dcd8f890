/** Pauses between attempts that grow, and differ from process to process: what comes back must not meet everybody at once. */

import type { Random } from "../platform/mod.ts";

const DOUBLINGS_MAX = 16;

/** From half of `firstMs` · 2^(failures-1) to all of it, and never more than `mostMs`. */
export function backoffMs(
  random: Random,
  failures: number,
  firstMs: number,
  mostMs: number,
): number {
  const grownMs = firstMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX);
  return Math.min(mostMs, grownMs) * (1 - fraction(random) / 2);
}

/** From 0 up to, and without, 1. */
export function fraction(random: Random): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
}
