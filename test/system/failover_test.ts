import { assert, assertEquals } from "@std/assert";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { treeOf } from "../../tools/testbed/tree.ts";
import { ConfigWriter } from "./config_writer.ts";
import {
  awaitOnline,
  awaitVerdict,
  bricksNow,
  bricksOf,
  bricksOn,
  hosts,
  playScene,
  startCluster,
  succeed,
} from "./scene.ts";

const MONITORS = ["m1", "m2", "m3"];

Deno.test("monitors and workers fail in every way; nothing acknowledged is lost, no brick stops", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 3, 3, 1),
    workers: hosts("w", 3, 3, 4),
  }, async ({ testbed, step }) => {
    let mount = "";
    await step("a cluster with a mounted volume", async () => {
      await startCluster(testbed);
      const bricks = bricksOf(testbed, "v1");
      await succeed(
        testbed,
        "volume",
        "create",
        "v1",
        "replica",
        "3",
        ...bricks,
      );
      await succeed(testbed, "volume", "start", "v1");
      await awaitOnline(testbed, "v1", 3);
      mount = await testbed.mount("w1", "v1");
      await Deno.writeTextFile(`${mount}/first`, "written at first\n");
    });
    await step(
      "kill -9 of the leader in a stream of writes loses none",
      () => killLeader(testbed),
    );
    await step(
      "a leader that is stopped for a while loses none either",
      () => pauseLeader(testbed),
    );
    await step(
      "kill -9 of all monitors stops no brick and no mount",
      () => coldRestart(testbed, mount),
    );
    await step(
      "kill -9 of a worker leaves its bricks, which it finds again",
      () => killWorker(testbed, mount),
    );
    await step(
      "without monitors, a worker that lost everything starts its bricks and serves mounts",
      () => aloneAtStart(testbed, mount),
    );
    await step(
      "a worker that is away while a volume is stopped and deleted makes up for it",
      () => awayMeanwhile(testbed),
    );
    await step(
      "SIGTERM of a worker: it left; it comes back",
      () => leaveAndReturn(testbed),
    );
    await step(
      "a worker that lost its data directory takes its name and its brick over",
      () => beginAnew(testbed),
    );
    await step(
      "SIGTERM of all monitors and workers ends them with 0",
      async () => {
        for (const name of ["w1", "w2", "w3", ...MONITORS]) {
          assertEquals(await testbed.terminate(name), 0, name);
        }
      },
    );
  });
});

/** The leading monitor's name. */
function leaderOf(testbed: Testbed): Promise<string> {
  return testbed.eventually("a leader", async () => {
    const status = await testbed.get<{ leader: string | null }>("/v1/status");
    return status?.leader ?? null;
  });
}

async function killLeader(testbed: Testbed): Promise<void> {
  const writer = new ConfigWriter(testbed, "killed");
  await writer.acknowledged(50);
  const leader = await leaderOf(testbed);
  await testbed.kill(leader);
  const before = writer.count;
  await writer.acknowledged(before + 50);
  assert(await leaderOf(testbed) !== leader);
  testbed.startMonitor(leader);
  await writer.acknowledged(writer.count + 20);
  await writer.stop();
  await restartAll(testbed);
  await writer.verify();
}

async function pauseLeader(testbed: Testbed): Promise<void> {
  const writer = new ConfigWriter(testbed, "paused");
  await writer.acknowledged(20);
  const leader = await leaderOf(testbed);
  testbed.signal(leader, "SIGSTOP");
  await writer.acknowledged(writer.count + 50);
  testbed.signal(leader, "SIGCONT");
  await writer.acknowledged(writer.count + 50);
  await writer.stop();
  await oneLeader(testbed);
  await writer.verify();
}

