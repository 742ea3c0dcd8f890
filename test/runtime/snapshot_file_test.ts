/**
 * Snapshots as files, over a disk that can do everything wrong: what has its
 * name is whole and survives, what is not whole is found out by file and
 * offset, and an older one serves only where the journal reaches back to it.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Prng, Problem, RunningDigest } from "../../src/base/mod.ts";
import { ClusterState, encodeSnapshot } from "../../src/cluster/mod.ts";
import { DiskError, type Log } from "../../src/platform/mod.ts";
import type { Configuration, Entry, Snapshot } from "../../src/raft/mod.ts";
import {
  loadSnapshot,
  readSnapshot,
  type RecoveredLog,
  SnapshotDirectory,
} from "../../src/runtime/journal/mod.ts";
import { entry, tears } from "./journal_history.ts";
import { Killed, MemoryDisk } from "./memory_disk.ts";

const DIRECTORY = "/data/snapshots";
const MEMBERS: Configuration = ["m1", "m2"].map((name) => ({
  name,
  voter: true,
  data: `${name}:24011`,
  incarnation: "",
  promote: false,
  replaces: null,
}));
const log: Log = { write: () => {} };

Deno.test("a snapshot's file gives back state, place and members, and its own digest", async () => {
  const disk = new MemoryDisk();
  const state = stateOf(300);
  const written = await take(disk, state, 77);
  const path = `${DIRECTORY}/000000000000077.snapshot`;
  const bytes = disk.files.get(path)!.current;
  const digest = new RunningDigest();
  digest.add(bytes.subarray(0, 100));
  digest.add(bytes.subarray(100));
  assertEquals(written, {
    index: 77,
    term: 3,
    configuration: MEMBERS,
    bytes: bytes.length,
    digest: digest.toString(),
  });
  for (let seed = 0; seed < 20; seed++) {
    disk.shortReads = seed === 0 ? null : new Prng(seed);
    const loaded = await readSnapshot(disk, path);
    assertEquals(loaded.snapshot, written);
    assertEquals(loaded.state.hash(), state.hash());
  }
});

Deno.test("two monitors make the same bytes of the same state", async () => {
  const one = await take(new MemoryDisk(), stateOf(50), 9);
  const other = await take(new MemoryDisk(), stateOf(50), 9);
  assertEquals(one, other);
});

Deno.test("a snapshot's file with any bit flipped is refused, naming file and offset", async () => {
  const disk = new MemoryDisk();
  await take(disk, stateOf(8), 5);
  const [path, node] = [...disk.files][0]!;
  for (let at = 0; at < node.current.length; at++) {
    const content = node.current.slice();
    content[at]! ^= 1 << (at % 8);
    const problem = await refused(disk.with(path, content), path);
    const offset = Number(/offset (\d+)/.exec(problem.message)?.[1]);
    assert(offset <= at, problem.message);
  }
});

Deno.test("a snapshot's file that is cut off anywhere, or goes on, is refused", async () => {
  const disk = new MemoryDisk();
  await take(disk, stateOf(8), 5);
  const [path, node] = [...disk.files][0]!;
  for (let length = 0; length < node.current.length; length++) {
    await refused(disk.with(path, node.current.slice(0, length)), path);
  }
  const longer = new Uint8Array(node.current.length + 1);
  longer.set(node.current);
  await refused(disk.with(path, longer), path);
});

Deno.test("a snapshot's file of a later version is refused as such", async () => {
  const disk = new MemoryDisk();
  await take(disk, stateOf(1), 5);
  const [path, node] = [...disk.files][0]!;
  const { encodeFrame } = await import(
    "../../src/runtime/journal/snapshot_format.ts"
  );
  const content = node.current.slice(0, 8);
  // MessagePack of [7], behind the tag of a beginning.
  const frame = encodeFrame(0, new Uint8Array([0, 0x91, 7]));
  const later = new Uint8Array([...content, ...frame]);
  const problem = await assertRejects(
    () => readSnapshot(disk.with(path, later), path),
    Problem,
  );
  assertEquals(problem.code, "version-too-old");
  assert(
    problem.message.includes(
      "has format 7; this version of gmon reads format 1",
    ),
  );
});

Deno.test("SnapshotDirectory killed at any operation: what was published is whole and there", async () => {
  const states = [10, 20, 30, 40].map(stateOf);
  for (let killAt = 1;; killAt++) {
    const disk = new MemoryDisk();
    disk.killAt = killAt;
    let safe = 0;
    let killed = false;
    try {
      const directory = await SnapshotDirectory.open(disk, DIRECTORY);
      for (const [at, state] of states.entries()) {
        await takeInto(directory, state, 10 * (at + 1));
        safe = 10 * (at + 1);
        await directory.prune([]);
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      killed = true;
    }
    for (const tear of tears(killAt)) {
      const survivor = disk.afterCrash(tear);
      const directory = await SnapshotDirectory.open(survivor, DIRECTORY);
      const indexes: number[] = [];
      for (const kept of directory.kept) {
        const { snapshot, state } = await readSnapshot(survivor, kept.path);
        assertEquals(snapshot.index, kept.index);
        assertEquals(state.hash(), states[kept.index / 10 - 1]!.hash());
        indexes.push(kept.index);
      }
      const context = `killed at ${killAt}, ${tear.kind}: ${indexes}`;
      assert(safe === 0 || indexes.includes(safe), context);
      assert(safe < 20 || indexes.includes(safe - 10), context);
    }
    if (!killed) break;
  }
});

Deno.test("SnapshotDirectory.publish is not done before the directory is synced", async () => {
  const disk = new MemoryDisk();
  const directory = await SnapshotDirectory.open(disk, DIRECTORY);
  disk.fault = ({ doing }) => doing === "syncDirectory" ? "EIO" : null;
  const problem = await assertRejects(
    () => takeInto(directory, stateOf(3), 4),
    Problem,
  );
  assertEquals(problem.code, "disk-failed");
  assert(problem.message.includes(DIRECTORY));
  assertEquals(disk.afterCrash({ kind: "lost" }).files.size, 0);
});

Deno.test("SnapshotDirectory.open makes durable what a process that was killed had only named", async () => {
  const disk = new MemoryDisk();
  const killed = await SnapshotDirectory.open(disk, DIRECTORY);
  disk.fault = ({ doing }) => doing === "syncDirectory" ? "EIO" : null;
  await assertRejects(() => takeInto(killed, stateOf(3), 4), Problem);
  disk.fault = () => null;
  const indexesOn = async (disk: MemoryDisk): Promise<number[]> =>
    (await SnapshotDirectory.open(disk, DIRECTORY)).kept
      .map(({ index }) => index);
  assertEquals(await indexesOn(disk), [4]);
  assertEquals(await indexesOn(disk.afterCrash({ kind: "lost" })), [4]);
});

Deno.test("SnapshotDirectory.prune keeps two, and what is being sent", async () => {
  const disk = new MemoryDisk();
  const directory = await SnapshotDirectory.open(disk, DIRECTORY);
  const floors: number[] = [];
  for (const index of [1, 2, 3, 4]) {
    await takeInto(directory, stateOf(index), index);
    floors.push(await directory.prune([1]));
  }
  assertEquals(floors, [0, 1, 2, 3]);
  assertEquals(directory.kept.map(({ index }) => index), [1, 3, 4]);
  await directory.prune([]);
  assertEquals(directory.kept.map(({ index }) => index), [3, 4]);
  assertEquals([...disk.files.keys()].length, 2);
});

Deno.test("SnapshotDirectory goes on with what came in before a crash, and begins anew at 0", async () => {
  const disk = new MemoryDisk();
  const snapshot = {
    index: 8,
    term: 2,
    bytes: 30,
    digest: "1e-0123456789abcdef",
  };
  const directory = await SnapshotDirectory.open(disk, DIRECTORY);
  await directory.receive(snapshot, 0, new Uint8Array(10).fill(1));
  await directory.receive(snapshot, 10, new Uint8Array(5).fill(2));
  const again = await SnapshotDirectory.open(disk, DIRECTORY);
  assertEquals(again.incoming, { snapshot, offset: 15 });
  const later = { ...snapshot, index: 9 };
  await again.receive(later, 0, new Uint8Array(3));
  assertEquals((await SnapshotDirectory.open(disk, DIRECTORY)).incoming, {
    snapshot: later,
    offset: 3,
  });
  assertEquals(disk.files.size, 1);
  // Whole but never checked: nobody would send what is left of it.
  await again.receive(later, 3, new Uint8Array(27));
  assertEquals((await SnapshotDirectory.open(disk, DIRECTORY)).incoming, null);
});

Deno.test("loadSnapshot takes the newest that is whole, if the journal reaches back to it", async () => {
  const disk = new MemoryDisk();
  for (const index of [10, 20]) await take(disk, stateOf(index), index);
  const newest = `${DIRECTORY}/000000000000020.snapshot`;
  const content = disk.files.get(newest)!.current.slice();
  content[500]! ^= 1;
  const loadedIndex = async (
    from: MemoryDisk,
    journal: RecoveredLog,
  ): Promise<number | undefined> => {
    const directory = await SnapshotDirectory.open(from, DIRECTORY);
    const loaded = await loadSnapshot({ disk: from, log }, directory, journal);
    return loaded?.snapshot.index;
  };
  assertEquals(await loadedIndex(disk, journalOf(10, 25)), 20);
  // The older one serves, and the damaged one is out of the way.
  const damaged = disk.with(newest, content);
  assertEquals(await loadedIndex(damaged, journalOf(10, 25)), 10);
  assertEquals(await loadedIndex(damaged, journalOf(10, 25)), 10);
  const left = await SnapshotDirectory.open(damaged, DIRECTORY);
  assertEquals(left.kept.map(({ index }) => index), [10]);

  for (const base of [11, 20]) {
    const problem = await assertRejects(
      () => loadedIndex(disk.with(newest, content), journalOf(base, 25)),
      Problem,
    );
    assertEquals(problem.code, "snapshot-damaged");
    assert(problem.message.includes(newest), problem.message);
    assert(/offset \d+/.test(problem.message), problem.message);
  }
  const gap = await assertRejects(
    () => loadedIndex(disk, journalOf(21, 25)),
    Problem,
  );
  assertEquals(gap.code, "journal-damaged");
  const cut = await assertRejects(
    () => loadedIndex(disk, journalOf(10, 19)),
    Problem,
  );
  assertEquals(cut.code, "journal-damaged");
  assert(cut.message.includes("ends at 19"), cut.message);
});

Deno.test("loadSnapshot: a whole journal needs no snapshot, a failing disk is not damage", async () => {
  const disk = new MemoryDisk();
  await take(disk, stateOf(10), 10);
  const path = `${DIRECTORY}/000000000000010.snapshot`;
  const damaged = disk.with(path, new Uint8Array(100));
  const directory = await SnapshotDirectory.open(damaged, DIRECTORY);
  const ports = { disk: damaged, log };
  assertEquals(await loadSnapshot(ports, directory, journalOf(0, 12)), null);

  disk.fault = ({ doing }) => doing === "read" ? "EIO" : null;
  const healthy = await SnapshotDirectory.open(disk, DIRECTORY);
  await assertRejects(
    () => loadSnapshot({ disk, log }, healthy, journalOf(0, 12)),
    DiskError,
    `reading ${path} at offset 0`,
  );
});

Deno.test("loadSnapshot: one that the leader sent may be ahead of the journal", async () => {
  const disk = new MemoryDisk();
  const made = await take(new MemoryDisk(), stateOf(40), 40);
  const source = new MemoryDisk();
  await take(source, stateOf(40), 40);
  const bytes = [...source.files.values()][0]!.current;
  const directory = await SnapshotDirectory.open(disk, DIRECTORY);
  await directory.receive(made, 0, bytes);
  await directory.publishReceived(made);
  const again = await SnapshotDirectory.open(disk, DIRECTORY);
  const loaded = await loadSnapshot({ disk, log }, again, journalOf(0, 7));
  assertEquals(loaded?.snapshot, made);
});

function stateOf(documents: number): ClusterState {
  const state = new ClusterState();
  for (let at = 0; at < documents; at++) {
    state.apply({
      version: 1,
      preconditions: [],
      writes: [{
        kind: "put",
        key: `config/${at}`,
        value: { value: "v".repeat(at % 50) },
      }],
      idempotency: at % 3 === 0 ? { key: `${at}`, digest: "d" } : null,
    });
  }
  return state;
}

async function take(
  disk: MemoryDisk,
  state: ClusterState,
  index: number,
): Promise<Snapshot> {
  const directory = await SnapshotDirectory.open(disk, DIRECTORY);
  return await takeInto(directory, state, index);
}

async function takeInto(
  directory: SnapshotDirectory,
  state: ClusterState,
  index: number,
): Promise<Snapshot> {
  const writer = await directory.begin({
    index,
    term: 3,
    configuration: MEMBERS,
  });
  for (const part of encodeSnapshot(state)) await writer.write([part]);
  const snapshot = await writer.finish();
  await directory.publish(snapshot);
  return snapshot;
}

async function refused(disk: MemoryDisk, path: string): Promise<Problem> {
  const problem = await assertRejects(() => readSnapshot(disk, path), Problem);
  assertEquals(problem.code, "snapshot-damaged");
  assert(problem.message.includes(path), problem.message);
  assert(/offset \d+/.test(problem.message), problem.message);
  return problem;
}

/** A journal whose entries are those behind `base` up to `end`. */
function journalOf(base: number, end: number): RecoveredLog {
  const entries: Entry[] = [];
  for (let index = base + 1; index <= end; index++) {
    entries.push(entry(index, 3));
  }
  const term = base === 0 ? 0 : 3;
  return {
    hardState: { term: 3, votedFor: null },
    base: { index: base, term },
    reach: base,
    entries,
  };
}
