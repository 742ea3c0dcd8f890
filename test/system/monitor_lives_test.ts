/**
 * The lives of monitors, as an operator brings them about: a quorum grows and
 * shrinks, loses monitors and gets them back, is backed up, lost and restored,
 * all in a stream of writes of which none may be missing.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Flags, Testbed } from "../../tools/testbed/testbed.ts";
import { namesIn } from "../../tools/testbed/tree.ts";
import { ConfigWriter } from "./config_writer.ts";
import { assertRefused, assertStartRefused } from "./refusal.ts";
import {
  awaitOnline,
  awaitVerdict,
  bricksOf,
  bricksOn,
  hosts,
  playScene,
  succeed,
} from "./scene.ts";

const NAMES = ["m1", "m2", "m3", "m4", "m5"];

/** Of two other clusters, and of a monitor that never runs. */
const OTHERS = [3, 5].map((count) => hosts("m", count, 7, 10 * count));
const FREE = "127.0.7.90";

/** Daemons start slowly where many other tests run. */
const PATIENCE_MS = 60_000;

/** Leaves the processors to the processes that are to start. */
const WRITE_PAUSE_MS = 20;

Deno.test("monitors come and go, are lost, rebuilt, restored and recovered; no acknowledged write is missing", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 5, 7, 1),
    workers: hosts("w", 1, 7, 6),
  }, async ({ testbed, step }) => {
    await step("quorums of one, three and five are founded", async () => {
      testbed.startMonitor("m1", foundedBy(testbed, ["m1"]));
      await Deno.mkdir(bricksOn(testbed, "w1"), { recursive: true });
      testbed.startWorker("w1");
      await foundOthers(testbed);
      await awaitVoters(testbed, ["m1"]);
      await awaitVerdict(testbed, "w1", "alive");
    });
    const writer = new ConfigWriter(testbed, "lives", {
      patienceMs: PATIENCE_MS,
      pauseMs: WRITE_PAUSE_MS,
    });
    try {
      await step(
        "growth from one to five loses nothing",
        () => grow(testbed, writer),
      );
      await step(
        "a cold restart of all at once loses nothing",
        () => coldRestart(testbed, writer),
      );
      await step("the lead goes where it is wanted", () => transfer(testbed));
      await step(
        "the leader is removed and ends; the quorum shrinks to three",
        () => shrinkToThree(testbed, writer),
      );
      await step(
        "an empty monitor takes the place of a lost one of its name",
        () => replaceLost(testbed, writer),
      );
      await step(
        "a damaged monitor is rebuilt by the command that it names",
        () => rebuildDamaged(testbed, writer),
      );
      await step(
        "data of other clusters and names are refused, also with --join",
        () => refuseForeign(testbed),
      );
      await step(
        "a backup is taken under writes, all is lost, all is restored",
        () => restoreAll(testbed, writer),
      );
    } finally {
      await writer.stop().catch(() => {});
    }
    await step(
      "one survivor of three goes on alone, and others join it",
      () => recoverOne(testbed),
    );
  });
});

/** Flags of a founder among `names`. */
function foundedBy(testbed: Testbed, names: readonly string[]): Flags {
  const list = names.map((name) => `${name}=${addressOf(testbed, name)}`);
  return { monitors: list.join(",") };
}

/** Flags of a monitor that came later. */
function joining(testbed: Testbed, to = "m1"): Flags {
  return { monitors: undefined, join: addressOf(testbed, to) };
}

function addressOf(testbed: Testbed, name: string): string {
  return testbed.options.monitors.find((one) => one.name === name)!.address;
}

interface Member {
  readonly name: string;
  readonly voter: boolean;
  readonly reachable: boolean;
  readonly role: string | null;
}

/** Waits until exactly these vote, all of them there, and nobody else is a member. */
async function awaitVoters(
  testbed: Testbed,
  names: readonly string[],
): Promise<void> {
  let seen = "";
  await testbed.eventually(`the voters are ${names}`, async () => {
    const list = await testbed.get<{ items: Member[] }>("/v1/monitors");
    const voters = list?.items.filter(({ voter, reachable }) =>
      voter && reachable
    );
    seen = JSON.stringify(list?.items);
    return list !== null && list.items.length === names.length &&
      voters?.map(({ name }) => name).join() === names.join();
  }, PATIENCE_MS).catch((error) => {
    throw new Error(`${error.message}: ${seen}`);
  });
}

