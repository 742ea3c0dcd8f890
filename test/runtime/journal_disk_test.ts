/**
 * The journal on a disk that is full, broken, slow to give, or cut back:
 * nothing that was reported durable is lost, what cannot be helped is fatal
 * and names its place, and what passes by itself is waited for.
 */

import { assert, assertEquals } from "@std/assert";
import { Prng, Problem } from "../../src/base/mod.ts";
import type { PersistBatch } from "../../src/raft/mod.ts";
import type { RecoveredLog } from "../../src/runtime/journal/mod.ts";
import { FakeClock } from "./fake_ports.ts";
import {
  DIRECTORY,
  entry,
  history,
  logAfter,
  matchingLength,
  open,
  read,
  readOrProblem,
  requirePlace,
  tears,
  write,
} from "./journal_history.ts";
import { type Access, MemoryDisk } from "./memory_disk.ts";

const SIZES = { segmentBytes: 600 };

Deno.test("Journal.compact drops whole segments behind an index, and the rest stands for itself", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Prng(seed);
    const disk = new MemoryDisk();
    const batches = history(40 + random.below(20));
    const { journal, problems } = await open(disk, SIZES, seed);
    let index = 0;
    for (let at = 0; at < batches.length; at++) {
      journal.append(batches[at]!);
      await journal.settled();
      if (!random.chance(0.2)) continue;
      const all = logAfter(batches.slice(0, at + 1));
      const last = all.entries.length;
      // What a snapshot covers is committed, hence never replaced again.
      index = Math.max(index, Math.min(last, lowestLater(batches, at + 1) - 1));
      await journal.compact(index);
      requireTail(await read(disk.with("", null)), all, index);
    }
    const all = logAfter(batches);
    requireTail(await read(disk.with("", null)), all, index);
    await journal.compact(all.entries.length);
    await journal.close();
    assertEquals(problems, []);
    assertEquals(disk.files.size, 1);
    requireTail(await read(disk), all, all.entries.length);
  }
});

Deno.test("Journal passes over what a snapshot covers, and says how far it could reach back", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Prng(seed);
    const disk = new MemoryDisk();
    const batches = history(40 + random.below(20));
    if (random.chance(0.3)) {
      const restart = { index: 30, term: 9 };
      const entries = [31, 32, 33].map((index) => entry(index, 9));
      batches.push({ sequence: 99, hardState: null, entries, restart });
    }
    await write(disk, batches, SIZES);
    const all = await read(disk);
    const last = all.base.index + all.entries.length;
    for (const covered of [1, random.below(last), last, last + 5]) {
      const { journal, recovered } = await open(disk, { ...SIZES, covered });
      await journal.close();
      const expected = Math.max(Math.min(covered, last), all.base.index);
      assertEquals(recovered.base.index, expected);
      assertEquals(recovered.reach, all.reach);
      assertEquals(recovered.hardState, all.hardState);
      assertEquals(
        recovered.entries,
        all.entries.slice(expected - all.base.index),
      );
    }
  }
});

Deno.test("Journal.compact never gives up the only record of term and vote", async () => {
  const disk = new MemoryDisk();
  const { journal } = await open(disk, { segmentBytes: 100 });
  const hardState = { term: 7, votedFor: "m2" };
  const [first, ...more] = [1, 2, 3, 4, 5, 6].map((index): PersistBatch => ({
    sequence: index,
    hardState: null,
    entries: [entry(index, 7)],
  }));
  journal.append({ ...first!, hardState });
  for (const batch of more) {
    await journal.settled();
    journal.append(batch);
  }
  await journal.settled();
  await journal.compact(6);
  const found = await read(disk);
  assertEquals(found.hardState, hardState);
  assert(found.base.index >= 4, "the older segments are gone");
  await journal.close();
});

Deno.test("Journal.compact killed at any operation leaves a journal without a hole", async () => {
  const batches = history(40);
  const all = logAfter(batches);
  for (let step = 1; step < 12; step++) {
    for (const tear of tears(step)) {
      const disk = new MemoryDisk();
      await write(disk, batches, SIZES);
      const { journal } = await open(disk, SIZES);
      disk.killAt = disk.operations + step;
      await journal.compact(all.entries.length);
      requireTail(
        await read(disk.afterCrash(tear)),
        all,
        all.entries.length,
      );
    }
  }
});

