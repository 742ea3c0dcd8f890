/** Stores that start from what was restored, recovered or set aside, and what keeps the quorum before from mixing in. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { KEYS } from "../../src/cluster/mod.ts";
import type { Store } from "../../src/runtime/mod.ts";
import {
  openDamaged,
  openSurvivor,
  restoreMonitor,
  writeBackup,
} from "../../src/runtime/offline/mod.ts";
import { SnapshotWriter } from "../../src/runtime/journal/mod.ts";
import { encodeSnapshot } from "../../src/cluster/mod.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { journalOf, stateAfter, transactions } from "./offline_data.ts";
import { cluster, leads, ports, put, Quorum, reaches } from "./store_quorum.ts";

const CLUSTER = "c".repeat(36);
const NAMES = ["m1", "m2", "m3"];

/** A quorum of three that keeps some keys, and its backup. */
async function withBackup(
  quorum: Quorum,
): Promise<{ file: string; revision: number }> {
  await Promise.all(NAMES.map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  await leader.commit(cluster(CLUSTER));
  for (let at = 0; at < 20; at++) await leader.commit(put(`k${at}`, `${at}`));
  const file = quorum.directory("backup");
  const { revision } = leader.state;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const chunk of leader.backup().chunks) {
      yield await Promise.resolve(chunk);
    }
  }
  const checked = await writeBackup(ports.disk, file, chunks());
  assertEquals([checked.clusterId, checked.revision], [CLUSTER, revision]);
  await leader.commit(put("late", "not in the backup"));
  await quorum.settle();
  return { file, revision };
}

async function restoreAt(
  quorum: Quorum,
  file: string,
  name: string,
): Promise<string> {
  const dataDirectory = quorum.directory(`${name}-restored`);
  await restoreMonitor(ports, {
    file,
    dataDirectory,
    name,
    restoreId: "now",
    monitors: quorum.founders,
  });
  return dataDirectory;
}

Deno.test("three restored monitors are one quorum, write, and start again", async () => {
  await using quorum = await Quorum.make(NAMES);
  const { file, revision } = await withBackup(quorum);
  await Promise.all(NAMES.map((name) => quorum.stop(name)));
  for (let round = 0; round < 2; round++) {
    await Promise.all(NAMES.map(async (name) => {
      const directory = round === 0
        ? await restoreAt(quorum, file, name)
        : quorum.directory(`${name}-restored`);
      return await quorum.start(name, directory);
    }));
    const leader = await quorum.leader();
    await leader.commit(put(`after${round}`, ""));
    await quorum.settle();
    for (const store of quorum.stores) {
      assertEquals(store.state.hash(), leader.state.hash());
      assert(store.state.revision > revision + 1_000_000_000);
      assertEquals(store.state.get(KEYS.config("k19"))?.value, { value: "19" });
      assertEquals(store.state.get(KEYS.config("late")), null);
      assert(store.quorumId!.startsWith(`${CLUSTER}+`));
      assertEquals(store.members.members.map(({ voter }) => voter), [
        true,
        true,
        true,
      ]);
    }
    await Promise.all(NAMES.map((name) => quorum.stop(name)));
  }
});

Deno.test("monitors of the lost quorum that come back do not mix with the restored one", async () => {
  await using quorum = await Quorum.make(NAMES);
  const { file } = await withBackup(quorum);
  await quorum.stop("m1");
  // m2 and m3 live on as they were: to m1 they are strangers, and it to them.
  const restored = await quorum.start(
    "m1",
    await restoreAt(quorum, file, "m1"),
  );
  const problem = await restored.failed;
  assertEquals(problem.code, "cluster-mismatch");
  assertEquals(restored.state.get(KEYS.config("late")), null);
  const old = await Promise.race(
    ["m2", "m3"].map((name) => leads(quorum.store(name)!)),
  );
  await old.commit(put("still", "writing"));
});

