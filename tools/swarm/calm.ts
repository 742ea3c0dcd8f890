/** When a scenario is over: its news has reached everybody, so that datagrams carry none any more. */

import type { Swarm } from "./swarm.ts";
import { sumOf } from "./traffic.ts";

const PERIOD_MS = 1_000;
/** A ping with two names has about 24 bytes, an ack 10; a row of news about 45. */
const BARE_BYTES_MAX = 40;

/** Resolves once gossip is calm, with the seconds that this took; null when it was not within the limit. */
export async function untilCalm(
  swarm: Swarm,
  limitMs: number,
): Promise<number | null> {
  const startedMs = performance.now();
  let before = await trafficOf(swarm);
  while (performance.now() - startedMs < limitMs) {
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    const now = await trafficOf(swarm);
    const datagrams = now.datagrams - before.datagrams;
    const bytes = now.datagramBytes - before.datagramBytes;
    if (bytes < BARE_BYTES_MAX * datagrams) {
      return (performance.now() - startedMs) / 1000;
    }
    before = now;
  }
  return null;
}

async function trafficOf(swarm: Swarm): Promise<ReturnType<typeof sumOf>> {
  const statistics = await swarm.group.statistics();
  return sumOf(statistics.map(({ traffic }) => traffic));
}
