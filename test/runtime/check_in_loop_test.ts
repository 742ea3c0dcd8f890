import { assertEquals } from "@std/assert";
import type {
  BrickObservation,
  CheckIn,
  CheckInAnswer,
  RoleObservation,
} from "../../src/cluster/mod.ts";
import { type Problem } from "../../src/base/mod.ts";
import {
  type CheckInIdentity,
  type CheckInLoop,
  createMonitorClient,
  startCheckInLoop,
} from "../../src/runtime/mod.ts";
import { FakeClock, fakePorts, Refusal, settle } from "./fake_ports.ts";

const IDENTITY: CheckInIdentity = {
  worker: "w1",
  id: "id-1",
  address: "127.0.0.14",
  swimPort: 24012,
  volfilePort: 24007,
  zone: "",
  version: "0",
  incarnation: 1,
  bootId: "boot",
  clusterId: null,
  revision: 0,
};

const ANSWER: CheckInAnswer = {
  clusterId: "c",
  revision: 1,
  leaseMs: 6_000,
  intervalMs: 2_000,
  fullWanted: false,
  verdict: "alive",
  seeds: [],
};

function observation(
  path: string,
  state: BrickObservation["state"],
): BrickObservation {
  return {
    key: `bricks/w1/${path}`,
    volumeId: "v",
    state,
    pid: null,
    port: null,
    problem: null,
    totalBytes: null,
    freeBytes: null,
  };
}

interface Scene {
  readonly clock: FakeClock;
  readonly loop: CheckInLoop;
  readonly received: CheckIn[];
  readonly rejected: Problem[];
  bricks: BrickObservation[];
  identity: CheckInIdentity;
  roles: RoleObservation[];
  /** Each renewal: from when, and for how long. */
  readonly lease: [number, number][];
  reply: (checkIn: CheckIn) => unknown;
}

/** `random`: the byte that all chance is made of. */
async function scene(random = 0): Promise<Scene> {
  const clock = new FakeClock();
  const received: CheckIn[] = [];
  const rejected: Problem[] = [];
  const ports = fakePorts(clock, ({ body }) => {
    received.push(body as CheckIn);
    return it.reply(body as CheckIn);
  });
  Object.assign(ports, {
    random: { bytes: (length: number) => new Uint8Array(length).fill(random) },
  });
  const client = createMonitorClient(ports, {
    addresses: [{ host: "127.0.0.1", port: 1 }],
  });
  const it: Omit<Scene, "loop"> = {
    clock,
    received,
    rejected,
    bricks: [],
    identity: IDENTITY,
    roles: [],
    lease: [],
    reply: () => ANSWER,
  };
  const loop = startCheckInLoop(ports, client, {
    identity: () => it.identity,
    observations: () => it.bricks,
    roles: () => it.roles,
    answered: () => {},
    renewed: (_, sentAtMs, leaseMs) => it.lease.push([sentAtMs, leaseMs]),
    rejected: (problem) => rejected.push(problem),
  });
  await settle();
  return Object.assign(it, { loop });
}

Deno.test("startCheckInLoop begins with a full report, then sends empty ones at the interval", async () => {
  const it = await scene();
  assertEquals(it.received.map((one) => one.full), [true]);
  await it.clock.turn(1_999);
  assertEquals(it.received.length, 1);
  await it.clock.turn(4_001);
  assertEquals(it.received.map((one) => one.full), [true, false, false, false]);
  assertEquals(it.received.at(-1)!.bricks, []);
  await it.loop.stop(false);
  assertEquals(it.clock.waiting, 0);
});

