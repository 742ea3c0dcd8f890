/** Table and plot of what crowds did. */

import type { CrowdMeasures } from "./measure.ts";
import type { CrowdMemory } from "./memory.ts";
import { type Panel, plot } from "./plot.ts";
import type { SwarmPoint } from "./swarm_points.ts";

/** Everything about one size. */
export type SizeResult = CrowdMeasures & CrowdMemory;

/** What is kept. */
export interface CrowdResult {
  readonly kind: "crowd";
  readonly version: 1;
  readonly seed: number;
  readonly sizes: readonly SizeResult[];
}

/** Of the sizes that were measured. */
export function resultOf(
  seed: number,
  sizes: readonly SizeResult[],
): CrowdResult {
  return { kind: "crowd", version: 1, seed, sizes };
}

/** The table in Markdown, and the plot. */
export function renderCrowd(
  sizes: readonly SizeResult[],
  swarms: readonly SwarmPoint[],
): { markdown: string; svg: string } {
  return { markdown: tableOf(sizes), svg: plot(panelsOf(sizes, swarms)) };
}

function tableOf(sizes: readonly SizeResult[]): string {
  const row = (what: string, cell: (one: SizeResult) => string): string =>
    `| ${[what, ...sizes.map(cell)].join(" | ")} |`;
  const seconds = ([p50, p99]: readonly [number, number]): string =>
    `${(p50 / 1000).toFixed(2)} / ${(p99 / 1000).toFixed(2)} s`;
  return [
    row("workers", ({ workers }) => workers.toLocaleString("en")),
    `| --- |${" ---: |".repeat(sizes.length)}`,
    row(
      "process killed → verdict, p50 / p99",
      (one) => seconds(one.processVerdictMs),
    ),
    row("host dead → verdict, p50 / p99", (one) => seconds(one.hostVerdictMs)),
    row(
      "first that knows → last, p50 / p99",
      (one) => seconds(one.disseminationMs),
    ),
    row("deaths", ({ deaths }) => String(deaths)),
    row("falsely held for failed", (one) => String(one.falselyFailed)),
    row("false verdicts", (one) => String(one.falseVerdicts)),
    row("gossip, bytes per worker and second", ({ bytes }) => bytes.toFixed(0)),
    row(
      "datagrams per worker and second",
      ({ packets }) => packets.toFixed(2),
    ),
    row("streams per worker and second", ({ streams }) => streams.toFixed(3)),
    row("check-in interval, s", (one) => String(one.checkInIntervalMs / 1000)),
    row("check-ins at the leader per second", (one) => one.checkIns.toFixed(0)),
    row(
      "of them more than a sign of life",
      (one) => `${(100 * one.fullShare).toFixed(2)} %`,
    ),
    row(
      "check-ins because of one death",
      (one) => one.checkInsPerDeath.toFixed(0),
    ),
    row(
      "probes by the leader for one death",
      (one) => one.probesPerDeath.toFixed(1),
    ),
    row(
      "a monitor's memory for it, MB",
      (one) => (one.monitorBytes / 1e6).toFixed(1),
    ),
    row(
      "a worker's memory for it, MB",
      (one) => (one.workerBytes / 1e6).toFixed(1),
    ),
    row(
      "one virtual second took, s",
      (one) => (one.msPerSecond / 1000).toFixed(2),
    ),
    "",
  ].join("\n");
}

function panelsOf(
  sizes: readonly SizeResult[],
  swarms: readonly SwarmPoint[],
): Panel[] {
  const curve = (name: string, value: (one: SizeResult) => number) => ({
    name,
    points: sizes.map((one) => [one.workers, value(one)] as const),
  });
  const marks = (name: string, value: (one: SwarmPoint) => number) => ({
    name: `${name}, real`,
    points: swarms.map((one) => [one.workers, value(one)] as const)
      .filter(([, y]) => Number.isFinite(y)),
    measured: true,
  });
  return [
    {
      title: "Death to verdict, median",
      unit: "ms",
      series: [
        curve("process killed", (one) => one.processVerdictMs[0]),
        curve("host dead", (one) => one.hostVerdictMs[0]),
        marks("process killed", (one) => one.processVerdictMs),
        marks("host dead", (one) => one.hostVerdictMs),
      ],
    },
    {
      title: "Gossip per worker",
      unit: "bytes/s",
      series: [
        curve("gossip", (one) => one.bytes),
        marks("gossip", (one) => one.bytes),
      ],
    },
    {
      title: "The leader",
      unit: "check-ins/s",
      series: [
        curve("check-ins", (one) => one.checkIns),
        curve("because of one death", (one) => one.checkInsPerDeath),
      ],
    },
    {
      title: "Memory for the crowd",
      unit: "bytes",
      series: [
        curve("monitor", (one) => one.monitorBytes),
        curve("worker", (one) => one.workerBytes),
        marks("monitor's whole process", (one) => one.monitorBytes),
      ],
    },
  ];
}
