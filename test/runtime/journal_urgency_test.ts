/** Batches that hurry, and batches that wait for company: what becomes durable when, and by how many syncs. */

import { assertEquals } from "@std/assert";
import type { Standing } from "../../src/raft/mod.ts";
import { urgencyOf } from "../../src/runtime/quorum/persist_urgency.ts";
import { LAZY_BYTES, LAZY_MS } from "../../src/runtime/journal/urgency.ts";
import { FakeClock } from "./fake_ports.ts";
import { entry, history, logAfter, open, read } from "./journal_history.ts";
import { MemoryDisk } from "./memory_disk.ts";

const BATCHES = history(6);

Deno.test("Journal lets lazy batches wait for company, and syncs them once", async () => {
  const disk = new MemoryDisk();
  const clock = new FakeClock();
  const { journal, durable } = await open(disk, {}, 1, clock);
  const before = disk.syncs;
  journal.append(BATCHES[0]!, "lazily");
  await clock.turn(LAZY_MS - 1);
  journal.append(BATCHES[1]!, "lazily");
  assertEquals(durable, []);
  await clock.turn(1);
  assertEquals(durable, [2]);
  assertEquals(disk.syncs - before, 1);
  assertEquals(await read(disk), logAfter(BATCHES.slice(0, 2)));
});

Deno.test("Journal takes lazy batches along with one that hurries", async () => {
  const clock = new FakeClock();
  const { journal, durable } = await open(new MemoryDisk(), {}, 1, clock);
  journal.append(BATCHES[0]!, "lazily");
  journal.append(BATCHES[1]!, "atOnce");
  await clock.turn(0);
  assertEquals(durable, [2]);
  assertEquals(clock.waiting, 0);
});

Deno.test("Journal waits no longer for company once much waits", async () => {
  const clock = new FakeClock();
  const { journal, durable } = await open(new MemoryDisk(), {}, 1, clock);
  const large = entry(1, 1, new Uint8Array(LAZY_BYTES));
  journal.append(
    { sequence: 1, hardState: null, entries: [large] },
    "lazily",
  );
  await clock.turn(0);
  assertEquals(durable, [1]);
});

Deno.test("Journal is settled, and closed, only with the lazy batches durable", async () => {
  const disk = new MemoryDisk();
  const first = await open(disk);
  first.journal.append(BATCHES[0]!, "lazily");
  assertEquals(await first.journal.settled(), true);
  assertEquals(first.durable, [1]);
  first.journal.append(BATCHES[1]!, "lazily");
  await first.journal.close();
  assertEquals(first.durable, [1, 2]);
  assertEquals(await read(disk), logAfter(BATCHES.slice(0, 2)));
});

Deno.test("only a leader whose followers suffice is lazy, and never with term or vote", () => {
  const leader: Standing = { role: "leader", term: 1, leader: "m1" };
  const follower: Standing = { role: "follower", term: 1, leader: "m2" };
  const plain = { sequence: 1, hardState: null, entries: [] };
  const vote = { ...plain, hardState: { term: 2, votedFor: "m1" } };
  const rich = { followersSuffice: true };
  const poor = { followersSuffice: false };
  assertEquals(urgencyOf(leader, rich, plain), "lazily");
  assertEquals(urgencyOf(leader, rich, vote), "soon");
  assertEquals(urgencyOf(leader, poor, plain), "soon");
  assertEquals(urgencyOf(follower, poor, plain), "atOnce");
});
