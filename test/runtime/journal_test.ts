/**
 * The journal over a disk that can do everything wrong. What was reported
 * durable must come back whole, or recovery must refuse, naming the place.
 */

import { assert, assertEquals } from "@std/assert";
import { concat, Prng, Problem } from "../../src/base/mod.ts";
import type { PersistBatch } from "../../src/raft/mod.ts";
import {
  entry,
  history,
  logAfter,
  matchingLength,
  open,
  read,
  readOrProblem,
  refuses,
  requirePlace,
  tears,
  write,
  writeUntilKilled,
} from "./journal_history.ts";
import { MemoryDisk } from "./memory_disk.ts";

Deno.test("Journal gives back what it took, over several segments", async () => {
  const disk = new MemoryDisk();
  const batches = history(40);
  await write(disk, batches, { segmentBytes: 700 });
  assert(disk.files.size > 3, "the history fills several segments");
  assertEquals(await read(disk), logAfter(batches));
});

Deno.test("Journal goes on where it ended, any number of times", async () => {
  const disk = new MemoryDisk();
  const batches = history(30);
  for (let at = 0; at < batches.length; at += 3) {
    await write(disk, batches.slice(at, at + 3), { segmentBytes: 600 });
  }
  assertEquals(await read(disk), logAfter(batches));
});

Deno.test("Journal keeps hard states without a vote, and data of all lengths", async () => {
  const disk = new MemoryDisk();
  const lengths = [0, 1, 511, 512, 513, 5000];
  const batches: PersistBatch[] = lengths.map((length, at) => ({
    sequence: at + 1,
    hardState: { term: 2 ** 40 + at, votedFor: at % 2 === 0 ? null : "m-ü" },
    entries: [entry(at + 1, 1, new Uint8Array(length).fill(at))],
  }));
  await write(disk, batches);
  assertEquals(await read(disk), logAfter(batches));
});

Deno.test("Journal replaces entries from the first new one's index on", async () => {
  const disk = new MemoryDisk();
  const batches: PersistBatch[] = [
    {
      sequence: 1,
      hardState: null,
      entries: [1, 2, 3].map((i) => entry(i, 1)),
    },
    { sequence: 2, hardState: { term: 2, votedFor: "m2" }, entries: [] },
    { sequence: 3, hardState: null, entries: [entry(2, 2)] },
  ];
  await write(disk, batches);
  const { hardState, entries } = await read(disk);
  assertEquals(hardState, { term: 2, votedFor: "m2" });
  assertEquals(entries.map(({ index, term }) => [index, term]), [[1, 1], [
    2,
    2,
  ]]);
});

Deno.test("Journal serves all batches of one turn with one sync", async () => {
  const disk = new MemoryDisk();
  const { journal, durable } = await open(disk);
  const before = disk.syncs;
  const batches = history(100);
  for (const batch of batches) journal.append(batch);
  await journal.settled();
  assertEquals(disk.syncs - before, 1);
  assertEquals(durable, [100]);
  assertEquals(await read(disk), logAfter(batches));
});

Deno.test("Journal gathers what comes during a sync for the next one", async () => {
  const disk = new MemoryDisk();
  const { journal, durable } = await open(disk);
  const before = disk.syncs;
  const batches = history(30);
  disk.holdSyncs();
  journal.append(batches[0]!);
  for (let turn = 0; turn < 100 && disk.heldSyncs === 0; turn++) {
    await Promise.resolve();
  }
  for (const batch of batches.slice(1)) journal.append(batch);
  assertEquals(durable, []);
  disk.releaseSyncs();
  await journal.settled();
  assertEquals(disk.syncs - before, 2);
  assertEquals(durable, [1, 30]);
});

Deno.test("Journal reports a failed sync once and never tries again", async () => {
  const disk = new MemoryDisk();
  const { journal, durable, problems } = await open(disk);
  const batches = history(3);
  journal.append(batches[0]!);
  await journal.settled();
  disk.failing = true;
  journal.append(batches[1]!);
  assertEquals(await journal.settled(), false);
  const syncs = disk.syncs;
  disk.failing = false;
  journal.append(batches[2]!);
  assertEquals(await journal.settled(), false);
  assertEquals(disk.syncs, syncs);
  assertEquals(durable, [1]);
  assertEquals(problems.map(({ code }) => code), ["disk-failed"]);
  assert(problems[0]!.message.includes("EIO"));
});

Deno.test("Journal loses nothing durable when killed at any operation, however writes tear", async () => {
  const batches = history(14);
  for (let killAt = 1;; killAt++) {
    const disk = new MemoryDisk();
    disk.killAt = killAt;
    const done = await writeUntilKilled(disk, batches);
    for (const tear of tears(killAt)) {
      const survivor = disk.afterCrash(tear);
      const found = await read(survivor);
      const context = `killed at ${killAt}, ${tear.kind}`;
      const length = matchingLength(found, batches, done.durable, context);
      // The survivor must be as good as new: go on and read again.
      const rest = batches.slice(length).map((batch, at) => ({
        ...batch,
        sequence: at + 1,
      }));
      await write(survivor, rest, { segmentBytes: 600 });
      assertEquals(await read(survivor), logAfter(batches), context);
    }
    if (done.finished) break;
  }
});

Deno.test("Journal survives crashes again and again, also during recovery", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = new Prng(seed);
    const batches = history(30);
    let disk = new MemoryDisk();
    let length = 0;
    let safe = 0;
    while (length < batches.length) {
      disk.killAt = disk.operations + random.between(1, 25);
      const rest = batches.slice(length);
      const done = await writeUntilKilled(disk, rest);
      safe = Math.max(safe, length + done.durable);
      disk = disk.afterCrash({ kind: "sectors", random });
      const found = await read(disk);
      length = matchingLength(found, batches, safe, `seed ${seed}`);
      // Reading made durable what it found.
      safe = length;
    }
  }
});

