/** Whole stores whose disks are full, broken or damaged, and what snapshots do for them. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { KEYS } from "../../src/cluster/mod.ts";
import type { Store } from "../../src/runtime/mod.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { cluster, leads, put, Quorum, reaches } from "./store_quorum.ts";

/** Small enough for a test to fill: a snapshot every twenty entries. */
const SMALL = {
  journal: { segmentBytes: 4096, layOutBytes: 512 },
  snapshots: { entries: 20, bytes: 100_000, tailEntries: 2 },
};

Deno.test("a store starts from its newest snapshot and the journal's tail, again and again", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const disk = new MemoryDisk();
  const directory = "/data";
  let hash = 0;
  for (let round = 1; round <= 4; round++) {
    const store = await quorum.start("m1", directory, { ...SMALL, disk });
    if (round > 1) {
      assertEquals(quorum.restored.length, round - 1);
      assert(quorum.restored.at(-1)!.index > 20 * (round - 1));
    }
    await leads(store);
    await store.readBarrier();
    if (round > 1) assertEquals(store.state.hash(), hash);
    for (let at = 0; at < 60; at++) {
      await store.commit(put(`k${at % 25}`, `${round}/${at}`));
      // A snapshot takes its time; this disk takes none.
      if (at % 15 === 14) await pause();
    }
    hash = store.state.hash();
    await quorum.stop("m1");
    const names = [...disk.files.keys()];
    const count = (end: string): number =>
      names.filter((name) => name.endsWith(end)).length;
    assertEquals(count(".snapshot"), 2);
    assert(count(".segment") <= 4, `${names}`);
    assertEquals(names.includes("/data/snapshots/taking"), false);
  }
});

Deno.test("a monitor that was away for long gets a snapshot, not the log that is gone", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  const start = (name: string): Promise<Store> =>
    quorum.start(name, quorum.directory(name), SMALL);
  await Promise.all(quorum.names.map(start));
  const leader = await quorum.leader();
  await leader.commit(put("a", "1"));
  const away = quorum.names.find((name) => quorum.store(name) !== leader)!;
  await quorum.stop(away);
  for (let at = 0; at < 120; at++) {
    await leader.commit(put(`k${at % 30}`, "v".repeat(500)));
  }
  const back = await start(away);
  await reaches(back, leader.state.revision);
  assertEquals(back.state.hash(), leader.state.hash());
  const received = quorum.restored.filter(({ name }) => name === away);
  assert(received.length >= 1, "a snapshot came from the leader");
  // Watchers of what was skipped are told so.
  assertEquals(back.state.changesSince(1, ""), "compacted");
  // What it received is its own now: it starts from it.
  await quorum.stop(away);
  const again = await start(away);
  await reaches(again, leader.state.revision);
  assertEquals(again.state.hash(), leader.state.hash());
});

Deno.test("a store on a full disk reads, refuses writes as disk-full, and comes back by itself", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const disk = new MemoryDisk();
  const store = await quorum.start("m1", "/data", { ...SMALL, disk });
  await leads(store);
  let acknowledged = 0;
  disk.capacityBytes = sizeOf(disk) + 2_000;
  const pending: Promise<unknown>[] = [];
  let refusal: Problem | null = null;
  while (refusal === null) {
    const write = store.commit(put(`k${acknowledged}`, "v".repeat(100)));
    // A write that was under way when the disk filled up may wait for room.
    const outcome = await Promise.race([
      write.catch((error: Problem) => error),
      new Promise<null>((resolve) => setTimeout(() => resolve(null), 300)),
    ]);
    if (outcome instanceof Problem) refusal = outcome;
    else if (outcome === null) pending.push(write);
    else acknowledged++;
  }
  assertEquals(refusal.code, "disk-full");
  assert(refusal.message.includes("/data/"), refusal.message);
  assert(acknowledged > 2, "the room laid out ahead was used");
  await store.readBarrier();
  const last = KEYS.config(`k${acknowledged - 1}`);
  assertEquals(store.state.get(last)?.value, { value: "v".repeat(100) });
  const again = await assertRejects(() => store.commit(put("b", "1")), Problem);
  assertEquals(again.code, "disk-full");

  disk.capacityBytes = Infinity;
  await Promise.all(pending);
  while (true) {
    const outcome = await store.commit(put("c", "1"))
      .catch((error: Problem) => error.code);
    if (outcome !== "disk-full") break;
    await pause();
  }
  const hash = store.state.hash();
  await quorum.stop("m1");
  const reopened = await quorum.start("m1", "/data", { ...SMALL, disk });
  await leads(reopened);
  await reopened.readBarrier();
  assertEquals(reopened.state.hash(), hash);
});

