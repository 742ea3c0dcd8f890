import { assert, assertEquals } from "@std/assert";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { holderOf } from "./role_scene.ts";
import {
  awaitOnline,
  awaitVerdict,
  bricksOf,
  bricksOn,
  hosts,
  playScene,
  startCluster,
  succeed,
} from "./scene.ts";

/** What the handler of these tests has noted: one line each time that it did something. */
interface Deed {
  readonly worker: string;
  readonly fence: number;
  /** Hundredths of a second since boot. */
  readonly at: number;
}

Deno.test("an exclusive role is acted in by one worker at a time, whatever happens to its holder", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 3, 9, 31),
    workers: hosts("w", 3, 9, 34),
  }, async ({ testbed, step }) => {
    await step("a kind with a handler that goes on and on", async () => {
      await startCluster(testbed);
      await writeHandler(testbed);
      await succeed(
        testbed,
        "role",
        "kind",
        "add",
        "watch",
        "--handler",
        `${testbed.directory}/handler`,
      );
      await deedsOf(testbed, () => true);
    });
    await step(
      "kill -9 of its worker in mid-action ends the handler and all that it started",
      () => killHolder(testbed),
    );
    await step(
      "a worker that is stopped for a while loses it, and does nothing when it wakes",
      () => pauseHolder(testbed),
    );
    await step(
      "without monitors it ends with the lease; with them it goes on",
      () => loseMonitors(testbed),
    );
    await step(
      "pinned, it passes to that worker at once, and its stop hook has run",
      () => pinElsewhere(testbed),
    );
    await step(
      "what it prints and how it ends can be seen",
      () => look(testbed),
    );
    await step("removed, it ends", async () => {
      await succeed(testbed, "role", "kind", "remove", "watch");
      await testbed.eventually(
        "the role is gone",
        async () => await holderOf(testbed, "watch/cluster") === null,
      );
      const before = (await deeds(testbed)).length;
      await testbed.eventually(
        "nothing of the handler lives",
        async () => (await handlers(testbed)).length === 0,
      );
      assert((await deeds(testbed)).length - before < 50);
    });
    await step(
      "a rebalance moves every file to where it belongs",
      () => rebalance(testbed),
    );
    await step("no two ever acted at once, and fences grew", async () => {
      const all = await deeds(testbed);
      assert(all.length > 100, `${all.length} deeds`);
      for (const [at, deed] of all.entries()) {
        const before = all[at - 1];
        if (before === undefined) continue;
        assert(deed.fence >= before.fence, JSON.stringify([before, deed]));
        assertEquals(
          deed.fence === before.fence,
          deed.worker === before.worker,
          JSON.stringify([before, deed]),
        );
      }
    });
  });
});

/** It starts a child in a session of its own, and both note what they do in a file. */
async function writeHandler(testbed: Testbed): Promise<void> {
  const file = `${testbed.directory}/deeds`;
  const script = `#!/bin/bash
note() { read -r at _ </proc/uptime; echo "$GMON_WORKER $GMON_ROLE_FENCE \${at/./}" >>${file}; }
if [ "$1" = stop ]; then echo "$GMON_WORKER stops" >>${testbed.directory}/stops; exit; fi
echo "acting as $GMON_ROLE"
export -f note; export GMON_WORKER GMON_ROLE_FENCE
setsid bash -c 'while :; do note; sleep 0.05; done' ${testbed.directory}/child &
while :; do note; sleep 0.05; done
`;
  await Deno.writeTextFile(`${testbed.directory}/handler`, script, {
    mode: 0o755,
  });
}

async function deeds(testbed: Testbed): Promise<Deed[]> {
  const text = await Deno.readTextFile(`${testbed.directory}/deeds`)
    .catch(() => "");
  return text.trim().split("\n").filter((line) => line !== "").map((line) => {
    const [worker, fence, at] = line.split(" ");
    return { worker: worker!, fence: Number(fence), at: Number(at) };
  });
}

/** Waits until something like this was done; answers the last such deed. */
function deedsOf(
  testbed: Testbed,
  fits: (deed: Deed) => boolean,
): Promise<Deed> {
  return testbed.eventually(
    "the handler acts",
    async () => (await deeds(testbed)).findLast(fits) ?? null,
    40_000,
  );
}

/** The handler's processes, its guards left out. */
function handlers(testbed: Testbed): Promise<number[]> {
  return testbed.processesOf(`${testbed.directory}/child`);
}

async function killHolder(testbed: Testbed): Promise<void> {
  const { worker, fence } = (await deeds(testbed)).at(-1)!;
  await testbed.kill(worker);
  await testbed.eventually(
    "the handler has ended with its worker",
    async () => (await handlers(testbed)).length === 0,
    3_000,
  );
  const next = await deedsOf(testbed, (deed) => deed.fence > fence);
  assert(next.worker !== worker);
  testbed.startWorker(worker);
  await awaitVerdict(testbed, worker, "alive");
}

