/**
 * What is done to data directories while no monitor runs, over a disk that
 * dies at any call: either nothing has happened, or monitors refuse what there
 * is until the same command is repeated, or all is done.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { ClusterState, KEYS } from "../../src/cluster/mod.ts";
import type { ClusterDocument, RoleDocument } from "../../src/cluster/mod.ts";
import { openDataDirectory } from "../../src/runtime/mod.ts";
import { decodeIdentity } from "../../src/runtime/identity.ts";
import {
  type LoadedSnapshot,
  loadSnapshot,
  readJournal,
  SnapshotDirectory,
} from "../../src/runtime/journal/mod.ts";
import {
  openDamaged,
  openSurvivor,
  restoreMonitor,
  writeBackup,
} from "../../src/runtime/offline/mod.ts";
import { tears } from "./journal_history.ts";
import { CheckInLedger, RoleLeases } from "../../src/planner/mod.ts";
import { Killed, MemoryDisk } from "./memory_disk.ts";
import {
  CLUSTER,
  MONITORS,
  portsOf,
  putBackup,
  putMonitor,
  stateAfter,
  transactions,
} from "./offline_data.ts";

const FILE = "/backups/one";
const DATA = "/data";
const DONE = transactions(30);
const RESTORE = {
  file: FILE,
  dataDirectory: DATA,
  name: "m2",
  monitors: MONITORS,
  restoreId: "tuesday",
};

Deno.test("restore: state, members and log begin behind everything the lost quorum handed out", async () => {
  const disk = await withBackup();
  const restored = await restoreMonitor(portsOf(disk), RESTORE);
  const before = stateAfter(DONE);
  assertEquals(restored.backupRevision, before.revision);
  assertEquals(restored.clusterId, CLUSTER);
  const { snapshot, state } = await contentOf(disk);
  assertEquals(state.revision, restored.revision);
  assert(state.revision > before.revision + 1_000_000_000);
  assertEquals([snapshot.index, snapshot.term], [90, 4]);
  assertEquals(snapshot.configuration.map(({ name }) => name), [
    "m1",
    "m2",
    "m3",
  ]);
  assert(snapshot.configuration.every(({ voter }) => voter));
  const identity = await identityOf(disk);
  assertEquals(identity.incarnation, snapshot.configuration[1]!.incarnation);
  assert(identity.incarnation !== "");
  for (const { key, value } of before.list(KEYS.config(""))) {
    assertEquals(state.get(key)?.value, value);
  }
  assertEquals(state.changesSince(before.revision, ""), "compacted");
  const role = state.get<RoleDocument>(KEYS.role("leader", "v1/0"))!;
  assertEquals(role.value.holder, "w1");
  assert(role.value.fence > 1_000_000_000);
  // Another may hold it by now: only the end of any lease says that it does not.
  const job = state.get<RoleDocument>(KEYS.role("job", "nightly"))!.value;
  assertEquals([job.holder, job.holderId], [null, undefined]);
  assertEquals(job.withdrawn, {
    worker: "",
    workerId: "unknown",
    fence: job.fence,
  });
  const ledger = new CheckInLedger();
  const leases = new RoleLeases();
  leases.begin(1_000);
  const isFree = (nowMs: number): boolean =>
    leases.isReleased(
      state.get<RoleDocument>(KEYS.role("job", "nightly"))!,
      job.withdrawn!,
      ledger,
      nowMs,
      6_000,
    );
  assertEquals([isFree(6_900), isFree(60_000)], [false, true]);
});

Deno.test("restore: monitors made apart agree, and differ from those of any other restore", async () => {
  const of = async (
    changes: Partial<typeof RESTORE>,
  ): Promise<{ lives: string; quorum: string; hash: number; self: string }> => {
    const disk = await withBackup();
    await restoreMonitor(portsOf(disk), { ...RESTORE, ...changes });
    const { snapshot, state } = await contentOf(disk);
    const identity = await identityOf(disk);
    return {
      lives: JSON.stringify(snapshot),
      quorum: identity.clusterId!,
      hash: state.hash(),
      self: identity.incarnation,
    };
  };
  const [m1, m2] = [await of({ name: "m1" }), await of({})];
  assertEquals({ ...m1, self: "" }, { ...m2, self: "" });
  assert(m1.self !== m2.self);
  for (
    const other of [
      await of({ restoreId: "wednesday" }),
      await of({ monitors: MONITORS.slice(1) }),
    ]
  ) {
    assert(other.quorum !== m2.quorum);
    assert(other.self !== m2.self);
    assert(other.quorum.startsWith(CLUSTER));
  }
});

Deno.test("restore: a backup with any bit flipped, or cut off, is refused by file and offset, and nothing is made", async () => {
  const whole = new MemoryDisk();
  const bytes = await putBackup(whole, FILE, stateAfter(transactions(2)));
  for (let at = 0; at < bytes.length; at += 3) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1 << (at % 8);
    for (const content of [damaged, bytes.slice(0, at)]) {
      const disk = new MemoryDisk();
      disk.put(FILE, content);
      const problem = await assertRejects(
        () => restoreMonitor(portsOf(disk), RESTORE),
        Problem,
      );
      assertEquals(problem.code, "backup-damaged");
      const offset = /\/backups\/one at offset (\d+)/.exec(problem.message);
      assert(Number(offset?.[1]) <= at, problem.message);
      assertEquals([...disk.files.keys()], [FILE]);
    }
  }
});

Deno.test("restore: a newer backup, one of nothing, and a directory with data are refused", async () => {
  const refused = async (
    disk: MemoryDisk,
    code: string,
    word: string,
  ): Promise<void> => {
    const problem = await assertRejects(
      () => restoreMonitor(portsOf(disk), RESTORE),
      Problem,
    );
    assertEquals(problem.code, code);
    assert(problem.message.includes(word), problem.message);
  };
  const newer = new MemoryDisk();
  const state = stateAfter(DONE);
  const document = state.get<ClusterDocument>(KEYS.cluster)!.value;
  state.apply({
    version: 1,
    preconditions: [],
    writes: [{
      kind: "put",
      key: KEYS.cluster,
      value: { ...document, commandVersion: 77 },
    }],
    idempotency: null,
  });
  await putBackup(newer, FILE, state);
  await refused(newer, "version-too-old", "version 77");

  const nothing = new MemoryDisk();
  await putBackup(nothing, FILE, new ClusterState());
  await refused(nothing, "backup-damaged", "founded");

  const full = await withBackup();
  full.put(`${DATA}/journal/000000000001.segment`, new Uint8Array(9));
  await refused(full, "usage", "not empty");
});

Deno.test("restore cut short at any call to the disk: refused until it is repeated, and then whole", async () => {
  const wanted = await withBackup();
  await restoreMonitor(portsOf(wanted), RESTORE);
  const { state } = await contentOf(wanted);
  const identity = await identityOf(wanted);
  const unfinished = await eachCrash(
    withBackup,
    (disk) => restoreMonitor(portsOf(disk), RESTORE),
    async (disk) => {
      const begun = await startsAs(disk, "m2");
      if (begun === "ready") {
        assertEquals(await identityOf(disk), identity);
      }
      if (begun !== "ready") await restoreMonitor(portsOf(disk), RESTORE);
      assertEquals((await contentOf(disk)).state.hash(), state.hash());
      assertEquals(await identityOf(disk), identity);
      return begun;
    },
  );
  assert(unfinished > 20, `${unfinished} crashes left something unfinished`);
});

Deno.test("recover: the survivor's log, committed or not, becomes a quorum of one", async () => {
  const disk = await withMonitor();
  const survivor = await openSurvivor(portsOf(disk), {
    dataDirectory: DATA,
    name: "m2",
  });
  const before = stateAfter(DONE);
  assertEquals(survivor.survey, {
    clusterId: CLUSTER,
    revision: before.revision,
    lastIndex: DONE.length,
    self: MONITORS[1]!,
    others: ["m1", "m3"],
  });
  const { copy, revision } = await survivor.recover();
  await survivor.release();
  const { snapshot, state } = await contentOf(disk);
  assertEquals(state.revision, revision);
  assert(revision > before.revision + 1_000_000_000);
  assertEquals(state.list(KEYS.monitor("")).length, 1);
  assertEquals(snapshot.index, DONE.length + 1);
  assertEquals(snapshot.term, 3);
  const [only, ...others] = snapshot.configuration;
  assertEquals([only!.name, only!.voter, others], ["m2", true, []]);
  assertEquals((await identityOf(disk)).incarnation, only!.incarnation);
  // What was there can be had again.
  disk.put(FILE, disk.files.get(copy)!.current);
  const restored = await restoreMonitor(portsOf(disk), {
    ...RESTORE,
    dataDirectory: "/elsewhere",
  });
  assertEquals(restored.backupRevision, before.revision);
});

Deno.test("recover cut short at any call to the disk: as before, or refused until it is repeated", async () => {
  const before = stateAfter(DONE).hash();
  const unfinished = await eachCrash(
    withMonitor,
    (disk) => recover(disk),
    async (disk) => {
      const begun = await startsAs(disk, "m2");
      const { incarnation } = await identityOf(disk);
      if (begun === "ready" && incarnation === "") {
        assertEquals((await contentOf(disk)).state.hash(), before);
      }
      if (begun === "unfinished" || incarnation === "") await recover(disk);
      const { snapshot, state } = await contentOf(disk);
      assertEquals(snapshot.configuration.length, 1);
      assertEquals(
        snapshot.configuration[0]!.incarnation,
        (await identityOf(disk)).incarnation,
      );
      assertEquals(state.get(KEYS.config("k29"))?.value, { value: "value 29" });
      return begun;
    },
  );
  assert(unfinished > 5, `${unfinished} crashes left something unfinished`);
});

Deno.test("recover refuses a damaged journal, another's directory and one that never had a cluster", async () => {
  const disk = await withMonitor();
  const [segment] = [...disk.files.keys()].filter((path) =>
    path.endsWith(".segment")
  );
  const content = disk.files.get(segment!)!.current.slice();
  content[200]! ^= 4;
  const refused = async (
    on: MemoryDisk,
    name: string,
    dataDirectory = DATA,
  ): Promise<string> => {
    const files = [...on.files.keys()];
    const problem = await assertRejects(
      () => openSurvivor(portsOf(on), { dataDirectory, name }),
      Problem,
    );
    assertEquals([...on.files.keys()], files);
    return problem.code;
  };
  const damaged = disk.with(segment!, content);
  assertEquals(await refused(damaged, "m2"), "journal-damaged");
  assertEquals(
    await refused(disk.with(segment!, null), "m2"),
    "journal-damaged",
  );
  assertEquals(await refused(disk, "m1"), "identity-mismatch");
  assertEquals(await refused(disk, "m2", "/nowhere"), "identity-mismatch");
  const young = new MemoryDisk();
  await putMonitor(young, DATA, "m2", []);
  assertEquals(await refused(young, "m2"), "identity-mismatch");
});

Deno.test("rebuild sets everything aside and begins a new life; cut short at any call it is refused or repeated", async () => {
  const whole = await withMonitor();
  const files = [...whole.files.keys()].map((path) => path.slice(DATA.length));
  const unfinished = await eachCrash(withMonitor, setAside, async (disk) => {
    const begun = await startsAs(disk, "m2");
    const { incarnation } = await identityOf(disk, begun === "unfinished");
    if (begun === "ready" && incarnation === "") {
      for (const path of files) assert(disk.files.has(DATA + path), path);
    }
    const made = await setAside(disk);
    if (incarnation !== "" && begun === "ready") {
      assertEquals(made.incarnation, incarnation);
    }
    assertEquals((await identityOf(disk)).incarnation, made.incarnation);
    for (const path of files) {
      const aside = `${DATA}/damaged-then${path}`;
      assert(disk.files.has(aside), `${aside} of ${[...disk.files.keys()]}`);
    }
    const names = (await disk.list(DATA)).filter((name) => name !== "LOCK");
    assertEquals(names, ["damaged-then", "identity.json"]);
    return begun;
  });
  assert(unfinished > 3, `${unfinished} crashes left something unfinished`);
});

Deno.test("a backup gets its name only once it was read back whole", async () => {
  const source = new MemoryDisk();
  const bytes = await putBackup(source, FILE, stateAfter(DONE));
  async function* chunks(content: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.length; at += 700) {
      yield await Promise.resolve(content.subarray(at, at + 700));
    }
  }
  const disk = new MemoryDisk();
  assertEquals(await writeBackup(disk, "/b/new", chunks(bytes)), {
    clusterId: CLUSTER,
    revision: DONE.length,
    bytes: bytes.length,
  });
  assertEquals(disk.files.get("/b/new")!.durable, bytes);
  const cut = await assertRejects(
    () => writeBackup(disk, "/b/cut", chunks(bytes.subarray(0, -1))),
    Problem,
  );
  assertEquals(cut.code, "backup-damaged");
  disk.capacityBytes = 2 * bytes.length - 9;
  const full = await assertRejects(
    () => writeBackup(disk, "/b/full", chunks(bytes)),
    Problem,
  );
  assertEquals(full.code, "disk-failed");
  assert(full.message.includes("ENOSPC"), full.message);
  assertEquals([...disk.files.keys()], ["/b/new"]);
});

async function withBackup(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await putBackup(disk, FILE, stateAfter(DONE));
  await disk.syncDirectory("/backups");
  return disk;
}

async function withMonitor(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await putMonitor(disk, DATA, "m2", DONE);
  return disk.afterCrash({ kind: "kept" });
}

async function recover(disk: MemoryDisk): Promise<void> {
  const options = { dataDirectory: DATA, name: "m2" };
  const survivor = await openSurvivor(portsOf(disk), options);
  await survivor.recover();
  await survivor.release();
}

async function setAside(disk: MemoryDisk): Promise<{ incarnation: string }> {
  const monitor = await openDamaged(portsOf(disk), {
    dataDirectory: DATA,
    name: "m2",
    date: "then",
  });
  const made = await monitor.setAside();
  await monitor.release();
  return made;
}

/** Kills `act` at each call to the disk in turn, and judges what every kind of crash leaves; how many were left unfinished. */
async function eachCrash(
  make: () => Promise<MemoryDisk>,
  act: (disk: MemoryDisk) => Promise<unknown>,
  judge: (disk: MemoryDisk) => Promise<"ready" | "unfinished" | "empty">,
): Promise<number> {
  let unfinished = 0;
  for (let killAt = 1;; killAt++) {
    const disk = (await make()).afterCrash({ kind: "kept" });
    disk.killAt = killAt;
    let killed = false;
    try {
      await act(disk);
    } catch (error) {
      const cause = error instanceof Problem ? error.cause : error;
      if (!(cause instanceof Killed)) throw error;
      killed = true;
    }
    for (const tear of killed ? tears(killAt) : [{ kind: "lost" } as const]) {
      const left = await judge(disk.afterCrash(tear));
      if (left === "unfinished") unfinished++;
      assert(killed || left === "ready", "what ended is durable");
    }
    if (!killed) return unfinished;
  }
}

