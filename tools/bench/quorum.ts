/**
 * `bench quorum`: three monitors beside three members of etcd, on the same
 * disk, driven alike over HTTP: writes and linearizable reads of 256-byte
 * values at the leader, memory, and the time from a leader's kill -9 to the
 * next acknowledged write (DESIGN.md §11, rows 1-3). For honesty, etcd's
 * writes over gRPC stand beside gmon's over HTTP, without a budget.
 */

import { launcherOf, Testbed } from "../testbed/testbed.ts";
import { type Etcd, startEtcd } from "./etcd.ts";
import { grpcWrites } from "./etcd_grpc.ts";
import { type LoadResult, runLoad } from "./http_load.ts";
import type { Bench } from "./main.ts";
import type { Budget, Comparison } from "./measure.ts";
import { etcdSide, gmonSide, KEYS, type Side, VALUE } from "./quorum_sides.ts";

/** Memory is weighed after so many writes. */
const ENDURANCE_WRITES = 200_000;

/** Budgets of DESIGN.md §11 by number of clients. */
const WRITE_BUDGETS: Readonly<Record<number, Budget | null>> = {
  1: null,
  16: { kind: "atLeast", ratio: 3 },
  64: { kind: "atLeast", ratio: 4 },
  256: { kind: "atLeast", ratio: 4 },
};
const READ_BUDGETS: Readonly<Record<number, Budget | null>> = {
  64: { kind: "atLeast", ratio: 4 },
  256: { kind: "atLeast", ratio: 4 },
};

/** Writes, reads, failover, memory. */
export const benchQuorum: Bench = {
  summary: "writes, linearizable reads and failover, beside etcd",
  async run({ quick }): Promise<Comparison[]> {
    const built = await Deno.stat("dist/gmon").then(
      () => "dist/gmon",
      () => null,
    );
    await using testbed = new Testbed({
      launcher: launcherOf(built),
      monitors: [1, 2, 3].map((at) => ({
        name: `m${at}`,
        address: `127.0.0.${10 + at}`,
      })),
      workers: [],
    });
    testbed.startAll();
    await using etcd = await startEtcd();
    const sides = [gmonSide(testbed), etcdSide(etcd)] as const;
    const seconds = quick ? 2 : 5;
    const rounds = quick ? 1 : 5;
    const comparisons: Comparison[] = [];
    // Warm, as servers are: code compiled, files laid out.
    await measure(sides, "writes", 64, { seconds, rounds: 2 });
    for (const clients of [1, 16, 64, 256]) {
      const results = await measure(sides, "writes", clients, {
        seconds,
        rounds,
      });
      comparisons.push(
        rates(`writes, ${clients} clients`, results, WRITE_BUDGETS[clients]),
        ...latencies(`writes, ${clients} clients`, results, clients === 1),
      );
      comparisons.push(
        await beside(
          etcd,
          results[0],
          clients,
          { seconds, rounds },
        ),
      );
    }
    for (const clients of [1, 16, 64, 256]) {
      const results = await measure(sides, "reads", clients, {
        seconds,
        rounds,
      });
      comparisons.push(
        rates(`reads, ${clients} clients`, results, READ_BUDGETS[clients]),
        ...latencies(`reads, ${clients} clients`, results, false),
      );
    }
    comparisons.push(
      ...await endurance(sides, quick ? 20_000 : ENDURANCE_WRITES),
    );
    comparisons.push(...await failovers(sides, quick ? 3 : 20));
    return comparisons;
  },
};

type Results = readonly [LoadResult[], LoadResult[]];

interface Length {
  readonly seconds: number;
  readonly rounds: number;
}

async function measure(
  sides: readonly [Side, Side],
  what: "writes" | "reads",
  clients: number,
  { seconds, rounds }: Length,
): Promise<Results> {
  const results: [LoadResult[], LoadResult[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    // Each side goes first every other round.
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const side = sides[at]!;
      const address = await side.leader();
      const requests = side[what];
      results[at]!.push(
        await runLoad({ address, clients, seconds, requests }),
      );
    }
  }
  for (const { failures } of results.flat()) {
    if (failures > 0) throw new Error(`${failures} requests failed under load`);
  }
  return results;
}

