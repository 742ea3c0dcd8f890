import { assert, assertEquals } from "@std/assert";
import { apartLauncher } from "../../tools/testbed/apart_launcher.ts";
import { filesIn, pendingIn } from "../../tools/testbed/brick_contents.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { attributesOf, setAttribute } from "../../tools/testbed/tree.ts";
import { awaitConnected, healers, holderOf } from "./role_scene.ts";
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
/** So many that a heal takes a while. */
const FILES = { r3: 300, d6: 100 };

Deno.test("one healer a subvolume heals whichever brick was away, also when its daemons are killed in mid-heal", async (context) => {
  await playScene(context, {
    launcher: apartLauncher(),
    monitors: hosts("m", 1, 9, 1),
    workers: hosts("w", 6, 9, 4),
  }, async ({ testbed, step }) => {
    const volumes = new Volumes();
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
        volumes.mounts[name] = await testbed.mount("w4", name);
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
        () => loseAndHeal(testbed, volumes, worker),
      );
    }
    await step(
      "the healer's daemons are killed in mid-heal: it heals on",
      () => loseDaemons(testbed, volumes),
    );
    await step(
      "the healer's host loses power in mid-heal: another heals on",
      () => loseHealer(testbed, volumes),
    );
    await step(
      "what is listed while every brick is online is not left to the next ten minutes",
      () => healListed(testbed, volumes),
    );
    await step(
      "a full heal brings back what no index knows of",
      () => healFull(testbed, volumes),
    );
  });
});

/** Where the volumes are mounted, and what was written there. */
class Volumes {
  readonly mounts = { r3: "", d6: "" };
  readonly written: Readonly<Record<"r3" | "d6", string[]>> = {
    r3: [],
    d6: [],
  };

  async write(
    volume: "r3" | "d6",
    name: string,
    content: string,
  ): Promise<void> {
    await Deno.writeTextFile(`${this.mounts[volume]}/${name}`, content);
    this.written[volume].push(name);
  }
}

async function loseAndHeal(
  testbed: Testbed,
  volumes: Volumes,
  worker: string,
): Promise<void> {
  await testbed.killHost(worker);
  for (let number = 1; number <= 8; number++) {
    for (const volume of ["r3", "d6"] as const) {
      const name = `while-${worker}-was-away-${number}`;
      await volumes.write(volume, name, `${number} `.repeat(2_000));
    }
  }
  await awaitVerdict(testbed, worker, "dead");
  testbed.startWorker(worker);
  await awaitVerdict(testbed, worker, "alive");
  await awaitHealed(testbed, "r3", REPLICAS, volumes);
  await awaitHealed(testbed, "d6", WORKERS, volumes);
  for (const name of filesIn(`${bricksOn(testbed, REPLICAS[0]!)}/r3`)) {
    for (const replica of REPLICAS) {
      assertEquals(
        await Deno.readTextFile(`${bricksOn(testbed, replica)}/r3/${name}`),
        await Deno.readTextFile(`${volumes.mounts.r3}/${name}`),
        `${name} on ${replica}`,
      );
    }
  }
}

/** Every brick holds every file, no index lists anything to heal, and the client sees all bricks: another may be lost. */
async function awaitHealed(
  testbed: Testbed,
  volume: "r3" | "d6",
  workers: readonly string[],
  { written, mounts }: Volumes,
): Promise<void> {
  const expected = written[volume].toSorted().join();
  await testbed.eventually(
    `${volume} is healed on every brick`,
    () =>
      Promise.resolve(
        workers
          .map((worker) => `${bricksOn(testbed, worker)}/${volume}`)
          .every((brick) =>
            filesIn(brick).join() === expected && pendingIn(brick) === 0
          ),
      ),
    HEAL_MS,
  );
  await awaitConnected(testbed, mounts[volume], volume, workers.length);
}

/**
 * The holder's daemons are killed, not its brick: of a replica, GlusterFS heals
 * directories only while all bricks can be reached (10.3's debug log says so).
 */
async function loseDaemons(testbed: Testbed, volumes: Volumes): Promise<void> {
  const healer = await holderOf(testbed, "self-heal/r3/0");
  assert(healer !== null);
  const victim = REPLICAS.find((name) => name !== healer)!;
  const many = await beginHealing(testbed, volumes, "r3", victim);
  for (const pid of await testbed.processesOf(`/run/${healer}/shd/`)) {
    Deno.kill(pid, "SIGKILL");
  }
  assert(many() < FILES.r3, "they were killed in mid-heal");
  await awaitHealed(testbed, "r3", REPLICAS, volumes);
}