function leaderOf(testbed: Testbed): Promise<string> {
  return testbed.eventually("a leader", async () => {
    const status = await testbed.get<{ leader: string | null }>("/v1/status");
    return status?.leader ?? null;
  });
}

/** Three, and then five, monitors beside the cluster: all vote, and all are level. */
async function foundOthers(testbed: Testbed): Promise<void> {
  for (const monitors of OTHERS) {
    const list = monitors.map(({ name, address }) => `${name}=${address}`);
    const daemonOf = (name: string): string => `of${monitors.length}-${name}`;
    for (const { name, address } of monitors) {
      testbed.startDaemon(
        daemonOf(name),
        testbed.monitorArguments(name, {
          address,
          data: `${testbed.directory}/${daemonOf(name)}`,
          monitors: list.join(","),
        }),
      );
    }
    for (const { address } of monitors) {
      await testbed.eventually(`${address} knows all voters`, async () => {
        const url = `http://${address}:24010/v1/status`;
        const status = await fetch(url).then((one) => one.json(), () => null);
        return status?.healthy === true &&
          status.monitors.length === monitors.length &&
          status.monitors.every((one: Member) => one.voter);
      }, PATIENCE_MS);
    }
    for (const { name } of monitors) {
      assertEquals(await testbed.terminate(daemonOf(name)), 0);
    }
  }
}

/** Starts an empty monitor and has it added. */
async function join(testbed: Testbed, name: string): Promise<void> {
  testbed.startMonitor(name, joining(testbed));
  await testbed.eventually(
    `${name} waits`,
    () => testbed.getFrom(name, "/v1/standing"),
    PATIENCE_MS,
  );
  const said = await succeed(
    testbed,
    "monitor",
    "add",
    name,
    "--address",
    addressOf(testbed, name),
  );
  assertEquals(said, `monitor ${name} added, a voter\n`);
}

async function grow(testbed: Testbed, writer: ConfigWriter): Promise<void> {
  await writer.acknowledged(20);
  for (const name of ["m2", "m3", "m4", "m5"]) {
    await join(testbed, name);
    await writer.acknowledged(writer.count + 20);
  }
  await awaitVoters(testbed, NAMES);
  const again = await testbed.gmon(
    "monitor",
    "add",
    "m5",
    "--address",
    addressOf(testbed, "m5"),
  );
  assertEquals([again.code, again.stdout], [0, "monitor m5 added, a voter\n"]);
}

/** Starts the monitors on their data, as they were started before. */
function startAgain(testbed: Testbed, names: readonly string[]): void {
  for (const name of names) {
    const flags = name === "m1" ? foundedBy(testbed, ["m1"]) : joining(testbed);
    testbed.startMonitor(name, flags);
  }
}

async function coldRestart(
  testbed: Testbed,
  writer: ConfigWriter,
): Promise<void> {
  await Promise.all(NAMES.map((name) => testbed.kill(name)));
  startAgain(testbed, NAMES);
  await awaitVoters(testbed, NAMES);
  await writer.acknowledged(writer.count + 20);
}

async function transfer(testbed: Testbed): Promise<void> {
  for (const name of ["m3", "m1"]) {
    await handTo(testbed, name);
    assertEquals(await leaderOf(testbed), name);
  }
  await succeed(testbed, "monitor", "transfer");
  assert(await leaderOf(testbed) !== "m1");
}

/** On a busy machine the successor may be too slow: then the command says so. */
async function handTo(testbed: Testbed, name: string): Promise<void> {
  await testbed.eventually(`${name} takes the lead`, async () => {
    const { code, stdout, stderr } = await testbed.gmon(
      "monitor",
      "transfer",
      name,
    );
    if (code === 0) assertEquals(stdout, `monitor ${name} leads\n`);
    else assert(/\[(change-refused|no-leader|outcome-unknown)\]/.test(stderr));
    return code === 0;
  }, PATIENCE_MS);
}