/** All three monitors name the same leader, who is one of them. */
async function oneLeader(testbed: Testbed): Promise<void> {
  await testbed.eventually("one leader in everybody's eyes", async () => {
    const leaders = new Set<string | null>();
    for (const name of MONITORS) {
      const status = await testbed.getFrom<{ leader: string | null }>(
        name,
        "/v1/status?consistency=stale",
      );
      leaders.add(status?.leader ?? null);
    }
    return leaders.size === 1 && !leaders.has(null);
  });
}

async function restartAll(testbed: Testbed): Promise<void> {
  await Promise.all(MONITORS.map((name) => testbed.kill(name)));
  for (const name of MONITORS) testbed.startMonitor(name);
  await leaderOf(testbed);
}

async function coldRestart(testbed: Testbed, mount: string): Promise<void> {
  await succeed(testbed, "config", "put", "cold", "kept");
  const before = await pidsOf(testbed, "v1");
  await Promise.all(MONITORS.map((name) => testbed.kill(name)));
  await Deno.writeTextFile(`${mount}/headless`, "no monitor lives\n");
  assertEquals(await Deno.readTextFile(`${mount}/first`), "written at first\n");
  const result = await testbed.gmon("volume", "list", "--timeout", "500ms");
  assertEquals(result.code, 3, result.stderr);
  // A client of a worker that follows no monitor is served all the same.
  const second = await testbed.mount("w2", "v1", "headless");
  assertEquals(
    await Deno.readTextFile(`${second}/headless`),
    "no monitor lives\n",
  );
  await testbed.unmount(second);
  for (const name of MONITORS) testbed.startMonitor(name);
  await leaderOf(testbed);
  await awaitOnline(testbed, "v1", 3);
  assertEquals(await pidsOf(testbed, "v1"), before);
  assertEquals(await succeed(testbed, "config", "get", "cold"), "kept\n");
}

async function killWorker(testbed: Testbed, mount: string): Promise<void> {
  const before = await pidsOf(testbed, "v1");
  await testbed.kill("w2");
  await awaitVerdict(testbed, "w2", "dead");
  assertEquals(await brickProcesses(testbed, "w2", "v1"), [before.get("w2")]);
  await Deno.writeTextFile(`${mount}/without-w2`, "its brick lives on\n");
  assertEquals(
    await Deno.readTextFile(`${bricksOn(testbed, "w2")}/v1/without-w2`),
    "its brick lives on\n",
  );
  testbed.startWorker("w2");
  await awaitVerdict(testbed, "w2", "alive");
  await awaitOnline(testbed, "v1", 3);
  assertEquals(await pidsOf(testbed, "v1"), before);
  assertEquals(await brickProcesses(testbed, "w2", "v1"), [before.get("w2")]);
}

async function aloneAtStart(testbed: Testbed, mount: string): Promise<void> {
  const before = await pidsOf(testbed, "v1");
  await Promise.all(MONITORS.map((name) => testbed.kill(name)));
  await testbed.killHost("w3");
  assertEquals(await brickProcesses(testbed, "w3", "v1"), []);
  testbed.startWorker("w3");
  const [started] = await testbed.eventually("w3 runs its brick", async () => {
    const pids = await brickProcesses(testbed, "w3", "v1");
    return pids.length > 0 ? pids : null;
  });
  assert(started !== before.get("w3"));
  const alone = await testbed.mount("w3", "v1", "alone");
  assertEquals(await Deno.readTextFile(`${alone}/first`), "written at first\n");
  await Deno.writeTextFile(`${alone}/alone`, "through w3\n");
  assertEquals(await Deno.readTextFile(`${mount}/alone`), "through w3\n");
  await testbed.eventually("the brick of w3 is written", async () => {
    const path = `${bricksOn(testbed, "w3")}/v1/alone`;
    const text = await Deno.readTextFile(path).catch(() => "");
    return text === "through w3\n";
  });
  await testbed.unmount(alone);
  for (const name of MONITORS) testbed.startMonitor(name);
  await leaderOf(testbed);
  await awaitVerdict(testbed, "w3", "alive");
  await awaitOnline(testbed, "v1", 3);
  assertEquals(await brickProcesses(testbed, "w3", "v1"), [started]);
}