/** gmon's rates over HTTP, measured already, beside etcd's own protocol. */
async function beside(
  etcd: Etcd,
  ours: readonly LoadResult[],
  clients: number,
  { seconds, rounds }: Length,
): Promise<Comparison> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const address = etcd.addresses[0]!;
    values.push(
      await grpcWrites({ address, clients, seconds, keys: KEYS, value: VALUE }),
    );
  }
  return {
    what: `writes, ${clients} clients, etcd over gRPC`,
    unit: "1/s",
    ours: ours.map((result) => result.perSecond),
    peer: { name: "etcd", values },
    budget: null,
  };
}

function rates(
  what: string,
  [ours, theirs]: Results,
  budget: Budget | null | undefined,
): Comparison {
  return {
    what,
    unit: "1/s",
    ours: ours.map((result) => result.perSecond),
    peer: { name: "etcd", values: theirs.map((result) => result.perSecond) },
    budget: budget ?? null,
  };
}

function latencies(
  what: string,
  [ours, theirs]: Results,
  budgeted: boolean,
): Comparison[] {
  const of = (part: "p50Ms" | "p99Ms", budget: Budget | null): Comparison => ({
    what: `${what}, ${part.slice(0, 3)}`,
    unit: "ms",
    ours: ours.map((result) => result[part]),
    peer: { name: "etcd", values: theirs.map((result) => result[part]) },
    budget,
  });
  return [
    of("p50Ms", budgeted ? { kind: "atMost", ratio: 0.6 } : null),
    of("p99Ms", null),
  ];
}

/** Memory after so many writes on each side, whatever their pace, and the slowest of them: journals are compacted meanwhile. */
async function endurance(
  sides: readonly [Side, Side],
  writes: number,
): Promise<Comparison[]> {
  const megabytes: number[] = [];
  const worst: number[] = [];
  for (const side of sides) {
    const address = await side.leader();
    const requests = side.writes;
    let worstMs = 0;
    for (let done = 0; done < writes;) {
      const load = { address, clients: 16, seconds: 5, requests };
      const result = await runLoad(load);
      if (result.successes === 0) {
        throw new Error(`${result.failures} requests failed`);
      }
      done += result.successes;
      worstMs = Math.max(worstMs, result.worstMs);
    }
    megabytes.push(await side.residentMegabytes());
    worst.push(worstMs);
  }
  const row = (what: string, unit: string, values: number[]): Comparison => ({
    what,
    unit,
    ours: [values[0]!],
    peer: { name: "etcd", values: [values[1]!] },
    budget: null,
  });
  return [
    row(
      `resident memory of the leader after ${writes} writes more`,
      "MB",
      megabytes,
    ),
    row("the slowest of these writes, 16 clients", "ms", worst),
  ];
}

async function failovers(
  [ours, theirs]: readonly [Side, Side],
  kills: number,
): Promise<Comparison[]> {
  const mine: number[] = [];
  const others: number[] = [];
  for (let at = 0; at < kills; at++) {
    mine.push(await ours.failover());
    others.push(await theirs.failover());
  }
  const worst = (values: number[]): number[] => [Math.max(...values)];
  const peer = (values: number[]): Comparison["peer"] => ({
    name: "etcd",
    values,
  });
  return [
    {
      what: `leader killed to next write, ${kills} kills`,
      unit: "s",
      ours: mine,
      peer: peer(others),
      budget: { kind: "atMost", ratio: 0.7 },
    },
    {
      what: "the same, the worst of them",
      unit: "s",
      ours: worst(mine),
      peer: peer(worst(others)),
      budget: { kind: "below", value: 1.5 },
    },
  ];
}