Deno.test("Journal begins anew behind a snapshot from elsewhere", async () => {
  const disk = new MemoryDisk();
  const batches: PersistBatch[] = [
    ...history(20),
    {
      sequence: 21,
      hardState: { term: 90, votedFor: null },
      entries: [entry(5001, 90)],
      restart: { index: 5000, term: 80 },
    },
    { sequence: 22, hardState: null, entries: [entry(5002, 90)] },
  ];
  await write(disk, batches, SIZES);
  const found = await read(disk);
  assertEquals(found, logAfter(batches));
  assertEquals(found.base, { index: 5000, term: 80 });
  // Entries before its beginning would contradict it.
  await write(disk, [{
    sequence: 1,
    hardState: null,
    entries: [entry(5000, 80)],
  }], SIZES);
  const problem = await readOrProblem(disk);
  assert(problem instanceof Problem);
  requirePlace(problem, ".segment");
});

Deno.test("Journal waits for room on a full disk, says so meanwhile, and loses nothing", async () => {
  const batches = history(30);
  const whole = new MemoryDisk();
  await write(whole, batches, SIZES);
  const most = sizeOf(whole);
  for (let capacity = 40; capacity < most; capacity += 211) {
    const disk = new MemoryDisk();
    const clock = new FakeClock();
    const { journal, durable, problems } = await open(disk, SIZES, 1, clock);
    disk.capacityBytes = capacity;
    for (const batch of batches) {
      journal.append(batch);
      await clock.turn(0);
    }
    assertEquals(journal.full?.code, "disk-full");
    const safe = durable.at(-1) ?? 0;
    for (const tear of tears(capacity)) {
      const found = await read(disk.afterCrash(tear));
      matchingLength(found, batches, safe, `capacity ${capacity}`);
    }
    // Some more does not help for good; enough does, without anybody's doing.
    disk.capacityBytes = capacity + 300;
    await clock.turn(2_000);
    disk.capacityBytes = Infinity;
    await clock.turn(2_000);
    assertEquals(journal.full, null);
    assertEquals(await journal.settled(), true);
    assertEquals(durable.at(-1), batches.length);
    assertEquals(problems, []);
    assertEquals(await read(disk), logAfter(batches));
    await journal.close();
  }
});

Deno.test("Journal uses the room laid out ahead while the disk is full", async () => {
  const disk = new MemoryDisk();
  const clock = new FakeClock();
  const { journal, durable } = await open(
    disk,
    { segmentBytes: 10_000 },
    1,
    clock,
  );
  const small = (index: number): PersistBatch => ({
    sequence: index,
    hardState: { term: index, votedFor: "m1" },
    entries: [],
  });
  journal.append(small(1));
  await clock.turn(0);
  disk.capacityBytes = sizeOf(disk);
  let whenFull = 0;
  for (let index = 2; index <= 30; index++) {
    journal.append(small(index));
    await clock.turn(0);
    if (whenFull === 0 && journal.full !== null) whenFull = durable.length;
  }
  assertEquals(journal.full?.code, "disk-full");
  // At least 200 bytes were left then, five records: votes went on.
  assertEquals(durable.length, whenFull + 4);
  await journal.close();
});

Deno.test("Journal tries a record again that a full disk took only a part of", async () => {
  const disk = new MemoryDisk();
  const clock = new FakeClock();
  const { journal, durable, problems } = await open(disk, {}, 1, clock);
  const batches = history(6);
  journal.append(batches[0]!);
  await clock.turn(0);
  // As file systems do that copy on write: also what is laid out takes room.
  disk.fault = ({ doing }) => doing === "write" ? "EDQUOT" : null;
  for (const batch of batches.slice(1)) journal.append(batch);
  await clock.turn(3_000);
  assertEquals(durable, [1]);
  assertEquals(journal.full?.code, "disk-full");
  disk.fault = () => null;
  await clock.turn(1_000);
  assertEquals(durable, [1, 6]);
  assertEquals(problems, []);
  assertEquals(await read(disk), logAfter(batches));
  await journal.close();
});