Deno.test("a leader whose disk is full hands over, and writes go on with another", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  const disks = new Map(quorum.names.map((name) => [name, new MemoryDisk()]));
  await Promise.all(
    quorum.names.map((name) =>
      quorum.start(name, `/data/${name}`, { ...SMALL, disk: disks.get(name)! })
    ),
  );
  const leader = await quorum.leader();
  const name = quorum.nameOf(leader);
  const others = quorum.stores.filter((store) => store !== leader);
  const disk = disks.get(name)!;
  disk.capacityBytes = sizeOf(disk);
  const next = Promise.race(others.map((store) => leads(store)));
  for (let at = 0; leader.standing.role === "leader"; at++) {
    await leader.commit(put(`k${at}`, "v".repeat(100))).catch(pause);
  }
  const successor = await next;
  await successor.readBarrier();
  const { revision } = successor.state;
  for (let at = 0; at < 50; at++) {
    await successor.commit(put(`n${at}`, "v".repeat(100)));
  }
  // With room, the full one catches up by itself.
  disk.capacityBytes = Infinity;
  await reaches(leader, revision + 50);
  assertEquals(leader.state.hash(), successor.state.hash());
});

Deno.test("a leader keeps the lead while too few others have room: reads go on, writes are refused as disk-full", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  const disks = new Map(quorum.names.map((name) => [name, new MemoryDisk()]));
  await Promise.all(
    quorum.names.map((name) =>
      quorum.start(name, `/data/${name}`, { ...SMALL, disk: disks.get(name)! })
    ),
  );
  const leader = await quorum.leader();
  const name = quorum.nameOf(leader);
  const [stuck, roomy] = quorum.names.filter((one) => one !== name);
  // One follower takes nothing more, and then the leader neither.
  for (const full of [stuck!, name]) {
    const disk = disks.get(full)!;
    disk.capacityBytes = sizeOf(disk);
    for (let at = 0; at < 20; at++) {
      const write = leader.commit(put(`k${at}`, "v".repeat(100)));
      await Promise.race([write.catch(() => {}), pause()]);
    }
  }
  const refused = await assertRejects(
    () => leader.commit(put("a", "1")),
    Problem,
  );
  assertEquals(refused.code, "disk-full");
  // Longer than a hand-over and an election take.
  for (let at = 0; at < 100; at++) {
    await leader.readBarrier();
    await pause();
  }
  assertEquals(leader.standing.role, "leader");
  // With the others' room there are two that can commit without this one.
  const successor = Promise.race(
    [stuck!, roomy!].map((one) => leads(quorum.store(one)!)),
  );
  disks.get(stuck!)!.capacityBytes = Infinity;
  await (await successor).commit(put("b", "1"));
});

Deno.test("openStore names file and offset of damage, and refuses to serve", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const disk = new MemoryDisk();
  const store = await quorum.start("m1", "/data", { ...SMALL, disk });
  await leads(store);
  for (let at = 0; at < 130; at++) {
    await store.commit(put(`k${at % 40}`, "v".repeat(200)));
    if (at % 15 === 14) await pause();
  }
  const hash = store.state.hash();
  await quorum.stop("m1");
  const names = [...disk.files.keys()].sort();
  const [older, newest] = names.filter((name) => name.endsWith(".snapshot"));
  const segments = names.filter((name) => name.endsWith(".segment"));

  // The older snapshot and the journal bring back all of it.
  const half = flip(disk, newest!, 700);
  const healed = await quorum.start("m1", "/data", { ...SMALL, disk: half });
  await leads(healed);
  await healed.readBarrier();
  assertEquals(healed.state.hash(), hash);
  await quorum.stop("m1");

  await refuses(flip(flip(disk, newest!, 700), older!, 300), newest!);
  await refuses(flip(disk, segments[1]!, 90), segments[1]!);
  await refuses(disk.with(segments[1]!, null), segments[1]!);
  const without = disk.with(newest!, null).with(older!, null);
  await refuses(without, "begins behind entry");
  let stripped = disk;
  for (const segment of segments) stripped = stripped.with(segment, null);
  await refuses(stripped, "journal is missing");

  async function refuses(damaged: MemoryDisk, word: string): Promise<void> {
    const problem = await assertRejects(
      () => quorum.start("m1", "/data", { ...SMALL, disk: damaged }),
      Problem,
    );
    assertEquals(problem.kind, "damaged");
    assert(problem.message.includes(word), problem.message);
    const isPlaced = /offset \d+|missing|behind entry/.test(problem.message);
    assert(isPlaced, problem.message);
  }
});

Deno.test("a store ties its directory to the cluster once the disk has room for it", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const disk = new MemoryDisk();
  const store = await quorum.start("m1", "/data", { ...SMALL, disk });
  await leads(store);
  let refused = 0;
  disk.fault = ({ doing }) =>
    doing === "replace" && ++refused < 2 ? "ENOSPC" : null;
  await store.commit(cluster("a".repeat(36)));
  while (refused < 2) await pause();
  await quorum.stop("m1");
  const identity = disk.files.get("/data/identity.json")!.current;
  assert(new TextDecoder().decode(identity).includes("a".repeat(36)));
});

/** Lets timers and sockets have their turn. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function flip(disk: MemoryDisk, path: string, at: number): MemoryDisk {
  const content = disk.files.get(path)!.current.slice();
  content[at]! ^= 16;
  return disk.with(path, content);
}

function sizeOf(disk: MemoryDisk): number {
  let size = 0;
  for (const { current } of disk.files.values()) size += current.length;
  return size;
}