async function shrinkToThree(
  testbed: Testbed,
  writer: ConfigWriter,
): Promise<void> {
  await handTo(testbed, "m4");
  for (const name of ["m4", "m5"]) {
    assertEquals(
      await succeed(testbed, "monitor", "remove", name, "--yes"),
      `monitor ${name} removed\n`,
    );
    assertEquals(await testbed.ended(name), 7);
    assertStringIncludes(await testbed.log(name), "[monitor-removed]");
    await writer.acknowledged(writer.count + 20);
  }
  await awaitVoters(testbed, ["m1", "m2", "m3"]);
  // It knows by itself that it is none of them any more.
  const back = await testbed.gmon(
    ...testbed.monitorArguments("m4", joining(testbed)),
  );
  assertStartRefused(back, {
    problem: "monitor-removed",
    exit: 7,
    says: ["m4 was removed", "--join"],
  });
}

async function replaceLost(
  testbed: Testbed,
  writer: ConfigWriter,
): Promise<void> {
  await testbed.kill("m2");
  await Deno.remove(`${testbed.directory}/m2`, { recursive: true });
  const risk = await testbed.gmon("status", "--check");
  assertEquals(risk.code, 8);
  assertStringIncludes(risk.stdout, "[quorum-at-risk]");
  await join(testbed, "m2");
  await awaitVoters(testbed, ["m1", "m2", "m3"]);
  await writer.acknowledged(writer.count + 20);
}

async function rebuildDamaged(
  testbed: Testbed,
  writer: ConfigWriter,
): Promise<void> {
  const data = `${testbed.directory}/m3`;
  const line = [
    "monitor",
    "rebuild",
    "--name",
    "m3",
    "--data",
    data,
    "--join",
    addressOf(testbed, "m1"),
    "--yes",
  ];
  assertRefused(await testbed.gmon(...line), {
    problem: "name-in-use",
    exit: 6,
    says: ["m3 answers", "stop it first"],
  });
  await testbed.kill("m3");
  await flipBits(`${data}/journal`);
  const refused = await testbed.gmon(
    ...testbed.monitorArguments("m3", joining(testbed)),
  );
  assertStartRefused(refused, {
    problem: "journal-damaged",
    exit: 1,
    says: [`${data}/journal`, "offset", "gmon monitor rebuild --data"],
  });
  const said = await succeed(testbed, ...line);
  assertStringIncludes(said, `what it had is in ${data}/damaged-`);
  testbed.startMonitor("m3", joining(testbed));
  await awaitVoters(testbed, ["m1", "m2", "m3"]);
  await writer.acknowledged(writer.count + 20);
}

/** Some of every segment, far from its end. */
async function flipBits(journal: string): Promise<void> {
  for (const name of await namesIn(journal)) {
    const content = await Deno.readFile(`${journal}/${name}`);
    for (let at = 40; at < 400; at += 7) content[at]! ^= 1 << (at % 8);
    await Deno.writeFile(`${journal}/${name}`, content);
  }
}

async function refuseForeign(testbed: Testbed): Promise<void> {
  const start = (data: string, name: string, changes: Flags): Promise<
    Awaited<ReturnType<Testbed["gmon"]>>
  > =>
    testbed.gmon(...testbed.monitorArguments("m1", {
      name,
      address: FREE,
      data: `${testbed.directory}/${data}`,
      ...changes,
    }));
  // Old data of a founder of another cluster.
  assertStartRefused(await start("of3-m1", "m1", joining(testbed)), {
    problem: "cluster-mismatch",
    exit: 7,
    says: ["of3-m1 belongs to cluster", "empty one"],
  });
  assertStartRefused(await start("of3-m1", "m6", joining(testbed)), {
    problem: "identity-mismatch",
    exit: 7,
    says: ["belongs to the monitor m1, not to the monitor m6"],
  });
  assertRefused(
    await start("m6", "m6", { join: FREE, monitors: `m6=${FREE}` }),
    { problem: "usage", exit: 2, says: ["--join and --monitors", "both"] },
  );
  // Of the cluster, but its data are gone: it might vote twice.
  await testbed.kill("m1");
  await Deno.rename(`${testbed.directory}/m1`, `${testbed.directory}/m1-away`);
  const wiped = await testbed.gmon(
    ...testbed.monitorArguments("m1", foundedBy(testbed, ["m1", "m2", "m3"])),
  );
  assertStartRefused(wiped, {
    problem: "journal-damaged",
    exit: 1,
    says: ["m1", "gmon monitor rebuild"],
  });
  await Deno.remove(`${testbed.directory}/m1`, { recursive: true })
    .catch(() => {});
  await Deno.rename(`${testbed.directory}/m1-away`, `${testbed.directory}/m1`);
  startAgain(testbed, ["m1"]);
  await awaitVoters(testbed, ["m1", "m2", "m3"]);
}

