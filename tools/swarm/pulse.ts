/** What goes on in a swarm while a scenario plays, a line every few seconds: for finding out why one takes so long. */

import type { Reading, Swarm } from "./swarm.ts";

const PERIOD_MS = 2_000;

/** Says one line a period until the answered function is called. */
export function startPulse(swarm: Swarm): () => void {
  let before: Reading | null = null;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function beat(): Promise<void> {
    const now = await swarm.read().catch(() => null);
    if (stopped) return;
    if (now !== null && before?.holders.length === now.holders.length) {
      swarm.options.say(lineOf(before, now, swarm.book.page.length));
    }
    before = now;
    timer = setTimeout(beat, PERIOD_MS);
  }
  void beat();
  return (): void => {
    stopped = true;
    clearTimeout(timer);
  };
}

function lineOf(before: Reading, now: Reading, verdicts: number): string {
  const seconds = (now.atMs - before.atMs) / 1000;
  const rate = (sum: number, was: number): number =>
    Math.round((sum - was) / seconds);
  const { traffic, kernel } = now;
  const datagrams = rate(traffic.datagrams, before.traffic.datagrams);
  const bytes = rate(traffic.datagramBytes, before.traffic.datagramBytes);
  const cpu = (
    some: Reading["holders"],
    earlier: Reading["holders"],
  ): string =>
    some.map((one, at) => rate(one.cpuMs, earlier[at]!.cpuMs)).join(" ");
  const lags = now.statistics.map(({ lagMaxMs }) => Math.round(lagMaxMs));
  return [
    `${datagrams} datagrams/s of ${Math.round(bytes / Math.max(1, datagrams))}`,
    `${rate(traffic.streams, before.traffic.streams)} streams/s`,
    `${rate(traffic.requests, before.traffic.requests)} requests/s`,
    `CPU ms/s ${cpu(now.holders, before.holders)}`,
    `monitors ${cpu(now.monitors, before.monitors)}`,
    `stolen ${rate(now.stolenMs, before.stolenMs)}`,
    `dropped ${kernel.datagramsDropped - before.kernel.datagramsDropped}`,
    `lag ms ${lags.join(" ")}`,
    `verdicts ${verdicts}`,
  ].join(", ");
}
