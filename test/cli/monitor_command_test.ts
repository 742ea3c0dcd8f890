/** Commands for the lives of monitors, over a monitor and a disk in memory. */

import { assert, assertEquals } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { KEYS } from "../../src/cluster/mod.ts";
import { FakeMonitor } from "../api/fake_monitor.ts";
import { MemoryDisk } from "../runtime/memory_disk.ts";
import {
  CLUSTER,
  MONITORS,
  putBackup,
  putMonitor,
  stateAfter,
  transactions,
} from "../runtime/offline_data.ts";
import { gmon, type Ran } from "./fake_terminal.ts";

const LIFE = "3d3b6f9e-0000-4000-8000-000000000000";

/** m1 leads, m2 answers, m3 does not; m4 waits at 10.0.0.4. */
async function quorum(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.store.put({
    kind: "put",
    key: KEYS.cluster,
    value: { id: CLUSTER, createdAtMs: 0, commandVersion: 2 },
  });
  const about = (name: string, incarnation: string): Response =>
    Response.json({
      name,
      version: "0.1.0",
      role: "follower",
      term: 3,
      leader: "m1",
      revision: 1,
      commandVersion: 2,
      quorumId: null,
      incarnation,
      joining: incarnation !== "",
    });
  monitor.network = (request) => {
    const { hostname } = new URL(request.url);
    if (hostname === "10.0.0.2") return Promise.resolve(about("m2", ""));
    if (hostname === "10.0.0.4") return Promise.resolve(about("m4", LIFE));
    return Promise.reject(new TypeError("nobody"));
  };
  return monitor;
}

/** One line, the code in brackets, the exit code. */
function refusal({ code, stdout, stderr }: Ran): [number, string, string] {
  const lines = stderr.trimEnd().split("\n");
  assertEquals([lines.length, stdout], [1, ""], stderr);
  return [code, /\[([a-z-]+)\]$/.exec(lines[0]!)![1]!, lines[0]!];
}

Deno.test("monitor add waits until the monitor votes, and a learner it does not wait for", async () => {
  const monitor = await quorum();
  const { store } = monitor;
  const learner = await gmon(
    monitor,
    "monitor add m4 --address 10.0.0.4 --learner",
  );
  assertEquals(learner, {
    code: 0,
    stdout: "monitor m4 added, a learner\n",
    stderr: "",
  });
  await store.changeMembers({ kind: "remove", name: "m4" });
  const patient = gmon(monitor, "monitor add m4 --address 10.0.0.4");
  while (!store.memberList.some(({ name }) => name === "m4")) {
    await Promise.resolve();
  }
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
  await store.changeMembers({ kind: "promote", name: "m4" });
  assertEquals((await patient).stdout, "monitor m4 added, a voter\n");

  await store.changeMembers({ kind: "remove", name: "m4" });
  const late = await gmon(
    monitor,
    "monitor add m4 --address 10.0.0.4 --replaces m3 --timeout 2s",
  );
  assertEquals(refusal(late).slice(0, 2), [3, "timeout"]);
  assert(late.stderr.includes("has not caught up yet"));
  assertEquals(
    store.memberList.find(({ name }) => name === "m4")?.replaces,
    "m3",
  );
});

Deno.test("monitor add, promote and transfer: what is wrong is one line with a remedy and a code", async () => {
  const monitor = await quorum();
  for (
    const [line, code, problem, word] of [
      ["monitor add", 2, "usage", "needs NAME"],
      ["monitor add m4", 2, "usage", "needs --address"],
      ["monitor add m4 --address host-4", 2, "usage", "not an IP address"],
      ["monitor add m4 --address 10.0.0.4 --api-port 0", 2, "usage", "1 to"],
      ["monitor add m/4 --address 10.0.0.4", 2, "invalid-name", 'contains "/"'],
      ["monitor add m4 --address 10.0.0.5", 7, "change-refused", "--join"],
      ["monitor add m5 --address 10.0.0.4", 7, "change-refused", "called m4"],
      [
        "monitor add m4 --address 10.0.0.4 --replaces m9",
        5,
        "monitor-not-found",
        "m9",
      ],
      ["monitor promote m9", 5, "monitor-not-found", "m9"],
      ["monitor transfer m9", 5, "monitor-not-found", "m9"],
      ["monitor remove m9 --yes", 5, "monitor-not-found", "m1, m2, m3"],
    ] as const
  ) {
    const [exit, found, text] = refusal(await gmon(monitor, line));
    assertEquals([exit, found], [code, problem], line);
    assert(text.includes(word), text);
  }
  assertEquals(monitor.store.memberChanges, []);
});

