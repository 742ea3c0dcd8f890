/** What a crowd of a size does: quiet, and when some of it die one after the other. */

import { Prng } from "../../src/base/mod.ts";
import { DATAGRAM_HEADER_BYTES } from "../swarm/traffic.ts";
import { percentile } from "../swarm/report.ts";
import { Crowd } from "./crowd.ts";
import type { CrowdWorker } from "./crowd_worker.ts";

/** Everything that was measured of one size. */
export interface CrowdMeasures {
  readonly workers: number;
  readonly checkInIntervalMs: number;
  /** Per worker and second, with IP and UDP headers, streams included. */
  readonly bytes: number;
  readonly packets: number;
  readonly streams: number;
  /** At the leader, per second. */
  readonly checkIns: number;
  /** The share of them that said more than "I live". */
  readonly fullShare: number;
  /** From the kill to the committed verdict `dead`, in ms. */
  readonly processVerdictMs: readonly [p50: number, p99: number];
  readonly hostVerdictMs: readonly [p50: number, p99: number];
  /** From the first worker that held the dead for failed to the last, in ms. */
  readonly disseminationMs: readonly [p50: number, p99: number];
  /** The leader's, for each death. */
  readonly checkInsPerDeath: number;
  readonly probesPerDeath: number;
  readonly deaths: number;
  /** Living workers that somebody held for failed, and that were pronounced dead. */
  readonly falselyFailed: number;
  readonly falseVerdicts: number;
  /** How long one virtual second took, in ms. */
  readonly msPerSecond: number;
}

const QUIET_MS = 10_000;
/** A new leader judges nobody before an interval is over. */
const SETTLE_MS = 3_000;
const STEP_MS = 10_000;
const KILLS = 10;
const PAUSE_MS = 1_000;
const LIMIT_MS = 30_000;
const LOOK_MS = 50;
const LOSS_CHANCE = 0.01;

interface Death {
  readonly worker: CrowdWorker;
  readonly how: "process" | "host";
  readonly killedMs: number;
  verdictMs: number | null;
  firstMs: number | null;
  lastMs: number | null;
  observers: number;
}

/** Measures one crowd; `say` tells what goes on. */
export async function measureCrowd(
  workers: number,
  seed: number,
  say: (line: string) => void,
): Promise<CrowdMeasures> {
  const crowd = new Crowd({ workers, seed, lossChance: LOSS_CHANCE });
  const { wheel, network, monitor } = crowd;
  const deaths = new Map<string, Death>();
  const falselyFailed = new Set<string>();
  crowd.onSighting = ({ subject, state }) => {
    if (state !== "failed") return;
    const death = deaths.get(subject);
    if (death === undefined) return void falselyFailed.add(subject);
    death.firstMs ??= wheel.nowMs;
    death.lastMs = wheel.nowMs;
    death.observers++;
  };
  await settle(crowd, say);

  say(`${workers} workers: quiet`);
  network.resetTraffic();
  Object.assign(monitor.counts, { checkIns: 0, full: 0, probes: 0 });
  const startedMs = performance.now();
  await wheel.run(QUIET_MS);
  const msPerSecond = (performance.now() - startedMs) / QUIET_MS * 1000;
  const { packets, bytes, streams, streamBytes } = network.traffic;
  const { checkIns, full } = monitor.counts;
  const each = (sum: number): number => sum / workers / QUIET_MS * 1000;

  say(`${workers} workers: deaths`);
  const before = { ...monitor.counts };
  const deathsMs = wheel.nowMs;
  await killSome(crowd, deaths, new Prng(seed));
  const isOver = (): boolean =>
    [...deaths.values()].every((death) => isKnown(crowd, death));
  for (let waitedMs = 0; waitedMs < LIMIT_MS && !isOver();) {
    await look(crowd, deaths);
    waitedMs += LOOK_MS;
  }
  const tookMs = wheel.nowMs - deathsMs;
  const usual = checkIns / QUIET_MS * tookMs;
  const all = [...deaths.values()];
  const verdicts = (how: Death["how"]): number[] =>
    all.filter((death) => death.how === how)
      .map(({ verdictMs, killedMs }) => (verdictMs ?? Infinity) - killedMs);
  return {
    workers,
    checkInIntervalMs: monitor.intervalMs,
    bytes: each(bytes + streamBytes + packets * DATAGRAM_HEADER_BYTES),
    packets: each(packets),
    streams: each(streams),
    checkIns: checkIns / QUIET_MS * 1000,
    fullShare: full / Math.max(1, checkIns),
    processVerdictMs: both(verdicts("process")),
    hostVerdictMs: both(verdicts("host")),
    disseminationMs: both(
      all.map(({ firstMs, lastMs }) => lastMs! - firstMs!),
    ),
    checkInsPerDeath: (monitor.counts.checkIns - before.checkIns - usual) /
      all.length,
    probesPerDeath: (monitor.counts.probes - before.probes) / all.length,
    deaths: all.length,
    falselyFailed: falselyFailed.size,
    falseVerdicts:
      crowd.living.filter(({ name }) => monitor.verdictOn(name) !== "alive")
        .length,
    msPerSecond,
  };
}

/** Takes minutes of ours where there are many. */
async function settle(
  { wheel, monitor, workers }: Crowd,
  say: (line: string) => void,
): Promise<void> {
  for (let leftMs = monitor.intervalMs + SETTLE_MS; leftMs > 0;) {
    say(`${workers.length} workers: settling, ${leftMs / 1000} s to go`);
    const stepMs = Math.min(leftMs, STEP_MS);
    await wheel.run(stepMs);
    leftMs -= stepMs;
  }
}

/** One after the other, processes and hosts in turn. */
async function killSome(
  crowd: Crowd,
  deaths: Map<string, Death>,
  prng: Prng,
): Promise<void> {
  while (deaths.size < 2 * KILLS) {
    const worker = prng.pick(crowd.living);
    const how = deaths.size % 2 === 0 ? "process" : "host";
    deaths.set(worker.name, {
      worker,
      how,
      killedMs: crowd.wheel.nowMs,
      verdictMs: null,
      firstMs: null,
      lastMs: null,
      observers: 0,
    });
    worker.kill(how);
    for (let waitedMs = 0; waitedMs < PAUSE_MS; waitedMs += LOOK_MS) {
      await look(crowd, deaths);
    }
  }
}

/** Lets some time pass, and notes new verdicts. */
async function look(
  { wheel, monitor }: Crowd,
  deaths: ReadonlyMap<string, Death>,
): Promise<void> {
  await wheel.run(LOOK_MS);
  for (const [name, death] of deaths) {
    if (death.verdictMs !== null || monitor.verdictOn(name) !== "dead") {
      continue;
    }
    death.verdictMs = wheel.nowMs;
  }
}

/** Pronounced, and known to all that live. */
function isKnown(crowd: Crowd, { verdictMs, observers }: Death): boolean {
  return verdictMs !== null && observers >= crowd.living.length;
}

function both(values: readonly number[]): [number, number] {
  return [percentile(values, 0.5), percentile(values, 0.99)];
}
