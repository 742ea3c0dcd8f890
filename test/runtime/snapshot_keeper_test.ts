/** Taking, sending and receiving snapshots, with a clock that is turned by hand. */

import { assert, assertEquals } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import {
  type Change,
  ClusterState,
  encodeTransaction,
  type Transaction,
} from "../../src/cluster/mod.ts";
import type {
  Entry,
  RaftEvent,
  Snapshot,
  SnapshotWrite,
} from "../../src/raft/mod.ts";
import {
  readSnapshot,
  SnapshotDirectory,
} from "../../src/runtime/journal/mod.ts";
import {
  SnapshotKeeper,
  type SnapshotSizes,
} from "../../src/runtime/quorum/snapshot_keeper.ts";
import { FakeClock } from "./fake_ports.ts";
import { type Access, MemoryDisk } from "./memory_disk.ts";

const DIRECTORY = "/data/snapshots";
const KILOBYTE = "v".repeat(1024);

Deno.test("SnapshotKeeper takes a snapshot of exactly the entry that made it due", async () => {
  const rig = await Rig.make({ entries: 10, tailEntries: 4 });
  const hashes = new Map<number, number>();
  for (let index = 1; index <= 35; index++) {
    rig.apply(KILOBYTE);
    hashes.set(index, rig.state.hash());
    if (index % 3 === 0) await rig.clock.turn(5);
  }
  await rig.clock.turn(100);
  const indexes = rig.directory.kept.map(({ index }) => index);
  assertEquals(indexes.length, 2);
  for (const { index, path } of rig.directory.kept) {
    const { state, snapshot } = await readSnapshot(rig.disk, path);
    assertEquals(state.hash(), hashes.get(index));
    assertEquals(snapshot.index, index);
  }
  const taken = rig.told.filter((event) => event.kind === "snapshotTaken");
  assertEquals(taken.map(({ index }) => index)[0], 10);
  assertEquals(taken.map(({ index, compactTo }) => index - compactTo), [
    4,
    ...taken.slice(1).map(() => 4),
  ]);
  // The journal keeps what the older of the two needs.
  assertEquals(rig.compacted.at(-1), indexes[0]);
});

Deno.test("SnapshotKeeper is due by bytes too, and not before the log outweighs the last one", async () => {
  const rig = await Rig.make({ entries: 1_000, bytes: 3_000 });
  for (let index = 1; index <= 3; index++) rig.apply(KILOBYTE);
  await rig.clock.turn(100);
  assertEquals(rig.takenIndexes, [3]);
  const size = rig.disk.files.get(rig.directory.kept[0]!.path)!.current.length;
  assert(size > 3_000, "the state weighs more than the limit");
  for (let index = 4; index <= 5; index++) rig.apply(KILOBYTE);
  await rig.clock.turn(100);
  assertEquals(rig.takenIndexes, [3]);
  rig.apply(KILOBYTE);
  await rig.clock.turn(100);
  assertEquals(rig.takenIndexes, [3, 6]);

  const wide = await Rig.make({ entries: 4 });
  for (let index = 1; index <= 40; index++) {
    wide.apply("v");
    await wide.clock.turn(10);
  }
  assertEquals(wide.takenIndexes, [4, 8, 16, 32]);
});

Deno.test("SnapshotKeeper works in slices: between two of them the clock is asked for a turn", async () => {
  const rig = await Rig.make({ entries: 2_000 });
  for (let index = 1; index < 2_000; index++) rig.apply(KILOBYTE);
  const writes: Access[] = [];
  rig.disk.fault = (access) => {
    if (access.doing === "write") writes.push(access);
    return null;
  };
  rig.apply(KILOBYTE);
  let turns = 0;
  while (rig.takenIndexes.length === 0) {
    const before = writes.length;
    await rig.clock.turn(1);
    assert(writes.length - before <= 3, "a slice is one write");
    turns++;
    // Others write meanwhile.
    rig.apply(KILOBYTE, `k${turns}`);
  }
  assert(turns > 14, `two mebibytes took ${turns} turns`);
  const gaps = writes.slice(1).map(({ offset }, at) =>
    offset - writes[at]!.offset
  );
  assert(Math.max(...gaps) < 256 * 1024, `a slice has ${Math.max(...gaps)}`);
});

Deno.test("SnapshotKeeper tries again later when the disk is full; nothing fails", async () => {
  const rig = await Rig.make({ entries: 5 });
  rig.disk.capacityBytes = 2_000;
  for (let index = 1; index <= 8; index++) rig.apply(KILOBYTE);
  await rig.clock.turn(100);
  assertEquals(rig.takenIndexes, []);
  assertEquals([...rig.disk.files.keys()], []);
  rig.disk.capacityBytes = Infinity;
  rig.apply(KILOBYTE);
  await rig.clock.turn(100);
  assertEquals(rig.takenIndexes, []);
  await rig.clock.turn(10_000);
  rig.apply(KILOBYTE);
  await rig.clock.turn(100);
  assertEquals(rig.takenIndexes, [10]);
  assertEquals(rig.problems, []);
});

