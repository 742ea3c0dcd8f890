/** What a side costs in a window of time, counted alike for all: by the kernel. */

import { readKernel, readProcess } from "../swarm/meter.ts";
import type { SideCosts } from "./membership_side.ts";

/** `all`: every process of the side; `alone`: those that hold one member each. */
export async function costsOf(
  members: number,
  windowMs: number,
  all: () => readonly number[],
  alone: () => readonly number[],
): Promise<SideCosts> {
  const cpuMs = async (): Promise<number> => {
    const readings = await Promise.all(all().map(readProcess));
    return readings.reduce((sum, reading) => sum + reading.cpuMs, 0);
  };
  const cpuBefore = await cpuMs();
  const before = await readKernel();
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, windowMs));
  const after = await readKernel();
  const memberSeconds = members * (performance.now() - startedMs) / 1000;
  const residents = (await Promise.all(alone().map(readProcess)))
    .map(({ residentBytes }) => residentBytes)
    .sort((one, other) => one - other);
  return {
    bytes: (after.bytes - before.bytes) / memberSeconds,
    packets: (after.packets - before.packets) / memberSeconds,
    cpuMs: (await cpuMs() - cpuBefore) / memberSeconds,
    residentBytes: residents[residents.length >> 1] ?? 0,
  };
}

/** Makes processes stand still and go on, in pulses; calls `middle` half-way, while they stand still. */
export async function pulse(
  pids: readonly number[],
  times: {
    readonly stopMs: number;
    readonly goMs: number;
    readonly lastsMs: number;
  },
  middle: () => Promise<void>,
): Promise<void> {
  const pauses = Math.ceil(times.lastsMs / (times.stopMs + times.goMs));
  for (let at = 0; at < pauses; at++) {
    for (const pid of pids) Deno.kill(pid, "SIGSTOP");
    if (at === pauses >> 1) await middle();
    await new Promise((resolve) => setTimeout(resolve, times.stopMs));
    for (const pid of pids) Deno.kill(pid, "SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, times.goMs));
  }
}