Deno.test("Journal never takes a flipped bit for a shorter or another history", async () => {
  const disk = new MemoryDisk();
  const batches = history(9);
  await write(disk, batches, { segmentBytes: 500 });
  const expected = logAfter(batches);
  assert(disk.files.size >= 2, "there are a last segment and others");
  let refused = 0;
  for (const [path, node] of disk.files) {
    for (let at = 0; at < node.current.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const content = node.current.slice();
        content[at]! ^= 1 << bit;
        const found = await readOrProblem(disk.with(path, content));
        if (found instanceof Problem) {
          refused++;
          requirePlace(found, path);
        } else {
          // Only in room that holds nothing yet.
          assertEquals(found, expected, `${path} byte ${at} bit ${bit}`);
          assertEquals(node.current.slice(at).every((b) => b === 0), true);
        }
      }
    }
  }
  assert(refused > 1000, "most flips hit something");
});

Deno.test("Journal refuses zeroed sectors before its end", async () => {
  const disk = new MemoryDisk();
  const batches = history(60);
  await write(disk, batches, { segmentBytes: 1 << 20 });
  const [path, node] = [...disk.files][0]!;
  const written = node.current.findLastIndex((byte) => byte !== 0) + 1;
  for (let start = 0; start + 1024 < written; start += 512) {
    const content = node.current.slice();
    content.fill(0, start, start + 512);
    const found = await readOrProblem(disk.with(path, content));
    assert(found instanceof Problem, `sector at ${start}`);
    requirePlace(found, path);
  }
});

Deno.test("Journal refuses a hole where a record began, when others follow", async () => {
  const disk = new MemoryDisk();
  await write(disk, history(6));
  const [path, node] = [...disk.files][0]!;
  const starts = recordStarts(node.current);
  assertEquals(starts.length, 6);
  for (const start of starts.slice(0, -1)) {
    const content = node.current.slice();
    content.fill(0, start, start + 28);
    await refuses(disk.with(path, content), `offset ${start}`);
  }
});

Deno.test("Journal cuts off a last record with a sector missing, unless something follows it", async () => {
  const disk = new MemoryDisk();
  const data = new Uint8Array(2000).fill(1);
  const batches: PersistBatch[] = [1, 2].map((index) => ({
    sequence: index,
    hardState: null,
    entries: [entry(index, 1, data)],
  }));
  await write(disk, batches);
  const [path, node] = [...disk.files][0]!;
  const [, start] = recordStarts(node.current);
  const torn = node.current.slice();
  torn.fill(0, 2560, 3072);
  assertEquals(
    await read(disk.with(path, torn)),
    logAfter(batches.slice(0, 1)),
  );
  torn[torn.length - 1] = 1;
  await refuses(disk.with(path, torn), `offset ${start}`);
});

Deno.test("Journal refuses a record that stands there twice, or not at all", async () => {
  const disk = new MemoryDisk();
  await write(disk, history(30), { segmentBytes: 500 });
  const path = [...disk.files.keys()].sort()[0]!;
  const { current } = disk.files.get(path)!;
  const starts = recordStarts(current);
  const [first, second] = starts;
  const twice = concat([
    current.slice(0, second),
    current.slice(first, second),
    new Uint8Array(100),
  ]);
  await refuses(disk.with(path, twice), `offset ${second}`);
  const without = current.slice(0, starts.at(-1)!);
  await refuses(disk.with(path, without), "are missing");
});

Deno.test("Journal refuses a missing, swapped or foreign segment", async () => {
  const disk = new MemoryDisk();
  await write(disk, history(30), { segmentBytes: 500 });
  const paths = [...disk.files.keys()].sort();
  assert(paths.length >= 4);
  // A journal may begin later; the store asks for a snapshot that covers it.
  const { base } = await read(disk.with(paths[0]!, null));
  assert(base.index > 0, "the beginning is known to be missing");
  for (const path of paths.slice(0, -1)) {
    if (path !== paths[0]) await refuses(disk.with(path, null), "missing");
    await refuses(disk.with(path, new Uint8Array(200)), "empty");
  }
  const second = disk.files.get(paths[1]!)!.current;
  await refuses(disk.with(paths[2]!, second), "wrong name");

  const other = new MemoryDisk();
  await write(other, history(30), { segmentBytes: 500 }, 7);
  const foreign = other.files.get(paths[1]!)!.current;
  const [header, records] = [second.slice(0, 36), foreign.slice(36)];
  await refuses(disk.with(paths[1]!, concat([header, records])), "offset 36");
});

Deno.test("Journal names a format that it does not know", async () => {
  const disk = new MemoryDisk();
  await write(disk, history(1));
  const [path, node] = [...disk.files][0]!;
  const { crc32c } = await import("../../src/base/mod.ts");
  const content = node.current.slice();
  const view = new DataView(content.buffer);
  view.setUint32(8, 2);
  view.setUint32(32, crc32c(content.subarray(0, 32)));
  const problem = await readOrProblem(disk.with(path, content));
  assert(problem instanceof Problem);
  assertEquals(problem.code, "journal-format");
  assert(problem.message.includes("format 2"));
});

/** Where the records of a segment begin, by their first bytes. */
function recordStarts(segment: Uint8Array): number[] {
  const magic = [0xf6, 0x67, 0x6d, 0xae];
  const starts: number[] = [];
  for (let at = 0; at < segment.length; at++) {
    if (magic.every((byte, i) => segment[at + i] === byte)) starts.push(at);
  }
  return starts;
}
