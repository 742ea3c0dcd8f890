/**
 * `bench membership`: a hundred workers beside a hundred agents of Serf, killed
 * in turns with kill -9, and what both sides cost when nothing happens
 * (DESIGN.md §11, row 4). `bench starvation`: false positives and latency while
 * members stand still again and again, as Lifeguard's authors measured
 * (arXiv 1707.00788, section V).
 */

import type { Bench } from "./main.ts";
import type { Budget, Comparison } from "./measure.ts";
import {
  SideProcess,
  type StarvationOutcome,
  STARVED_GROUPS,
  VICTIMS,
} from "./membership_side.ts";

const SETTLE_MS = 20_000;
const WINDOW_MS = 30_000;
const LASTS_MS = 12_000;
const GO_MS = 500;
const STOPS_MS: readonly number[] = [500, 2_000, 6_000];

/** Serf takes so many times as long. */
const SOONER: Budget = { kind: "atMost", ratio: 1 / 4 };

/** Detection, traffic, CPU, memory. */
export const benchMembership: Bench = {
  summary: "detection of dead members and its cost, beside Serf",
  async run({ quick }): Promise<Comparison[]> {
    await using gossip = new SideProcess("gossip");
    await using serf = new SideProcess("serf");
    await using gmon = new SideProcess("gmon");
    const sides = [gmon, serf, gossip] as const;
    // One after the other: starting is work for both cores.
    for (const side of sides) await side.ask("start", {});
    await pause(quick ? SETTLE_MS / 2 : SETTLE_MS);
    const window = { windowMs: quick ? WINDOW_MS / 2 : WINDOW_MS };
    const [whole, theirs, alone] = await Promise.all(
      sides.map((side) => side.ask("costs", window)),
    );
    const comparisons: Comparison[] = [
      beside("gossip alone, per member and second", "bytes", [alone!.bytes], [
        theirs!.bytes,
      ], { kind: "atMost", ratio: 1.5 }),
      beside(
        "gossip, check-ins and monitors, the same",
        "bytes",
        [whole!.bytes],
        [theirs!.bytes],
        { kind: "atMost", ratio: 2.5 },
      ),
      beside("gossip alone, the same", "packets", [alone!.packets], [
        theirs!.packets,
      ]),
      beside("gossip, check-ins and monitors, the same", "packets", [
        whole!.packets,
      ], [theirs!.packets]),
      beside("CPU, per member and second", "ms", [whole!.cpuMs], [
        theirs!.cpuMs,
      ]),
      beside("CPU of gossip alone, the same", "ms", [alone!.cpuMs], [
        theirs!.cpuMs,
      ]),
      beside("resident memory of a member's process", "MB", [
        whole!.residentBytes / 1e6,
      ], [theirs!.residentBytes / 1e6]),
    ];
    const first: number[] = [];
    const serfFirst: number[] = [];
    const serfAll: number[] = [];
    for (let victim = 0; victim < (quick ? 3 : VICTIMS); victim++) {
      first.push((await gmon.ask("kill", { victim })).firstMs / 1000);
      const found = await serf.ask("kill", { victim });
      serfFirst.push(found.firstMs / 1000);
      serfAll.push(found.allMs! / 1000);
    }
    const kills = `kill -9 of ${first.length}`;
    comparisons.unshift(
      beside(`${kills} → verdict / first agent`, "s", first, serfFirst, SOONER),
      beside(`${kills} → verdict / all agents`, "s", first, serfAll),
      beside(`${kills}, worst`, "s", [Math.max(...first)], [
        Math.max(...serfFirst),
      ]),
    );
    return comparisons;
  },
};

/** The study of starved members. */
export const benchStarvation: Bench = {
  summary: "false positives while members stand still, beside Serf",
  async run({ quick }): Promise<Comparison[]> {
    await using serf = new SideProcess("serf");
    await using gmon = new SideProcess("gmon");
    for (const side of [gmon, serf]) await side.ask("start", {});
    await pause(SETTLE_MS);
    const comparisons: Comparison[] = [];
    let victim = 0;
    for (const stopMs of quick ? [2_000] : STOPS_MS) {
      for (let groups = 1; groups <= STARVED_GROUPS.length; groups++) {
        if (quick && groups !== 2) continue;
        const starvation = {
          groups,
          stopMs,
          goMs: GO_MS,
          lastsMs: LASTS_MS,
          victim: victim++,
        };
        // One after the other: those that wake have much to catch up with.
        const ours = await gmon.ask("starve", starvation);
        const theirs = await serf.ask("starve", starvation);
        const members = STARVED_GROUPS.slice(0, groups)
          .reduce((sum, count) => sum + count, 0);
        const what = `${members} of 100 stop for ${stopMs / 1000} s, ` +
          "again and again";
        comparisons.push(...outcomes(what, ours, theirs));
      }
    }
    return comparisons;
  },
};

function outcomes(
  what: string,
  ours: StarvationOutcome,
  theirs: StarvationOutcome,
): Comparison[] {
  return [
    beside(`${what}: healthy called dead`, "members", [ours.healthy], [
      theirs.healthy,
    ]),
    beside(`${what}: stopped called dead`, "members", [ours.starved], [
      theirs.starved,
    ]),
    beside(`${what}: one killed → found`, "s", [
      ours.detection.firstMs / 1000,
    ], [theirs.detection.firstMs / 1000]),
  ];
}

function beside(
  what: string,
  unit: string,
  ours: readonly number[],
  values: readonly number[],
  budget: Budget | null = null,
): Comparison {
  return { what, unit, ours, peer: { name: "serf", values }, budget };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