Deno.test("a survivor that was recovered leads alone, and others join it", async () => {
  await using quorum = await Quorum.make(NAMES);
  await withBackup(quorum);
  await Promise.all(NAMES.map((name) => quorum.stop(name)));
  const dataDirectory = quorum.directory("m2");
  // The place of a monitor is in the state: here nobody's duties wrote it.
  await writePlaces(quorum);
  const survivor = await openSurvivor(ports, { dataDirectory, name: "m2" });
  await survivor.recover();
  await survivor.release();
  const store = await leads(await quorum.start("m2"));
  await store.readBarrier();
  assertEquals(store.state.get(KEYS.config("late"))?.value, {
    value: "not in the backup",
  });
  await store.commit(put("alone", "yes"));
  const joined = await quorum.join("m4");
  await store.changeMembers(quorum.addition("m4"));
  await reaches(joined, store.state.revision);
  assertEquals(joined.state.hash(), store.state.hash());
});

Deno.test("a monitor whose data were set aside waits, whatever its flags, and replaces its former life", async () => {
  await using quorum = await Quorum.make(NAMES);
  await withBackup(quorum);
  await quorum.stop("m3");
  const dataDirectory = quorum.directory("m3");
  const damaged = await openDamaged(ports, {
    dataDirectory,
    name: "m3",
    date: "now",
  });
  const { incarnation } = await damaged.setAside();
  await damaged.release();
  const fresh = await quorum.start("m3");
  assertEquals([fresh.incarnation, fresh.quorumId], [incarnation, null]);
  const leader = await Promise.race(
    ["m1", "m2"].map((name) => leads(quorum.store(name)!)),
  );
  const { kind: _, promote: _p, replaces: _r, ...life } = quorum.addition("m3");
  await untilGranted(() => leader.changeMembers({ kind: "replace", ...life }));
  await reaches(fresh, leader.state.revision);
  await voting(leader, "m3");
});

Deno.test("a store whose journal was empty behind a received snapshot starts again and again", async () => {
  // As after a crash between the two: the snapshot is there, the restart of the journal is not.
  const disk = new MemoryDisk();
  await using quorum = await Quorum.make(["m1"]);
  const state = stateAfter([cluster(CLUSTER), ...transactions(9)]);
  const path = "/data/snapshots/000000000000040.received";
  const [m1] = quorum.founders;
  const writer = await SnapshotWriter.begin(disk, path, {
    index: 40,
    term: 2,
    configuration: [{
      name: "m1",
      voter: true,
      data: JSON.stringify(m1),
      incarnation: "",
      promote: false,
      replaces: null,
    }],
  });
  for (const part of encodeSnapshot(state)) await writer.write([part]);
  await writer.finish();
  await disk.syncDirectory("/data/snapshots");
  await journalOf(disk, "/data", { term: 2, votedFor: null });
  for (let round = 0; round < 3; round++) {
    const store = await leads(await quorum.start("m1", "/data", { disk }));
    await store.commit(put(`round${round}`, ""));
    for (let before = 0; before <= round; before++) {
      assert(store.state.get(KEYS.config(`round${before}`)) !== null);
    }
    await quorum.stop("m1");
  }
});

Deno.test("data that a command left unfinished start no store", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const disk = new MemoryDisk();
  disk.put("/data/UNFINISHED", new TextEncoder().encode("restore\n\n"));
  const problem = await assertRejects(
    () => quorum.start("m1", "/data", { disk }),
    Problem,
  );
  assertEquals(problem.code, "restore-unfinished");
  assertEquals([...disk.files.keys()], ["/data/UNFINISHED"]);
});

/** Starts the quorum once more, for the monitors' documents. */
async function writePlaces(quorum: Quorum): Promise<void> {
  await Promise.all(NAMES.map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  await leader.commit({
    version: 1,
    preconditions: [],
    writes: quorum.founders.map((founder) => ({
      kind: "put",
      key: KEYS.monitor(founder.name),
      value: founder,
    })),
    idempotency: null,
  });
  await quorum.settle();
  await Promise.all(NAMES.map((name) => quorum.stop(name)));
}

/** A monitor that was heard just now counts as alive for a while. */
async function untilGranted(ask: () => Promise<void>): Promise<void> {
  while (true) {
    try {
      return await ask();
    } catch (error) {
      const isSoon = error instanceof Problem && error.code === "name-in-use";
      if (!isSoon) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Until a monitor votes. */
function voting(store: Store, name: string): Promise<void> {
  const isDone = (): boolean =>
    store.members.members.some((member) =>
      member.name === name && member.voter
    );
  if (isDone()) return Promise.resolve();
  return new Promise((resolve) => {
    const end = store.onMembers(() => {
      if (!isDone()) return;
      end();
      resolve();
    });
  });
}