Deno.test("Journal.close does not wait for room; what waited was never durable", async () => {
  const disk = new MemoryDisk();
  const clock = new FakeClock();
  const batches = history(12);
  const { journal, durable } = await open(disk, SIZES, 1, clock);
  disk.capacityBytes = 700;
  for (const batch of batches) {
    journal.append(batch);
    await clock.turn(0);
  }
  await journal.close();
  const safe = durable.at(-1) ?? 0;
  assert(safe < batches.length, "not everything found room");
  disk.capacityBytes = Infinity;
  matchingLength(await read(disk), batches, safe, "closed while full");
});

Deno.test("Journal: a failed sync is fatal whatever its code, and names file and offset", async () => {
  for (const code of ["EIO", "ENOSPC", "EDQUOT"]) {
    for (const doing of ["sync", "syncDirectory"] as const) {
      const disk = new MemoryDisk();
      const { journal, durable, problems } = await open(disk, SIZES);
      const batches = history(30);
      journal.append(batches[0]!);
      await journal.settled();
      disk.fault = (access) => access.doing === doing ? code : null;
      for (const batch of batches.slice(1)) {
        journal.append(batch);
        await journal.settled();
      }
      assertEquals(problems.map((problem) => problem.code), ["disk-failed"]);
      const [{ message }] = problems as [Problem];
      assert(message.includes(code), message);
      assert(/syncing \/data\/journal\S* at offset \d+/.test(message), message);
      if (doing === "sync") assertEquals(durable, [1]);
      disk.fault = () => null;
      journal.append(batches.at(-1)!);
      assertEquals(await journal.settled(), false);
      await journal.close();
    }
  }
});

Deno.test("Journal: EIO on any write is fatal and names file and offset; what was durable stays", async () => {
  const batches = history(20);
  for (let failAt = 1;; failAt++) {
    const disk = new MemoryDisk();
    const { journal, durable, problems } = await open(disk, SIZES);
    let writes = 0;
    let failed: Access | null = null;
    disk.fault = (access) => {
      if (access.doing !== "write" || ++writes !== failAt) return null;
      failed = access;
      return "EIO";
    };
    for (const batch of batches) {
      journal.append(batch);
      await journal.settled();
    }
    await journal.close();
    disk.fault = () => null;
    const safe = durable.at(-1) ?? 0;
    matchingLength(await read(disk), batches, safe, `write ${failAt}`);
    if (failed === null) break;
    const { path, offset } = failed as Access;
    assertEquals(problems.map(({ code }) => code), ["disk-failed"]);
    const [{ message }] = problems as [Problem];
    assert(message.includes(`EIO: writing ${path} at offset ${offset}`));
  }
});

Deno.test("Journal names file and offset of what cannot be read, and endures short reads", async () => {
  const disk = new MemoryDisk();
  const batches = history(30);
  await write(disk, batches, SIZES);
  for (let seed = 1; seed <= 20; seed++) {
    disk.shortReads = new Prng(seed);
    assertEquals(await read(disk), logAfter(batches));
  }
  const path = `${DIRECTORY}/000000000002.segment`;
  disk.fault = (access) =>
    access.doing === "read" && access.path === path && access.offset > 0
      ? "EIO"
      : null;
  const problem = await readOrProblem(disk);
  assert(problem instanceof Problem);
  assertEquals(problem.code, "disk-failed");
  const where = new RegExp(`reading ${path} at offset [1-9]`);
  assert(where.test(problem.message), problem.message);
});

/** The lowest index that a later batch still replaces. */
function lowestLater(batches: readonly PersistBatch[], from: number): number {
  const firsts = batches.slice(from).flatMap(({ entries }) =>
    entries.slice(0, 1).map(({ index }) => index)
  );
  return Math.min(...firsts, Infinity);
}

/** What was found must be the end of the log, and begin at or before `index`. */
function requireTail(
  found: RecoveredLog,
  all: RecoveredLog,
  index: number,
): void {
  const { base } = found;
  assert(base.index <= index, `${base.index} is beyond ${index}`);
  assertEquals(found.hardState, all.hardState);
  assertEquals(found.entries, all.entries.slice(base.index));
  assertEquals(found.reach, base.index);
  if (base.term === null) return;
  assertEquals(base.term, all.entries[base.index - 1]?.term ?? 0);
}

function sizeOf(disk: MemoryDisk): number {
  let size = 0;
  for (const { current } of disk.files.values()) size += current.length;
  return size;
}