Deno.test("SnapshotKeeper: any other failure of the disk is fatal, with file and offset", async () => {
  for (const doing of ["write", "sync", "syncDirectory", "rename"] as const) {
    const rig = await Rig.make({ entries: 5 });
    rig.disk.fault = (access) => access.doing === doing ? "EIO" : null;
    for (let index = 1; index <= 5; index++) rig.apply(KILOBYTE);
    await rig.clock.turn(100);
    assertEquals(rig.problems.map(({ code }) => code), ["disk-failed"]);
    assert(rig.problems[0]!.message.includes("EIO"));
    if (doing !== "rename") {
      const where = /ing \/data\/snapshots\S* at offset \d+/;
      assert(where.test(rig.problems[0]!.message), rig.problems[0]!.message);
    }
  }
});

Deno.test("SnapshotKeeper never lets a snapshot run ahead of the journal", async () => {
  const rig = await Rig.make({ entries: 5 });
  const journal = Promise.withResolvers<boolean>();
  rig.settled = journal.promise;
  for (let index = 1; index <= 5; index++) rig.apply(KILOBYTE);
  await rig.clock.turn(1000);
  assertEquals(rig.directory.kept.length, 0);
  journal.resolve(true);
  await rig.clock.turn(10);
  assertEquals(rig.directory.kept.length, 1);
});

Deno.test("SnapshotKeeper closed in the midst leaves nothing behind", async () => {
  const rig = await Rig.make({ entries: 300 });
  for (let index = 1; index <= 300; index++) rig.apply(KILOBYTE);
  await rig.clock.turn(1);
  assertEquals(rig.disk.files.size, 1);
  await rig.keeper.close();
  assertEquals(rig.disk.files.size, 0);
  assertEquals(rig.told, []);
});

Deno.test("SnapshotKeeper sends in chunks what another writes, checks and restores", async () => {
  const sender = await Rig.make({ entries: 200 });
  for (let index = 1; index <= 200; index++) sender.apply(KILOBYTE);
  await sender.clock.turn(100);
  const snapshot = await sender.latest();
  const receiver = await Rig.make({ entries: 1_000 });
  receiver.apply(KILOBYTE);
  await transfer(sender, receiver, snapshot);
  assertEquals(receiver.written.at(-1), [snapshot.bytes, true]);
  assert(receiver.written.length > 3, "it came in several chunks");
  assertEquals(receiver.state.hash(), sender.state.hash());
  assertEquals(receiver.restored[0]?.index, 200);
  assertEquals(receiver.changes.length, 199);
  assertEquals(receiver.directory.kept.map(({ received }) => received), [true]);
  // It can be sent on: the bytes are the same.
  const third = await Rig.make({ entries: 1_000 });
  await transfer(receiver, third, snapshot);
  assertEquals(third.state.hash(), sender.state.hash());
});

Deno.test("SnapshotKeeper goes on with a transfer after a crash", async () => {
  const sender = await Rig.make({ entries: 200 });
  for (let index = 1; index <= 200; index++) sender.apply(KILOBYTE);
  await sender.clock.turn(100);
  const snapshot = await sender.latest();
  const before = await Rig.make({ entries: 1_000 });
  await transfer(sender, before, snapshot, { stopAfter: 2 });
  const offset = before.written.at(-1)![0];
  const after = await Rig.make({ entries: 1_000 }, before.disk);
  assertEquals(after.directory.incoming?.offset, offset);
  await transfer(sender, after, snapshot, { from: offset });
  assertEquals(after.written.at(-1), [snapshot.bytes, true]);
  assertEquals(after.state.hash(), sender.state.hash());
});

Deno.test("SnapshotKeeper throws away a snapshot that is damaged or not what was announced", async () => {
  const sender = await Rig.make({ entries: 50 });
  for (let index = 1; index <= 50; index++) sender.apply(KILOBYTE);
  await sender.clock.turn(100);
  const snapshot = await sender.latest();
  const flip = (data: Uint8Array): Uint8Array => {
    const flipped = data.slice();
    flipped[flipped.length >> 1]! ^= 4;
    return flipped;
  };
  const receiver = await Rig.make({ entries: 1_000 });
  await transfer(sender, receiver, snapshot, { alter: flip });
  assertEquals(receiver.written.at(-1), [0, false]);
  assertEquals([...receiver.disk.files.keys()], []);
  const lied = { ...snapshot, digest: "1-0000000000000000" };
  await transfer(sender, receiver, lied);
  assertEquals(receiver.written.at(-1), [0, false]);
  assertEquals(receiver.state.hash(), new ClusterState().hash());
  assertEquals(receiver.problems, []);
  // The leader sends it again, and now it is right.
  await transfer(sender, receiver, snapshot);
  assertEquals(receiver.state.hash(), sender.state.hash());
});