async function awayMeanwhile(testbed: Testbed): Promise<void> {
  for (const name of ["stopped", "deleted"]) {
    const bricks = bricksOf(testbed, name);
    await succeed(testbed, "volume", "create", name, "replica", "3", ...bricks);
    await succeed(testbed, "volume", "start", name);
    await awaitOnline(testbed, name, 3);
  }
  await testbed.kill("w3");
  await awaitVerdict(testbed, "w3", "dead");
  await succeed(testbed, "volume", "stop", "stopped", "--yes");
  await succeed(testbed, "volume", "stop", "deleted", "--yes");
  await succeed(testbed, "volume", "delete", "deleted", "--yes");
  for (const worker of ["w1", "w2"]) {
    await testbed.eventually(`the bricks of ${worker} end`, async () => {
      const pids = [
        ...await brickProcesses(testbed, worker, "stopped"),
        ...await brickProcesses(testbed, worker, "deleted"),
      ];
      return pids.length === 0;
    });
  }
  assertEquals((await brickProcesses(testbed, "w3", "stopped")).length, 1);
  assertEquals((await brickProcesses(testbed, "w3", "deleted")).length, 1);
  testbed.startWorker("w3");
  await testbed.eventually("w3 stops both bricks", async () => {
    const pids = [
      ...await brickProcesses(testbed, "w3", "stopped"),
      ...await brickProcesses(testbed, "w3", "deleted"),
    ];
    return pids.length === 0;
  });
  await testbed.eventually("w3 cleans up", async () => {
    const [top = ""] = await treeOf(`${bricksOn(testbed, "w3")}/deleted`);
    return !top.includes("trusted.glusterfs.volume-id");
  });
  const bricks = await bricksNow(testbed, "stopped");
  assertEquals(bricks?.map((brick) => brick.online), [false, false, false]);
  await succeed(testbed, "volume", "delete", "stopped", "--yes");
}

async function leaveAndReturn(testbed: Testbed): Promise<void> {
  const before = await pidsOf(testbed, "v1");
  assertEquals(await testbed.terminate("w1"), 0);
  await awaitVerdict(testbed, "w1", "left");
  assertEquals(await brickProcesses(testbed, "w1", "v1"), [before.get("w1")]);
  testbed.startWorker("w1");
  await awaitVerdict(testbed, "w1", "alive");
  await awaitOnline(testbed, "v1", 3);
  assertEquals(await pidsOf(testbed, "v1"), before);
}

/** Its new self counts its starts from one again; the old one had more. */
async function beginAnew(testbed: Testbed): Promise<void> {
  const before = await pidsOf(testbed, "v1");
  await testbed.kill("w1");
  await awaitVerdict(testbed, "w1", "dead");
  await Deno.remove(`${testbed.directory}/w1`, { recursive: true });
  testbed.startWorker("w1");
  await awaitVerdict(testbed, "w1", "alive");
  await awaitOnline(testbed, "v1", 3);
  assertEquals(await pidsOf(testbed, "v1"), before);
}

/** The bricks' pids by worker, as their workers report them. */
async function pidsOf(
  testbed: Testbed,
  volume: string,
): Promise<Map<string, number | null>> {
  const bricks = await awaitOnline(testbed, volume, 3);
  return new Map(bricks.map(({ worker, pid }) => [worker, pid]));
}

/** The living `glusterfsd` of one brick: never more than one. */
async function brickProcesses(
  testbed: Testbed,
  worker: string,
  volume: string,
): Promise<number[]> {
  const path = `${bricksOn(testbed, worker)}/${volume}`;
  const pids = await testbed.processesOf(`\0--brick-name\0${path}\0`);
  assert(pids.length <= 1, `two processes of one brick: ${pids}`);
  return pids;
}
