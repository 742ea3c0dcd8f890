/** The end of a scenario: its news has reached everybody, so that datagrams carry none any more. */

import { atMost, type Report } from "./report.ts";
import { lasting } from "./scenario/scenario.ts";
import type { Swarm } from "./swarm.ts";

const PERIOD_MS = 1_000;
const LIMIT_MS = 120_000;
/** A ping with two names has about 24 bytes, an ack 10; a row of news about 45. */
const BARE_BYTES_MAX = 40;

/** Waits until gossip is calm, lest the next scenario pay for this one's news, and notes how long that took. */
export async function calmDown(swarm: Swarm, report: Report): Promise<void> {
  const tookMs = await untilCalm(swarm);
  const what = "until gossip carries no news any more";
  report.note(what, tookMs / 1000, "s", atMost(LIMIT_MS / 1000));
}

/** Waits until gossip is calm, but not for ever; answers how long that took, in milliseconds. */
export async function untilCalm(swarm: Swarm): Promise<number> {
  const startedMs = performance.now();
  let before = await swarm.traffic();
  for (;;) {
    await lasting(PERIOD_MS);
    const now = await swarm.traffic();
    const datagrams = now.datagrams - before.datagrams;
    const bytes = now.datagramBytes - before.datagramBytes;
    const tookMs = performance.now() - startedMs;
    if (bytes < BARE_BYTES_MAX * datagrams || tookMs > LIMIT_MS) {
      return tookMs;
    }
    before = now;
  }
}
