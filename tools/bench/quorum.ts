/**
 * `bench quorum`: three monitors beside three members of etcd, on the same
 * disk, driven alike over HTTP: writes and linearizable reads of 256-byte
 * values at the leader, and the time from a leader's kill -9 to the next
 * acknowledged write (DESIGN.md §11, rows 1-3).
 */

import { launcherOf, Testbed } from "../testbed/testbed.ts";
import { type Etcd, residentBytesOf, startEtcd } from "./etcd.ts";
import {
  type Load,
  type LoadResult,
  requestBytes,
  runLoad,
} from "./http_load.ts";
import type { Bench } from "./main.ts";
import type { Budget, Comparison } from "./measure.ts";

const KEYS = 1_000;
const VALUE = "v".repeat(256);

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

/** One side of the comparison. */
interface Side {
  leader(): Promise<string>;
  write(address: string): Load["request"];
  read(address: string): Load["request"];
  /** Kills the leader; resolves with the seconds until the next acknowledged write. */
  failover(): Promise<number>;
  residentMegabytes(): Promise<number>;
}

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
    const durationMs = quick ? 1_500 : 5_000;
    const rounds = quick ? 1 : 3;
    const comparisons: Comparison[] = [];
    for (const clients of [1, 16, 64, 256]) {
      const results = await measure(
        sides,
        "write",
        clients,
        durationMs,
        rounds,
      );
      comparisons.push(
        rates(`writes, ${clients} clients`, results, WRITE_BUDGETS[clients]),
        ...latencies(`writes, ${clients} clients`, results, clients === 1),
      );
    }
    for (const clients of [64, 256]) {
      const results = await measure(sides, "read", clients, durationMs, rounds);
      comparisons.push(
        rates(`reads, ${clients} clients`, results, READ_BUDGETS[clients]),
      );
    }
    comparisons.push(await memory(sides));
    comparisons.push(...await failovers(sides, quick ? 3 : 20));
    return comparisons;
  },
};

type Results = readonly [LoadResult[], LoadResult[]];

async function measure(
  sides: readonly [Side, Side],
  what: "write" | "read",
  clients: number,
  durationMs: number,
  rounds: number,
): Promise<Results> {
  const results: [LoadResult[], LoadResult[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    // Each side goes first every other round.
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const side = sides[at]!;
      const address = await side.leader();
      const request = side[what](address);
      results[at]!.push(
        await runLoad({ address, clients, durationMs, request }),
      );
    }
  }
  for (const { failures } of results.flat()) {
    if (failures > 0) throw new Error(`${failures} requests failed under load`);
  }
  return results;
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

async function memory(
  [ours, theirs]: readonly [Side, Side],
): Promise<Comparison> {
  return {
    what: "resident memory of the leader after these writes",
    unit: "MB",
    ours: [await ours.residentMegabytes()],
    peer: { name: "etcd", values: [await theirs.residentMegabytes()] },
    budget: null,
  };
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
      what: "the same, worst (budget: 1.5 s)",
      unit: "s",
      ours: worst(mine),
      peer: peer(worst(others)),
      budget: null,
    },
  ];
}

function gmonSide(testbed: Testbed): Side {
  const addresses = testbed.addresses.split(",");
  const nameOf = (address: string): string =>
    testbed.options.monitors[addresses.indexOf(address)]!.name;
  async function leader(): Promise<string> {
    return await testbed.eventually("a leading monitor", async () => {
      const status = await testbed.get<{ leader: string | null }>("/v1/status");
      const at = testbed.options.monitors
        .findIndex((monitor) => monitor.name === status?.leader);
      return at < 0 ? null : addresses[at]!;
    });
  }
  const write = (address: string) => (n: number): Uint8Array<ArrayBuffer> =>
    requestBytes(
      "PUT",
      `/v1/config/bench/${n % KEYS}`,
      address,
      `{"value":"${VALUE}"}`,
    );
  return {
    leader,
    write,
    read: (address) => (n) =>
      requestBytes("GET", `/v1/config/bench/${n % KEYS}`, address, null),
    async failover(): Promise<number> {
      const killed = await leader();
      const others = addresses.filter((address) => address !== killed);
      await testbed.kill(nameOf(killed));
      const seconds = await nextWrite(
        others,
        (address) =>
          fetch(`http://${address}/v1/config/bench/failover`, {
            method: "PUT",
            headers: { "content-type": "application/json" },
            body: `{"value":"${VALUE}"}`,
            signal: AbortSignal.timeout(1_000),
          }),
      );
      testbed.startMonitor(nameOf(killed));
      await settled(testbed);
      return seconds;
    },
    residentMegabytes: async () =>
      await residentBytesOf(testbed.pidOf(nameOf(await leader()))) / 1e6,
  };
}

/** All three monitors know one leader again. */
async function settled(testbed: Testbed): Promise<void> {
  await testbed.eventually("three monitors in touch", async () => {
    const status = await testbed.get<
      { monitors: { reachable: boolean }[] }
    >("/v1/status");
    return status?.monitors.every((monitor) => monitor.reachable) ?? false;
  });
}

function etcdSide(etcd: Etcd): Side {
  const put = `{"key":"@","value":"${btoa(VALUE)}"}`;
  const keyOf = (n: number): string => btoa(`bench/${n % KEYS}`);
  async function leader(): Promise<string> {
    while (true) {
      const address = await etcd.leader();
      if (address !== null) return address;
    }
  }
  return {
    leader,
    write: (address) => (n) =>
      requestBytes("POST", "/v3/kv/put", address, put.replace("@", keyOf(n))),
    read: (address) => (n) =>
      requestBytes("POST", "/v3/kv/range", address, `{"key":"${keyOf(n)}"}`),
    async failover(): Promise<number> {
      const killed = await leader();
      const others = etcd.addresses.filter((address) => address !== killed);
      await etcd.kill(killed);
      const seconds = await nextWrite(
        others,
        (address) =>
          fetch(`http://${address}/v3/kv/put`, {
            method: "POST",
            body: put.replace("@", keyOf(0)),
            signal: AbortSignal.timeout(1_000),
          }),
      );
      etcd.restart(killed);
      await leader();
      return seconds;
    },
    residentMegabytes: async () =>
      await etcd.residentBytes(await leader()) / 1e6,
  };
}

/** Tries each address in turn until one acknowledges; answers the seconds that took. */
async function nextWrite(
  addresses: readonly string[],
  write: (address: string) => Promise<Response>,
): Promise<number> {
  const startedAt = performance.now();
  for (let attempt = 0;; attempt++) {
    const address = addresses[attempt % addresses.length]!;
    const done = await write(address).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (done) return (performance.now() - startedAt) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