Deno.test("SnapshotKeeper waits for room for a chunk, and asks for it again", async () => {
  const sender = await Rig.make({ entries: 50 });
  for (let index = 1; index <= 50; index++) sender.apply(KILOBYTE);
  await sender.clock.turn(100);
  const snapshot = await sender.latest();
  const receiver = await Rig.make({ entries: 1_000 });
  receiver.disk.capacityBytes = 30_000;
  await transfer(sender, receiver, snapshot, { stopAfter: 2 });
  await receiver.clock.turn(2_000);
  const [offset, complete] = receiver.written.at(-1)!;
  assertEquals(complete, false);
  assert(offset < snapshot.bytes);
  receiver.disk.capacityBytes = Infinity;
  await transfer(sender, receiver, snapshot, { from: offset });
  assertEquals(receiver.state.hash(), sender.state.hash());
});

/** A keeper with everything around it. */
class Rig {
  readonly clock = new FakeClock();
  readonly disk: MemoryDisk;
  readonly state = new ClusterState();
  readonly told: RaftEvent[] = [];
  readonly problems: Problem[] = [];
  readonly compacted: number[] = [];
  readonly restored: Snapshot[] = [];
  readonly changes: Change[] = [];
  readonly directory: SnapshotDirectory;
  readonly keeper: SnapshotKeeper;
  settled: Promise<boolean> = Promise.resolve(true);
  #index = 0;

  private constructor(
    disk: MemoryDisk,
    directory: SnapshotDirectory,
    sizes: SnapshotSizes,
  ) {
    this.disk = disk;
    this.directory = directory;
    const { clock } = this;
    this.keeper = new SnapshotKeeper(
      { clock, disk, log: { write: () => {} } },
      {
        directory,
        journal: {
          settled: () => this.settled,
          compact: (index) => {
            this.compacted.push(index);
            return Promise.resolve();
          },
        },
        raft: {
          snapshotHead: (index) => ({ index, term: 2, configuration: [] }),
          snapshotsInUse: [],
          baseIndex: 0,
        },
        state: this.state,
        loaded: null,
        sizes,
        tell: (event) => this.#tell(event),
        restored: (snapshot, changes) => {
          this.restored.push(snapshot);
          this.changes.push(...changes);
        },
        failed: (problem) => this.problems.push(problem),
      },
    );
  }

  static async make(
    sizes: SnapshotSizes,
    disk: MemoryDisk = new MemoryDisk(),
  ): Promise<Rig> {
    return new Rig(disk, await SnapshotDirectory.open(disk, DIRECTORY), sizes);
  }

  get takenIndexes(): number[] {
    return this.told.flatMap((event) =>
      event.kind === "snapshotTaken" ? [event.index] : []
    );
  }

  get written(): [number, boolean][] {
    return this.told.flatMap((event) =>
      event.kind === "snapshotWritten" ? [[event.offset, event.complete]] : []
    );
  }

  /** Applies the next entry: one document put. */
  apply(value: string, key = `k${this.#index}`): void {
    const transaction: Transaction = {
      version: 1,
      preconditions: [],
      writes: [{ kind: "put", key: `config/${key}`, value: { value } }],
      idempotency: null,
    };
    this.state.apply(transaction);
    const entry: Entry = {
      index: ++this.#index,
      term: 2,
      kind: "command",
      data: encodeTransaction(transaction),
    };
    this.keeper.applied(entry);
  }

  async latest(): Promise<Snapshot> {
    const { path } = this.directory.kept.at(-1)!;
    return (await readSnapshot(this.disk, path)).snapshot;
  }

  /** Consensus restores what is complete. */
  #tell(event: RaftEvent): void {
    this.told.push(event);
    if (event.kind !== "snapshotWritten" || !event.complete) return;
    this.keeper.restore({ ...event.snapshot, configuration: [] });
  }
}

interface Course {
  readonly from?: number;
  readonly stopAfter?: number;
  readonly alter?: (data: Uint8Array) => Uint8Array;
}

/** Carries chunks from one keeper to the other, as consensus would. */
async function transfer(
  sender: Rig,
  receiver: Rig,
  snapshot: Snapshot,
  course: Course = {},
): Promise<void> {
  const { from = 0, stopAfter = Infinity, alter = (data) => data } = course;
  let offset = from;
  for (let chunk = 0; chunk < stopAfter && offset < snapshot.bytes; chunk++) {
    sender.keeper.read({
      to: "m2",
      index: snapshot.index,
      offset,
      bytes: 20_000,
    });
    await sender.clock.turn(1);
    const read = sender.told.at(-1);
    assert(read?.kind === "snapshotRead" && read.data !== null);
    const last = offset + read.data.length >= snapshot.bytes;
    const data = chunk === 1 ? alter(read.data) : read.data;
    const request: SnapshotWrite = { snapshot, offset, data, last };
    receiver.keeper.write(request);
    await receiver.clock.turn(2_000);
    offset += read.data.length;
  }
}
