import { assertEquals } from "@std/assert";
import { SmallDisk } from "../../tools/testbed/small_disk.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { Load } from "./load.ts";
import { assertFlawless, outcomeOf } from "./load_judge.ts";
import { hosts, playScene } from "./scene.ts";

const MONITORS = ["m1", "m2", "m3"];
const DISK_BYTES = 32 * 1024 * 1024;
const STUFF_BYTES = 200 * 1024;

type Disks = ReadonlyMap<string, SmallDisk>;

Deno.test("disks of monitors fill up under load and get room again: reads go on, nothing acknowledged is lost", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 3, 18, 1),
    workers: [],
  }, async ({ testbed, step }) => {
    await using stack = new AsyncDisposableStack();
    const disks = new Map<string, SmallDisk>();
    for (const name of MONITORS) {
      const path = `${testbed.directory}/${name}`;
      disks.set(name, stack.use(await SmallDisk.mount(path, DISK_BYTES)));
    }
    testbed.startAll();
    const load = stack.use(new Load(testbed, 2));
    await step("three monitors on small disks, with users", async () => {
      await load.leader(3);
      await load.writes(40);
    });
    await step(
      "a follower's disk is full: writes go on with the others",
      () => fullFollower(testbed, load, disks),
    );
    await step(
      "the leader's disk is full: writes go on with another leader",
      () => fullLeader(testbed, load, disks),
    );
    await step(
      "both followers' disks are full: reads go on, writes wait and go on with room",
      () => fullFollowers(testbed, load, disks),
    );
    await step(
      "all disks are full: reads go on, writes are refused as disk-full, and service returns with room",
      () => allFull(testbed, load, disks),
    );
    await step("zero violations", async () => {
      assertFlawless(await outcomeOf(testbed, load));
    });
  });
});

async function fullFollower(
  testbed: Testbed,
  load: Load,
  disks: Disks,
): Promise<void> {
  const leader = await load.leader(3);
  const name = MONITORS.find((one) => one !== leader)!;
  const disk = disks.get(name)!;
  await disk.fill();
  await saysFull(testbed, name);
  await load.writes(40);
  assertEquals(await load.leader(2), leader);
  await disk.free();
  await load.leader(3);
}

async function fullLeader(
  testbed: Testbed,
  load: Load,
  disks: Disks,
): Promise<void> {
  const leader = await load.leader(3);
  const disk = disks.get(leader)!;
  await disk.fill();
  await saysFull(testbed, leader);
  await load.successor(leader);
  await load.writes(40);
  await disk.free();
  await load.leader(3);
}

async function fullFollowers(
  testbed: Testbed,
  load: Load,
  disks: Disks,
): Promise<void> {
  const leader = await load.leader(3);
  const followers = MONITORS.filter((name) => name !== leader);
  for (const name of followers) await disks.get(name)!.fill();
  const before = load.tally.silences;
  await testbed.eventually("writes wait", async () => {
    await stuff(testbed);
    return load.tally.silences >= before + 5;
  }, 120_000);
  await load.reads(20);
  assertEquals(await load.leader(3), leader);
  for (const name of followers) await disks.get(name)!.free();
  await load.writes(40);
}

async function allFull(
  testbed: Testbed,
  load: Load,
  disks: Disks,
): Promise<void> {
  for (const disk of disks.values()) await disk.fill();
  let attempt = 0;
  await testbed.eventually("a command is refused", async () => {
    await stuff(testbed);
    const value = `attempt ${++attempt}`;
    const put = ["config", "put", "full", value, "--timeout", "2s"];
    const { code, stderr } = await testbed.gmon(...put);
    return code === 7 && stderr.includes("[disk-full]");
  }, 120_000);
  await load.refusals("disk-full", 10);
  const leader = await load.leader(1);
  await load.reads(20);
  await load.staleReads(leader, 0);
  for (const disk of disks.values()) await disk.free();
  await load.leader(3);
  await load.writes(40);
}

/** Stuffs the quorum until the latest that a monitor's log tells of its disk is that it is full. */
async function saysFull(testbed: Testbed, name: string): Promise<void> {
  await testbed.eventually(`${name} says that its disk is full`, async () => {
    const log = await testbed.log(name, 200);
    const isFull = log.lastIndexOf('"code":"disk-full"') >
      log.lastIndexOf("has room again");
    if (!isFull) await stuff(testbed);
    return isFull;
  }, 120_000);
}

let stuffed = 0;

/** Writes much at once, so that what journals have laid out ahead is soon used up; it may be refused, or stay unanswered. */
async function stuff(testbed: Testbed): Promise<void> {
  await Promise.all(testbed.options.monitors.map(async ({ address }) => {
    const value = `${++stuffed} `.padEnd(STUFF_BYTES, ".");
    const url = `http://${address}:24010/v1/config/stuff`;
    try {
      const response = await fetch(url, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ value }),
        signal: AbortSignal.timeout(1_000),
      });
      await response.body?.cancel();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }));
}