Deno.test("monitor remove says what is lost, and asks for the name", async () => {
  const monitor = await quorum();
  const unsure = await gmon(monitor, "monitor remove m3");
  assertEquals(refusal(unsure), [
    2,
    "confirmation-required",
    "gmon: removing monitor m3 leaves 2 voters, of which none may be lost (now 1 of 3); what it has on its disk is of no use any more; repeat with --yes [confirmation-required]",
  ]);
  const wrong = await gmon(monitor, "monitor remove m3", { typed: ["m2"] });
  assertEquals(wrong.code, 2);
  assertEquals(monitor.store.memberChanges, []);
  const meant = await gmon(monitor, "monitor remove m3", { typed: ["m3"] });
  assertEquals([meant.code, meant.stdout], [0, "monitor m3 removed\n"]);
  monitor.store.declining = new Problem(
    "change-refused",
    "without monitor m2 there would be no majority",
    "add another one first",
  );
  const refused = await gmon(monitor, "monitor remove m2 --yes");
  assertEquals(refusal(refused).slice(0, 2), [7, "change-refused"]);
});

Deno.test("monitor promote and transfer say what they did", async () => {
  const monitor = await quorum();
  await gmon(monitor, "monitor add m4 --address 10.0.0.4 --learner");
  const promoted = await gmon(monitor, "monitor promote m4");
  assertEquals([promoted.code, promoted.stdout], [0, "monitor m4 votes\n"]);
  const moved = await gmon(monitor, "monitor transfer m2 -o json");
  assertEquals(JSON.parse(moved.stdout), {
    kind: "Leadership",
    version: 1,
    item: { leader: "m2", term: 4 },
  });
});

Deno.test("backup refuses to overwrite, checks what it wrote, and says what it is", async () => {
  const disk = new MemoryDisk();
  const source = new MemoryDisk();
  const state = stateAfter(transactions(20));
  const bytes = await putBackup(source, "/b", state);
  const monitor = await quorum();
  const serve = (content: Uint8Array): void => {
    monitor.store.backup = () => ({
      index: 90,
      term: 4,
      revision: state.revision,
      clusterId: CLUSTER,
      chunks: [content.subarray(0, 500), content.subarray(500)].values(),
    });
  };
  serve(bytes);
  const taken = await gmon(monitor, "backup here", { disk });
  assertEquals(taken, {
    code: 0,
    stdout:
      `/home/user/here is a backup of cluster ${CLUSTER} at revision ${state.revision}, ${
        (bytes.length / 1024).toFixed(1)
      } KiB (${bytes.length} bytes), checked\n`,
    stderr: "",
  });
  assertEquals(disk.files.get("/home/user/here")!.durable, bytes);
  const again = await gmon(monitor, "backup here", { disk });
  assertEquals(refusal(again).slice(0, 2), [2, "usage"]);
  assert(again.stderr.includes("--force"), again.stderr);
  assertEquals(
    (await gmon(monitor, "backup here --force", { disk })).code,
    0,
  );
  // Needs nobody.
  const checked = await gmon(null, "backup here --check -o json", { disk });
  assertEquals(JSON.parse(checked.stdout).item, {
    file: "/home/user/here",
    clusterId: CLUSTER,
    revision: state.revision,
    bytes: bytes.length,
  });
  // Cut off on its way, it never gets its name, and what was there stays.
  serve(bytes.subarray(0, 900));
  const cut = await gmon(monitor, "backup here --force", { disk });
  assertEquals(refusal(cut).slice(0, 2), [1, "backup-damaged"]);
  assert(/here\.part at offset \d+/.test(cut.stderr), cut.stderr);
  assertEquals([...disk.files.keys()], ["/home/user/here"]);
  assertEquals(disk.files.get("/home/user/here")!.durable, bytes);

  serve(bytes);
  const piped = await gmon(monitor, "backup -", { disk });
  assertEquals([piped.code, piped.stdout, piped.binary], [0, "", bytes]);
});

Deno.test("restore makes a data directory, and refuses what cannot be right", async () => {
  const disk = new MemoryDisk();
  await putBackup(disk, "/backups/one", stateAfter(transactions(5)));
  const line = "restore /backups/one --name m1 --address 10.0.0.1 --data /data";
  const list = "m1=10.0.0.1,m2=10.0.0.2,m3=10.0.0.3";
  disk.put(
    "/backups/bad",
    disk.files.get("/backups/one")!.current.slice(0, 99),
  );
  for (
    const [words, code, problem, word] of [
      ["restore", 2, "usage", "needs FILE"],
      ["restore /backups/one", 2, "usage", "--name"],
      ["restore /backups/one --name m1", 2, "usage", "--address"],
      [
        "restore /backups/one --name m/1 --address 10.0.0.1",
        2,
        "invalid-name",
        "contains",
      ],
      [
        "restore /backups/one --name m1 --address nowhere",
        2,
        "usage",
        "not an IP address",
      ],
      [`${line} --monitors ${list}`, 2, "usage", "--restore-id"],
      [`${line} --monitors m2=10.0.0.2`, 2, "usage", "not in the list"],
      [
        line.replace("one", "bad"),
        1,
        "backup-damaged",
        "/backups/bad at offset ",
      ],
      [line.replace("one", "none"), 2, "usage", "no backup /backups/none"],
    ] as const
  ) {
    const [exit, found, text] = refusal(await gmon(null, words, { disk }));
    assertEquals([exit, found], [code, problem], words);
    assert(text.includes(word), text);
  }
  assertEquals(
    [...disk.files.keys()].sort(),
    ["/backups/bad", "/backups/one"],
  );
  const alone = await gmon(null, line, { disk });
  assertEquals(alone.code, 0, alone.stderr);
  assert(alone.stdout.includes(`of cluster ${CLUSTER} restored in /data`));
  assert(alone.stdout.includes("--join 10.0.0.1"), alone.stdout);
  const over = await gmon(null, line, { disk });
  assertEquals(refusal(over).slice(0, 2), [2, "usage"]);
  const three = await gmon(
    null,
    `${
      line.replace("/data", "/data3")
    } --monitors ${list} --restore-id today -o json`,
    { disk },
  );
  const { item } = JSON.parse(three.stdout);
  assertEquals([item.restoreId, item.clusterId], ["today", CLUSTER]);
});