/** Files are written while `victim` is away; resolves once some, and not all, are back on its brick, with who counts them. */
async function beginHealing(
  testbed: Testbed,
  volumes: Volumes,
  volume: "r3" | "d6",
  victim: string,
): Promise<() => number> {
  await testbed.killHost(victim);
  for (let number = 1; number <= FILES[volume]; number++) {
    await volumes.write(volume, `many-${volume}-${number}`, `${number}`);
  }
  const many = (): number =>
    filesIn(`${bricksOn(testbed, victim)}/${volume}`)
      .filter((name) => name.startsWith("many-")).length;
  testbed.startWorker(victim);
  await testbed.eventually(
    "the heal has begun",
    () => Promise.resolve(many() > 0),
    HEAL_MS,
  );
  return many;
}

/** Everything of the holder is gone, its brick as well: a disperse set heals on without. */
async function loseHealer(testbed: Testbed, volumes: Volumes): Promise<void> {
  const healer = await holderOf(testbed, "self-heal/d6/0");
  assert(healer !== null);
  const victim = WORKERS.find((name) => name !== healer)!;
  const many = await beginHealing(testbed, volumes, "d6", victim);
  await testbed.killHost(healer);
  assert(many() < FILES.d6, "it was lost in mid-heal");
  await testbed.eventually(
    "another holds the role",
    async () => {
      const now = await holderOf(testbed, "self-heal/d6/0");
      return now !== null && now !== healer;
    },
  );
  await testbed.eventually(
    `${victim} has every file while ${healer} is away`,
    () => Promise.resolve(many() === FILES.d6),
    HEAL_MS,
  );
  testbed.startWorker(healer);
  await awaitHealed(testbed, "d6", WORKERS, volumes);
}

/**
 * As if a client that had not found a returned brick yet had written to the
 * others: one copy is short, and the other two are marked and listed, the healer's
 * own among them. Its daemon runs already and no brick comes to it after that, so
 * it does not crawl by itself.
 */
async function healListed(testbed: Testbed, volumes: Volumes): Promise<void> {
  await volumes.write("r3", "short", "missed by one");
  await awaitHealed(testbed, "r3", REPLICAS, volumes);
  const healer = await holderOf(testbed, "self-heal/r3/0");
  assert(healer !== null);
  const short = REPLICAS.find((name) => name !== healer)!;
  const marked = REPLICAS.filter((name) => name !== short);
  await Deno.truncate(`${bricksOn(testbed, short)}/r3/short`, 0);
  for (const replica of marked) {
    const brick = `${bricksOn(testbed, replica)}/r3`;
    const file = `${brick}/short`;
    // One data operation is pending on that brick (AFR's changelog).
    const changelog = new Uint8Array(12);
    changelog[3] = 1;
    const blamed = `trusted.afr.r3-client-${REPLICAS.indexOf(short)}`;
    setAttribute(file, blamed, changelog);
    const index = `${brick}/.glusterfs/indices/xattrop`;
    const gfid = attributesOf(file).get("trusted.gfid")!
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    await Deno.writeTextFile(`${index}/${gfid}`, "");
  }
  await awaitHealed(testbed, "r3", REPLICAS, volumes);
  assertEquals(
    await Deno.readTextFile(`${bricksOn(testbed, short)}/r3/short`),
    "missed by one",
  );
}

/** GlusterFS's full crawl walks the brick of the daemon's own host: what lies there is brought to where it lacks. */
async function healFull(testbed: Testbed, volumes: Volumes): Promise<void> {
  await volumes.write("r3", "lost", "only two copies");
  await awaitHealed(testbed, "r3", REPLICAS, volumes);
  const healer = await holderOf(testbed, "self-heal/r3/0");
  const without = REPLICAS.find((name) => name !== healer)!;
  await Deno.remove(`${bricksOn(testbed, without)}/r3/lost`);
  await succeed(testbed, "volume", "heal", "r3", "full");
  await awaitHealed(testbed, "r3", REPLICAS, volumes);
  assertEquals(
    await Deno.readTextFile(`${bricksOn(testbed, without)}/r3/lost`),
    "only two copies",
  );
}