/** What a monitor that is started there finds. */
async function startsAs(
  disk: MemoryDisk,
  name: string,
): Promise<"ready" | "unfinished" | "empty"> {
  if (!disk.files.has(`${DATA}/identity.json`)) {
    if (!disk.files.has(`${DATA}/UNFINISHED`)) return "empty";
  }
  try {
    const directory = await openDataDirectory(portsOf(disk), DATA, {
      role: "monitor",
      name,
    });
    await directory.release();
    return "ready";
  } catch (error) {
    assert(error instanceof Problem);
    assertEquals(error.code, "restore-unfinished");
    assert(error.remedy.includes("repeat the command gmon "), error.remedy);
    return "unfinished";
  }
}

/** What a monitor would start from. */
async function contentOf(disk: MemoryDisk): Promise<LoadedSnapshot> {
  const { log } = portsOf(disk);
  const { recovered } = await readJournal(disk, log, `${DATA}/journal`);
  const directory = await SnapshotDirectory.open(disk, `${DATA}/snapshots`);
  const loaded = await loadSnapshot({ disk, log }, directory, recovered);
  if (loaded !== null) return loaded;
  const state = stateAfter(DONE.slice(0, recovered.entries.length));
  return { state, snapshot: null! };
}

async function identityOf(
  disk: MemoryDisk,
  mayMiss = false,
): Promise<{ incarnation: string; clusterId: string | null }> {
  const content = await disk.read(`${DATA}/identity.json`);
  if (content === null && mayMiss) return { incarnation: "", clusterId: null };
  return decodeIdentity(content!)!;
}
