/** Nothing happens: what that costs. */

import { atMost, type Report } from "../report.ts";
import { DATAGRAM_HEADER_BYTES } from "../traffic.ts";
import type { Reading, Swarm } from "../swarm.ts";
import { lasting, type Scenario } from "./scenario.ts";

const SETTLE_MS = 10_000;
const WINDOW_MS = 30_000;
const MONITOR_RESIDENT_MAX = 250;

/** What the steady state costs by the second. */
export const steadyState: Scenario = {
  summary: "nothing happens",
  async play(swarm: Swarm, report: Report): Promise<void> {
    await lasting(SETTLE_MS);
    const before = await swarm.read();
    await lasting(WINDOW_MS);
    noteCosts(report, swarm.options.workers, before, await swarm.read());
  },
};

/** Notes what passed between two readings, each for one worker and one second. */
export function noteCosts(
  report: Report,
  workers: number,
  before: Reading,
  after: Reading,
): void {
  const seconds = (after.atMs - before.atMs) / 1000;
  const each = (sum: number): number => sum / workers / seconds;
  const datagrams = after.traffic.datagrams - before.traffic.datagrams;
  const bytes = after.traffic.datagramBytes - before.traffic.datagramBytes;
  const perWorker = "per worker and second";
  report.note(`gossip datagrams ${perWorker}`, each(datagrams), "packets");
  report.note(`gossip payload ${perWorker}`, each(bytes), "bytes");
  report.note(
    `gossip with IP and UDP headers ${perWorker}`,
    each(bytes + datagrams * DATAGRAM_HEADER_BYTES),
    "bytes",
  );
  report.note(
    `streams opened ${perWorker}`,
    each(after.traffic.streams - before.traffic.streams),
    "streams",
  );
  report.note(
    `requests to monitors ${perWorker}`,
    each(after.traffic.requests - before.traffic.requests),
    "requests",
  );
  report.note(
    `everything on the wire, by the kernel's count, ${perWorker}`,
    each(after.kernel.bytes - before.kernel.bytes),
    "bytes",
  );
  report.note(
    `the same ${perWorker}`,
    each(after.kernel.packets - before.kernel.packets),
    "packets",
  );
  report.note(
    "datagrams dropped for full buffers",
    after.kernel.datagramsDropped - before.kernel.datagramsDropped,
    "packets",
  );
  noteCpu(report, workers, before, after);
  noteMemory(report, workers, after);
}

function noteCpu(
  report: Report,
  workers: number,
  before: Reading,
  after: Reading,
): void {
  const seconds = (after.atMs - before.atMs) / 1000;
  const spent = (
    now: readonly { readonly cpuMs: number }[],
    then: readonly { readonly cpuMs: number }[],
  ): number =>
    now.reduce((sum, one, at) => sum + one.cpuMs - then[at]!.cpuMs, 0) /
    seconds;
  const holders = spent(after.holders, before.holders);
  const monitors = spent(after.monitors, before.monitors);
  report.note("CPU per worker and second", holders / workers, "ms");
  for (const [at, monitor] of after.monitors.entries()) {
    const ms = (monitor.cpuMs - before.monitors[at]!.cpuMs) / seconds;
    const role = monitor.name === after.leader ? "leader" : "follower";
    report.note(`CPU of ${monitor.name} (${role}) per second`, ms, "ms");
  }
  report.note(
    "CPU of everything per worker and second",
    (holders + monitors) / workers,
    "ms",
  );
}

function noteMemory(report: Report, workers: number, after: Reading): void {
  const resident = after.holders.reduce(
    (sum, one) => sum + one.residentBytes,
    0,
  );
  const descriptors = after.holders.reduce(
    (sum, one) => sum + one.descriptors,
    0,
  );
  report.note(
    "resident memory of the processes of workers, per worker",
    resident / workers / 1e6,
    "MB",
  );
  report.note(
    "descriptors per worker",
    descriptors / workers,
    "descriptors",
  );
  const monitor = Math.max(...after.monitors.map((one) => one.residentBytes));
  report.note(
    "resident memory of the largest monitor",
    monitor / 1e6,
    "MB",
    atMost(MONITOR_RESIDENT_MAX),
  );
}