async function restoreAll(
  testbed: Testbed,
  writer: ConfigWriter,
): Promise<void> {
  const file = `${testbed.directory}/backup`;
  await writer.acknowledged(writer.count + 10);
  const covered = writer.count;
  const said = await succeed(testbed, "backup", file);
  assertStringIncludes(said, `${file} is a backup of cluster `);
  assertRefused(await testbed.gmon("backup", file), {
    problem: "usage",
    exit: 2,
    says: ["already", "--force"],
  });
  await writer.acknowledged(writer.count + 10);
  await writer.stop();
  const names = ["m1", "m2", "m3"];
  for (const name of names) {
    await testbed.kill(name);
    await Deno.remove(`${testbed.directory}/${name}`, { recursive: true });
  }
  const list = foundedBy(testbed, names).monitors!;
  for (const name of names) {
    await succeed(
      testbed,
      "restore",
      file,
      "--name",
      name,
      "--address",
      addressOf(testbed, name),
      "--data",
      `${testbed.directory}/${name}`,
      "--monitors",
      String(list),
      "--restore-id",
      "after the flood",
    );
    testbed.startMonitor(name, foundedBy(testbed, names));
  }
  await awaitVoters(testbed, names);
  await writer.verify(covered);
  await awaitVerdict(testbed, "w1", "alive");
  // The worker follows, though it had seen revisions that are gone.
  await succeed(testbed, "volume", "create", "v1", ...bricksOf(testbed, "v1"));
}

async function recoverOne(testbed: Testbed): Promise<void> {
  const names = ["m1", "m2", "m3"];
  await succeed(testbed, "config", "put", "kept", "by all");
  for (const name of names) await testbed.kill(name);
  for (const name of ["m2", "m3"]) {
    await Deno.remove(`${testbed.directory}/${name}`, { recursive: true });
  }
  const recover = ["monitor", "recover", "--name", "m1", "--data"];
  const data = `${testbed.directory}/m1`;
  const unsure = await testbed.gmon(...recover, data);
  assertEquals(unsure.code, 2);
  assertStringIncludes(unsure.stderr, "given up: m2, m3");
  const done = await testbed.gmon(...recover, data, "--yes");
  assertEquals(done.code, 0, done.stderr);
  testbed.startMonitor("m1", foundedBy(testbed, names));
  await awaitVoters(testbed, ["m1"]);
  assertEquals(await succeed(testbed, "config", "get", "kept"), "by all\n");
  await join(testbed, "m2");
  await awaitVoters(testbed, ["m1", "m2"]);
  await succeed(testbed, "monitor", "remove", "m2", "--yes");
  await awaitVoters(testbed, ["m1"]);
  await refuseForgotten(testbed, names);
  await awaitVerdict(testbed, "w1", "alive");
  await succeed(testbed, "volume", "start", "v1");
  await awaitOnline(testbed, "v1", 1);
}

/** A founder without data, which the quorum has no more, learns that from the leader, and knows it by itself the next time. */
async function refuseForgotten(
  testbed: Testbed,
  names: readonly string[],
): Promise<void> {
  const start = testbed.monitorArguments("m3", foundedBy(testbed, names));
  for (const says of ["has no monitor m3", "m3 was removed from the quorum"]) {
    assertStartRefused(await testbed.gmon(...start), {
      problem: "monitor-removed",
      exit: 7,
      says: [says, "--join"],
    });
  }
}