Deno.test("monitor recover spells out the risk, and does nothing until the name is typed", async () => {
  const disk = new MemoryDisk();
  await putMonitor(disk, "/data", "m2", transactions(5));
  const line = "monitor recover --name m2 --data /data";
  const before = disk.with("/nothing", null);
  const unsure = await gmon(null, line, { disk });
  assertEquals(unsure.code, 2);
  for (
    const word of [
      "given up: m1, m3",
      "acknowledged and reached only the others are lost",
      "may count as done",
      "watchers",
      "old data: empty its directory first",
      "repeat with --yes [confirmation-required]",
    ]
  ) assert(unsure.stderr.includes(word), unsure.stderr);
  for (const [path, { current }] of before.files) {
    assertEquals(disk.files.get(path)?.current, current, path);
  }
  const meant = await gmon(null, line, { disk, typed: ["m2"] });
  assertEquals(meant.code, 0, meant.stderr);
  assert(meant.stdout.includes("the only voter of its cluster"), meant.stdout);
  assert(/kept as a backup in \/data\/before-recovery-/.test(meant.stdout));
  const other = await gmon(null, `${line} --name m2 --yes`, { disk });
  assertEquals(other.code, 2);
  const nothing = await gmon(
    null,
    "monitor recover --name m2 --data /nowhere --yes",
    { disk },
  );
  assertEquals(refusal(nothing).slice(0, 2), [7, "identity-mismatch"]);
});

Deno.test("monitor rebuild sets the damaged data aside and has the others replace the monitor", async () => {
  const disk = new MemoryDisk();
  await putMonitor(disk, "/data", "m3", transactions(5));
  const monitor = await quorum();
  const line = "monitor rebuild --data /data --join 10.0.0.1";
  for (
    const [words, code, problem, word] of [
      [line, 2, "usage", "needs --name"],
      ["monitor rebuild --name m3 --data /data", 2, "usage", "needs --join"],
      [`${line} --name m9`, 5, "monitor-not-found", "m1, m2, m3"],
      [`${line} --name m2`, 6, "name-in-use", "stop it first"],
      [`${line} --name m3`, 2, "confirmation-required", "sets aside"],
    ] as const
  ) {
    const [exit, found, text] = refusal(await gmon(monitor, words, { disk }));
    assertEquals([exit, found], [code, problem], words);
    assert(text.includes(word), text);
  }
  const { failing } = monitor.store;
  monitor.store.failing = new Problem("no-leader", "no monitor leads");
  const unhealthy = await gmon(
    monitor,
    `${line} --name m3 --yes --timeout 1s`,
    { disk },
  );
  assertEquals(refusal(unhealthy).slice(0, 2), [3, "no-leader"]);
  monitor.store.failing = failing;
  assertEquals(await disk.list("/data"), ["identity.json", "journal"]);

  // The others refuse at first; repeated, the command goes on where it was.
  monitor.store.declining = new Problem("change-refused", "m2 is silent", "");
  const refused = await gmon(monitor, `${line} --name m3 --yes`, { disk });
  assertEquals(refusal(refused).slice(0, 2), [7, "change-refused"]);
  assert(refused.stderr.includes("repeat the command"), refused.stderr);
  // One that ended only now counts as alive for a moment.
  monitor.store.declining = new Problem("name-in-use", "m3 is alive", "");
  const { changeMembers } = monitor.store;
  let asked = 0;
  monitor.store.changeMembers = (change) => {
    if (++asked === 3) monitor.store.declining = null;
    return changeMembers.call(monitor.store, change);
  };
  const done = await gmon(monitor, `${line} --name m3 --yes -o json`, { disk });
  assertEquals(asked, 3);
  assertEquals(done.code, 0, done.stderr);
  const { incarnation } = JSON.parse(done.stdout).item;
  assertEquals(monitor.store.memberChanges, [{
    kind: "replace",
    name: "m3",
    address: MONITORS[2]!.address,
    apiPort: 24010,
    raftPort: 24011,
    incarnation,
  }]);
  const names = await disk.list("/data");
  assertEquals(names.length, 2);
  assert(names[0]!.startsWith("damaged-2023-"), names[0]);
  assertEquals(await disk.list(`/data/${names[0]}`), [
    "identity.json",
    "journal",
  ]);
});