Deno.test("startCheckInLoop sends what changed and what is gone, once", async () => {
  const it = await scene();
  it.bricks = [observation("/a", "starting"), observation("/b", "online")];
  it.loop.hurry();
  await it.clock.turn(0);
  assertEquals(it.received.at(-1)!.bricks.length, 2);
  it.bricks = [observation("/a", "online")];
  it.loop.hurry();
  await it.clock.turn(0);
  const last = it.received.at(-1)!;
  assertEquals(last.bricks, [observation("/a", "online")]);
  assertEquals(last.gone, ["bricks/w1//b"]);
  await it.clock.turn(2_000);
  assertEquals(it.received.at(-1)!.bricks, []);
  assertEquals(it.received.at(-1)!.gone, []);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop repeats in full what may not have arrived, reports included", async () => {
  const it = await scene();
  it.bricks = [observation("/a", "online")];
  it.reply = () => new Refusal(503, "no-leader", "none");
  const report = {
    worker: "w2",
    incarnation: 3,
    state: "failed",
    evidence: "no ack",
  } as const;
  it.loop.report(report, true);
  await it.clock.turn(0);
  assertEquals(it.received.length, 2);
  it.reply = () => ANSWER;
  await it.clock.turn(2_000);
  const last = it.received.at(-1)!;
  assertEquals([last.full, last.bricks.length, last.reports], [true, 1, [
    report,
  ]]);
  await it.clock.turn(2_000);
  assertEquals(it.received.at(-1)!.reports, []);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop answers the wish for a full report at once", async () => {
  const it = await scene();
  it.bricks = [observation("/a", "online")];
  it.loop.hurry();
  await it.clock.turn(0);
  it.reply = (checkIn) => ({ ...ANSWER, fullWanted: !checkIn.full });
  await it.clock.turn(2_000);
  const [asked, full] = it.received.slice(-2);
  assertEquals([asked!.full, full!.full], [false, true]);
  assertEquals(full!.bricks.length, 1);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop tells what changed in roles, and which are gone, once", async () => {
  const it = await scene();
  it.roles = [role("leader/v1/0", 7), role("job/nightly", 8)];
  it.loop.hurry();
  await it.clock.turn(0);
  assertEquals(it.received.at(-1)!.roles, it.roles);
  it.roles = [{ ...role("leader/v1/0", 7), state: "stopping" }];
  it.loop.hurry();
  await it.clock.turn(0);
  assertEquals(it.received.at(-1)!.roles, it.roles);
  assertEquals(it.received.at(-1)!.rolesGone, ["roles/job/nightly"]);
  await it.clock.turn(2_000);
  assertEquals(it.received.at(-1)!.roles, undefined);
  assertEquals(it.received.at(-1)!.rolesGone, undefined);
  it.reply = (checkIn) => ({ ...ANSWER, fullWanted: !checkIn.full });
  await it.clock.turn(2_000);
  assertEquals(it.received.at(-1)!.roles, it.roles);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop says when it sent what is answered, since leases count from then", async () => {
  const it = await scene();
  assertEquals(it.lease, [[1_000, 6_000]]);
  let release = (): void => {};
  it.reply = () =>
    new Promise((resolve) => {
      release = () => resolve(ANSWER);
    });
  await it.clock.turn(3_000);
  release();
  await settle();
  assertEquals(it.lease, [[1_000, 6_000], [3_000, 6_000]]);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop has one request under way at a time, and none lost", async () => {
  const it = await scene();
  const releases: (() => void)[] = [];
  it.reply = () =>
    new Promise((resolve) => releases.push(() => resolve(ANSWER)));
  it.loop.hurry();
  await it.clock.turn(0);
  it.bricks = [observation("/a", "online")];
  it.loop.hurry();
  it.loop.hurry();
  await it.clock.turn(100);
  assertEquals(it.received.length, 2);
  releases.shift()!();
  await it.clock.turn(0);
  assertEquals(it.received.length, 3);
  assertEquals(it.received.at(-1)!.bricks.length, 1);
  releases.shift()!();
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop says goodbye when leaving, and tells of a refusal for good", async () => {
  const it = await scene();
  it.reply = () => new Refusal(409, "name-taken", "taken");
  await it.clock.turn(2_000);
  assertEquals(it.rejected.map((problem) => problem.code), ["name-taken"]);
  it.reply = () => ANSWER;
  await it.loop.stop(true);
  assertEquals(it.received.at(-1)!.leaving, true);
  const count = it.received.length;
  await it.clock.turn(60_000);
  assertEquals(it.received.length, count);
});

/** The monitor understands brief check-ins; these are what it received of them. */
function understandsBriefs(it: Scene): unknown[] {
  const briefs: unknown[] = [];
  it.reply = (body) => {
    if (!Array.isArray(body)) return { ...ANSWER, brief: true };
    briefs.push(...body);
    return null;
  };
  return briefs;
}

