import { assert, assertEquals } from "@std/assert";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import {
  apartLauncher,
  filesIn,
  healers,
  holderOf,
  pendingIn,
} from "./role_scene.ts";
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

const WORKERS = ["w1", "w2", "w3", "w4", "w5", "w6"];
const REPLICAS = WORKERS.slice(0, 3);
const HEAL_MS = 60_000;

Deno.test("one healer a subvolume heals whichever brick was away; when it dies, another goes on", async (context) => {
  await playScene(context, {
    launcher: apartLauncher(),
    monitors: hosts("m", 1, 9, 1),
    workers: hosts("w", 6, 9, 4),
  }, async ({ testbed, step }) => {
    const mounts = { r3: "", d6: "" };
    await step("a replica-3 and a disperse 4+2 volume", async () => {
      await startCluster(testbed);
      for (
        const [name, workers, ...words] of [
          ["r3", REPLICAS, "replica", "3"],
          ["d6", WORKERS, "disperse", "6", "redundancy", "2"],
        ] as const
      ) {
        const bricks = bricksOf(testbed, name, workers);
        await succeed(testbed, "volume", "create", name, ...words, ...bricks);
        await succeed(testbed, "volume", "start", name);
        await awaitOnline(testbed, name, bricks.length);
        mounts[name] = await testbed.mount("w4", name);
      }
    });
    await step(
      "no more daemons than healers; glusterd would run six",
      async () => {
        const designated = new Set([
          await holderOf(testbed, "self-heal/r3/0"),
          await holderOf(testbed, "self-heal/d6/0"),
        ]);
        await testbed.eventually(
          "the daemons of the healers",
          async () =>
            (await healers(testbed)).join() === [...designated].sort().join(),
        );
      },
    );
    for (const worker of WORKERS) {
      await step(
        `${worker} loses power, files are written, it comes back and is healed`,
        () => loseAndHeal(testbed, mounts, worker),
      );
    }
    await step(
      "the healer loses power in mid-heal: another heals on",
      () => loseHealer(testbed, mounts.r3),
    );
    await step(
      "a full heal brings back what no index knows of",
      () => healFull(testbed, mounts.r3),
    );
  });
});

async function loseAndHeal(
  testbed: Testbed,
  mounts: { readonly r3: string; readonly d6: string },
  worker: string,
): Promise<void> {
  await testbed.killHost(worker);
  for (let number = 1; number <= 8; number++) {
    for (const mount of [mounts.r3, mounts.d6]) {
      await Deno.writeTextFile(
        `${mount}/while-${worker}-was-away-${number}`,
        `${number} `.repeat(2_000),
      );
    }
  }
  await awaitVerdict(testbed, worker, "dead");
  testbed.startWorker(worker);
  await awaitVerdict(testbed, worker, "alive");
  await awaitHealed(testbed, "r3", REPLICAS, mounts.r3);
  await awaitHealed(testbed, "d6", WORKERS, mounts.d6);
  for (const name of filesIn(testbed, REPLICAS[0]!, "r3")) {
    for (const replica of REPLICAS) {
      assertEquals(
        await Deno.readTextFile(`${bricksOn(testbed, replica)}/r3/${name}`),
        await Deno.readTextFile(`${mounts.r3}/${name}`),
        `${name} on ${replica}`,
      );
    }
  }
}

/** Every brick holds every file, and no index lists anything to heal. */
async function awaitHealed(
  testbed: Testbed,
  volume: string,
  workers: readonly string[],
  mount: string,
): Promise<void> {
  const files = await Array.fromAsync(Deno.readDir(mount));
  const expected = files.map(({ name }) => name).sort();
  assert(expected.length > 0);
  await testbed.eventually(
    `${volume} is healed on every brick`,
    () =>
      Promise.resolve(
        workers.every((worker) =>
          filesIn(testbed, worker, volume).join() === expected.join() &&
          pendingIn(testbed, worker, volume) === 0
        ),
      ),
    HEAL_MS,
  );
}

async function loseHealer(testbed: Testbed, mount: string): Promise<void> {
  const healer = await holderOf(testbed, "self-heal/r3/0");
  assert(healer !== null);
  const victim = REPLICAS.find((name) => name !== healer)!;
  await testbed.killHost(victim);
  const FILES = 300;
  for (let number = 1; number <= FILES; number++) {
    await Deno.writeTextFile(`${mount}/many-${number}`, `${number}`);
  }
  const many = () =>
    filesIn(testbed, victim, "r3").filter((name) => name.startsWith("many-"))
      .length;
  testbed.startWorker(victim);
  await testbed.eventually(
    "the heal has begun",
    () => Promise.resolve(many() > 0),
    HEAL_MS,
  );
  await testbed.killHost(healer);
  const healed = many();
  assert(healed < FILES, "the healer was killed in mid-heal");
  await testbed.eventually(
    "another heals on",
    () => Promise.resolve(many() === FILES),
    HEAL_MS,
  );
  const next = await holderOf(testbed, "self-heal/r3/0");
  assert(next !== null && next !== healer, `${next} took over from ${healer}`);
  testbed.startWorker(healer);
  await awaitVerdict(testbed, healer, "alive");
  await awaitHealed(testbed, "r3", REPLICAS, mount);
}

async function healFull(testbed: Testbed, mount: string): Promise<void> {
  await Deno.writeTextFile(`${mount}/lost`, "only two copies");
  await awaitHealed(testbed, "r3", REPLICAS, mount);
  await Deno.remove(`${bricksOn(testbed, "w2")}/r3/lost`);
  assertEquals(pendingIn(testbed, "w1", "r3"), 0);
  await succeed(testbed, "volume", "heal", "r3", "full");
  await awaitHealed(testbed, "r3", REPLICAS, mount);
  assertEquals(
    await Deno.readTextFile(`${bricksOn(testbed, "w2")}/r3/lost`),
    "only two copies",
  );
}
