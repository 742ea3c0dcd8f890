import { assertEquals } from "@std/assert";
import { FullDisk, type Lead } from "../../src/runtime/quorum/full_disk.ts";
import { FakeClock } from "./fake_ports.ts";

/** A leader, and up to where its voters hold a log of ten entries. */
function lead(...held: number[]): Lead {
  return {
    standing: { role: "leader" },
    followers: held.map((matchIndex) => ({ matchIndex, voter: true })),
    lastIndex: 10,
  };
}

for (
  const [held, offers] of [
    [[], false],
    [[10], false],
    [[10, 9], false],
    [[10, 10], true],
    [[10, 10, 9, 9], false],
    [[10, 10, 10, 9], true],
  ] as const
) {
  Deno.test(`FullDisk ${offers ? "offers" : "keeps"} the lead when ${held.length} others hold ${held} of 10`, async () => {
    const clock = new FakeClock();
    let offered = 0;
    const loop = { transfer: () => Promise.resolve(offered++) };
    const disk = new FullDisk(clock, lead(...held), loop);
    await clock.turn(5_000);
    assertEquals(offered, 0, "not before it is full");
    disk.changed(true);
    await clock.turn(2_000);
    assertEquals(offered, offers ? 1 : 0);
    disk.stop();
  });
}

Deno.test("FullDisk counts voters only, looks until others have room, and offers again what nobody took", async () => {
  const clock = new FakeClock();
  let offered = 0;
  const loop = {
    transfer: () => Promise.reject(new Error(`refused ${++offered} times`)),
  };
  const now: { -readonly [K in keyof Lead]: Lead[K] } = lead(10, 4);
  const disk = new FullDisk(clock, now, loop);
  disk.changed(true);
  await clock.turn(2_000);
  const learner = { matchIndex: 10, voter: false };
  now.followers = [...now.followers, learner];
  await clock.turn(2_000);
  assertEquals(offered, 0);
  now.followers = lead(10, 10).followers;
  await clock.turn(2_000);
  assertEquals(offered, 1);
  await clock.turn(3_000);
  assertEquals(offered, 2);
  now.standing = { role: "follower" };
  await clock.turn(10_000);
  assertEquals(offered, 2);
  now.standing = { role: "leader" };
  disk.changed(false);
  await clock.turn(10_000);
  assertEquals(offered, 2);
});
