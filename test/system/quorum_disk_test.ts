import { assertEquals, assertStringIncludes } from "@std/assert";
import { SmallDisk } from "../../tools/testbed/small_disk.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { Load } from "./load.ts";
import { assertFlawless, outcomeOf } from "./load_judge.ts";
import { hosts, playScene } from "./scene.ts";

const MONITORS = ["m1", "m2", "m3"];
const DISK_BYTES = 24 * 1024 * 1024;

type Disks = ReadonlyMap<string, SmallDisk>;

Deno.test("disks of monitors fill up under load and get room again: reads go on, nothing acknowledged is lost", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 3, 8, 1),
    workers: [],
  }, async ({ testbed, step }) => {
    await using stack = new AsyncDisposableStack();
    const disks = new Map<string, SmallDisk>();
    for (const name of MONITORS) {
      const path = `${testbed.directory}/${name}`;
      disks.set(name, stack.use(await SmallDisk.mount(path, DISK_BYTES)));
    }
    testbed.startAll();
    // Values large enough to use up what a journal has laid out.
    const load = stack.use(new Load(testbed, 2, [], { largeChance: 0.5 }));
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
      () => fullFollowers(load, disks),
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

async function fullFollowers(load: Load, disks: Disks): Promise<void> {
  const leader = await load.leader(3);
  const followers = MONITORS.filter((name) => name !== leader);
  for (const name of followers) await disks.get(name)!.fill();
  await load.silence(5);
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
  await load.refusals("disk-full", 5);
  const leader = await load.leader(1);
  const { code, stderr } = await testbed.gmon("config", "put", "full", "yes");
  assertEquals(code, 7, stderr);
  assertStringIncludes(stderr, "[disk-full]");
  await load.reads(20);
  await load.staleReads(leader, 0);
  for (const disk of disks.values()) await disk.free();
  await load.leader(3);
  await load.writes(40);
}

/** Waits until a monitor's log tells of its full disk once more than before. */
async function saysFull(testbed: Testbed, name: string): Promise<void> {
  await testbed.eventually(`${name} says that its disk is full`, async () => {
    const log = await testbed.log(name, 200);
    return log.includes('"code":"disk-full"');
  }, 120_000);
}