async function pauseHolder(testbed: Testbed): Promise<void> {
  const { worker, fence } = (await deeds(testbed)).at(-1)!;
  testbed.signal(worker, "SIGSTOP");
  const next = await deedsOf(testbed, (deed) => deed.fence > fence);
  assert(next.worker !== worker);
  testbed.signal(worker, "SIGCONT");
  await awaitVerdict(testbed, worker, "alive");
  // Whatever it may hold now, it holds under a larger fence.
  await deedsOf(testbed, (deed) => deed.at > next.at + 100);
}

async function loseMonitors(testbed: Testbed): Promise<void> {
  const monitors = testbed.options.monitors.map(({ name }) => name);
  const { fence } = (await deeds(testbed)).at(-1)!;
  await Promise.all(monitors.map((name) => testbed.kill(name)));
  await testbed.eventually(
    "the handler has ended with its lease",
    async () => (await handlers(testbed)).length === 0,
  );
  for (const name of monitors) testbed.startMonitor(name);
  await testbed.eventually(
    "the handler acts again",
    async () => (await handlers(testbed)).length > 0,
    40_000,
  );
  assert((await deeds(testbed)).at(-1)!.fence >= fence);
}

async function pinElsewhere(testbed: Testbed): Promise<void> {
  const { worker } = (await deeds(testbed)).at(-1)!;
  const other = ["w1", "w2", "w3"].find((name) => name !== worker)!;
  await succeed(testbed, "role", "pin", "watch/cluster", other);
  await deedsOf(testbed, (deed) => deed.worker === other);
  const stops = await Deno.readTextFile(`${testbed.directory}/stops`);
  assert(stops.includes(`${worker} stops\n`), stops);
}

async function look(testbed: Testbed): Promise<void> {
  await testbed.eventually("the output is told", async () => {
    const shown = await succeed(testbed, "role", "info", "watch/cluster");
    return shown.includes("acting");
  });
  await Deno.writeTextFile(
    `${testbed.directory}/failing`,
    "#!/bin/sh\n[ $1 = stop ] && exit 0\necho it cannot be done; exit 7\n",
    { mode: 0o755 },
  );
  await succeed(
    testbed,
    "role",
    "kind",
    "add",
    "broken",
    "--handler",
    `${testbed.directory}/failing`,
  );
  await testbed.eventually("its failure is told", async () => {
    const shown = await succeed(testbed, "role", "info", "broken/cluster");
    return shown.includes("ended with 7") &&
      shown.includes("it cannot be done");
  });
  await succeed(testbed, "role", "kind", "remove", "broken");
}

async function rebalance(testbed: Testbed): Promise<void> {
  const bricks = bricksOf(testbed, "d", ["w1", "w2"]);
  await succeed(testbed, "volume", "create", "d", ...bricks);
  await succeed(testbed, "volume", "start", "d");
  await awaitOnline(testbed, "d", 2);
  const mount = await testbed.mount("w3", "d");
  // A file that is renamed stays where it is; a pointer to it is left where it belongs.
  for (let number = 1; number <= 60; number++) {
    await Deno.writeTextFile(`${mount}/old-${number}`, `${number}`);
    await Deno.rename(`${mount}/old-${number}`, `${mount}/new-${number}`);
  }
  assert(pointers(testbed) > 5, `${pointers(testbed)} pointers`);
  await succeed(testbed, "volume", "rebalance", "d", "start");
  const done = await testbed.eventually("it completes", async () => {
    const seen = await testbed.get<{ state: string; files: number }>(
      "/v1/volumes/d/rebalance",
    );
    return seen !== null && seen.state !== "running" &&
        seen.state !== "waiting"
      ? seen
      : null;
  }, 60_000);
  assertEquals(done.state, "completed");
  assert(done.files > 5, `${done.files} files moved`);
  assertEquals(pointers(testbed), 0);
  for (let number = 1; number <= 60; number++) {
    assertEquals(
      await Deno.readTextFile(`${mount}/new-${number}`),
      `${number}`,
    );
  }
}

/** Files of no content with nothing but the sticky bit: what GlusterFS leaves where a file belongs. */
function pointers(testbed: Testbed): number {
  return ["w1", "w2"].flatMap((worker) => {
    const brick = `${bricksOn(testbed, worker)}/d`;
    return [...Deno.readDirSync(brick)].filter(({ name, isFile }) => {
      if (!isFile) return false;
      const { mode, size } = Deno.statSync(`${brick}/${name}`);
      return size === 0 && ((mode ?? 0) & 0o7777) === 0o1000;
    });
  }).length;
}