Deno.test("startCheckInLoop is brief when there is nothing to say, and the lease goes on", async () => {
  const it = await scene();
  const briefs = understandsBriefs(it);
  await it.clock.turn(2_000);
  assertEquals(briefs, []);
  await it.clock.turn(4_000);
  assertEquals(briefs, [["w1", "boot", 3, 1, 0], ["w1", "boot", 4, 1, 0]]);
  assertEquals(it.lease.at(-1), [it.clock.nowMs(), 6_000]);
  it.bricks = [observation("/a", "online")];
  it.loop.hurry();
  await it.clock.turn(0);
  assertEquals(it.received.at(-1)!.bricks?.length, 1);
  await it.clock.turn(2_000);
  assertEquals(briefs.at(-1), ["w1", "boot", 6, 1, 0]);
  it.identity = { ...IDENTITY, incarnation: 2, revision: 9 };
  await it.clock.turn(2_000);
  assertEquals(briefs.at(-1), ["w1", "boot", 7, 2, 9]);
  it.identity = { ...it.identity, health: 3 };
  await it.clock.turn(2_000);
  assertEquals(briefs.at(-1), ["w1", "boot", 8, 2, 9, 3]);
  it.identity = { ...it.identity, zone: "another" };
  await it.clock.turn(2_000);
  assertEquals(it.received.at(-1)!.zone, "another");
  await it.loop.stop(true);
  assertEquals(it.received.at(-1)!.leaving, true);
});

Deno.test("startCheckInLoop says everything after a brief check-in that got lost or was not understood", async () => {
  const it = await scene();
  const briefs = understandsBriefs(it);
  await it.clock.turn(4_000);
  assertEquals(briefs.length, 1);
  const renewals = it.lease.length;
  const reply = it.reply;
  it.reply = () => new Refusal(400, "malformed-request", "what is this?");
  await it.clock.turn(2_000);
  assertEquals(it.lease.length, renewals);
  it.reply = reply;
  await it.clock.turn(2_000);
  assertEquals(it.received.findLast((one) => !Array.isArray(one))!.full, true);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop gives a leader that does not know it everything at once, and keeps its lease meanwhile", async () => {
  const it = await scene();
  const briefs = understandsBriefs(it);
  await it.clock.turn(4_000);
  const all: CheckIn[] = [];
  it.reply = (body) => {
    if (Array.isArray(body)) {
      const answer = { ...ANSWER, brief: true, fullWanted: true, leaseMs: 0 };
      return { answers: [answer] };
    }
    // It was granted nothing by who does not know it.
    assertEquals(it.lease.at(-1)![1], 0);
    all.push(body);
    return { ...ANSWER, brief: true };
  };
  await it.clock.turn(2_000);
  assertEquals(all.map(({ full }) => full), [true]);
  assertEquals(briefs.length, 1);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop keeps news for the next check-in, unless it cannot wait", async () => {
  const it = await scene();
  const report = { worker: "w2", incarnation: 1, state: "alive", evidence: "" };
  it.loop.report(report as never, false);
  await it.clock.turn(1_000);
  assertEquals(it.received.length, 1);
  await it.clock.turn(1_000);
  assertEquals(it.received.at(-1)!.reports.length, 1);
  await it.loop.stop(false);
});

Deno.test("startCheckInLoop backs off at random while no monitor answers, and the interval is its bound", async () => {
  const attempts = async (random: number): Promise<number[]> => {
    const it = await scene(random);
    const timesMs: number[] = [];
    it.reply = () => {
      timesMs.push(it.clock.nowMs());
      return new Refusal(503, "no-leader", "none");
    };
    await it.clock.turn(20_000);
    await it.loop.stop(false);
    return timesMs.slice(1).map((ms, at) => Math.round(ms - timesMs[at]!));
  };
  assertEquals((await attempts(0)).slice(0, 5), [
    500,
    1_000,
    2_000,
    2_000,
    2_000,
  ]);
  assertEquals((await attempts(0xff)).slice(0, 5), [
    250,
    500,
    1_000,
    1_000,
    1_000,
  ]);
});
function role(name: string, fence: number): RoleObservation {
  return {
    key: `roles/${name}`,
    fence,
    state: "acting",
    pid: null,
    problem: null,
    output: null,
    exitCode: null,
    run: null,
    rebalance: null,
  };
}
