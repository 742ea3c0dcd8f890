import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { attributesOf, namesIn, treeOf } from "../../tools/testbed/tree.ts";
import { assertNoTrace, assertRefused } from "./refusal.ts";
import {
  awaitOnline,
  bricksOn,
  hosts,
  playScene,
  startCluster,
  succeed,
} from "./scene.ts";

const VOLUME_ID = "trusted.glusterfs.volume-id";
const FILES = 24;

/** A type of volume: its words, its bricks, and what must stand in them. */
interface Kind {
  readonly name: string;
  readonly words: readonly string[];
  /** Workers of the bricks, in order. */
  readonly on: readonly string[];
  /** Looks at what the files became in the bricks. */
  check(
    bricks: readonly string[],
    files: ReadonlyMap<string, string>,
  ): Promise<void>;
}

const KINDS: readonly Kind[] = [
  { name: "distribute", words: [], on: ["w1", "w2"], check: spread },
  {
    name: "replica",
    words: ["replica", "2"],
    on: ["w1", "w2"],
    check: (bricks, files) => copies([bricks], files),
  },
  {
    name: "arbiter",
    words: ["replica", "3", "arbiter", "1"],
    on: ["w1", "w2", "w3"],
    check: arbitrated,
  },
  {
    name: "disperse",
    words: ["disperse", "3", "redundancy", "1"],
    on: ["w1", "w2", "w3"],
    check: dispersed,
  },
  {
    name: "spread-replica",
    words: ["replica", "2"],
    on: ["w1", "w2", "w2", "w3"],
    check: (bricks, files) =>
      copies([bricks.slice(0, 2), bricks.slice(2)], files),
  },
];

Deno.test("volumes of every type: created, mounted, written, read, deleted, and created again on the same paths", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 1, 4, 1),
    workers: hosts("w", 3, 4, 2),
  }, async ({ testbed, step }) => {
    await step("a cluster", () => startCluster(testbed));
    for (const kind of KINDS) {
      await step(kind.name, () => live(testbed, kind));
    }
    await step(
      "a creation that one worker refuses leaves no trace on any",
      () => refusedHalfWay(testbed),
    );
    await step(
      "a creation that outlives its worker is undone when it returns",
      () => diedHalfWay(testbed),
    );
  });
});

function pathsOf(testbed: Testbed, { name, on }: Kind): string[] {
  return on.map((worker, at) => `${bricksOn(testbed, worker)}/${name}-${at}`);
}

/** The whole life of one volume, and the beginning of its successor. */
async function live(testbed: Testbed, kind: Kind): Promise<void> {
  const { name, words, on } = kind;
  const paths = pathsOf(testbed, kind);
  const bricks = paths.map((path, at) => `${on[at]}:${path}`);
  const create = ["volume", "create", name, ...words, ...bricks];
  await succeed(testbed, ...create);
  const first = idsOf(paths);
  assertEquals(first.size, 1);
  await succeed(testbed, "volume", "start", name);
  await awaitOnline(testbed, name, paths.length);
  const files = await fill(testbed, kind);
  await kind.check(paths, files);
  await succeed(testbed, "volume", "stop", name, "--yes");
  await awaitOnline(testbed, name, 0);
  await succeed(testbed, "volume", "delete", name, "--yes");
  for (const path of paths) {
    assert(!attributesOf(path).has(VOLUME_ID), path);
    // The files are the user's: they stay.
    assert((await namesIn(path)).length > 1, path);
  }
  await again(testbed, kind, create, first);
}

/** Mounts, writes, reads through another mount, and unmounts both. */
async function fill(
  testbed: Testbed,
  { name }: Kind,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const mount = await testbed.mount("w1", name);
  await Deno.mkdir(`${mount}/folder`);
  for (let at = 0; at < FILES; at++) {
    const path = at % 2 === 0 ? `file-${at}` : `folder/file-${at}`;
    const content = `${name} ${at}\n`.repeat(50 + at * 20);
    await Deno.writeTextFile(`${mount}/${path}`, content);
    files.set(path, content);
  }
  const other = await testbed.mount("w2", name, `${name}-other`);
  for (const [path, content] of files) {
    assertEquals(await Deno.readTextFile(`${other}/${path}`), content, path);
  }
  await Deno.rename(`${other}/file-0`, `${other}/folder/renamed`);
  files.set("folder/renamed", files.get("file-0")!);
  files.delete("file-0");
  await Deno.remove(`${other}/file-2`);
  files.delete("file-2");
  const names = [...files.keys()].filter((path) => !path.includes("/"));
  assertEquals(await namesIn(mount), [...names, "folder"].sort());
  await testbed.unmount(other);
  await testbed.unmount(mount);
  return files;
}

/** The same paths serve a new volume, with the files that stand there. */
async function again(
  testbed: Testbed,
  { name, on }: Kind,
  create: readonly string[],
  first: ReadonlySet<string>,
): Promise<void> {
  const refused = await testbed.gmon(...create);
  assertRefused(refused, {
    problem: "brick-preparation-failed",
    exit: 9,
    says: ["former brick", "force"],
  });
  await succeed(testbed, ...create, "force");
  const paths = create.filter((word) => word.includes(":/"))
    .map((word) => word.slice(word.indexOf(":") + 1));
  assertNotEquals(idsOf(paths), first);
  await succeed(testbed, "volume", "start", name);
  await awaitOnline(testbed, name, on.length);
  const mount = await testbed.mount("w1", name);
  await Deno.writeTextFile(`${mount}/second-life`, "written again\n");
  assertEquals(
    await Deno.readTextFile(`${mount}/second-life`),
    "written again\n",
  );
  await testbed.unmount(mount);
  await succeed(testbed, "volume", "stop", name, "--yes");
  await succeed(testbed, "volume", "delete", name, "--yes");
}

function idsOf(paths: readonly string[]): Set<string> {
  return new Set(
    paths.map((path) => attributesOf(path).get(VOLUME_ID) ?? "none"),
  );
}

/** Each file is whole in exactly one brick, and no brick holds all of them. */
async function spread(
  bricks: readonly string[],
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const counts = new Map<string, number>();
  for (const [path, content] of files) {
    const holders: string[] = [];
    for (const brick of bricks) {
      if (await contentOf(`${brick}/${path}`) === content) holders.push(brick);
    }
    assertEquals(holders.length, 1, path);
    counts.set(holders[0]!, (counts.get(holders[0]!) ?? 0) + 1);
  }
  assertEquals(counts.size, bricks.length, "every brick holds some file");
}

/** Each file is whole in all bricks of one set, and in none of another. */
async function copies(
  sets: readonly (readonly string[])[],
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const used = new Set<number>();
  for (const [path, content] of files) {
    const found: number[] = [];
    for (const [at, bricks] of sets.entries()) {
      const held = await Promise.all(
        bricks.map(async (brick) =>
          await contentOf(`${brick}/${path}`) === content
        ),
      );
      if (held.some(Boolean)) {
        assert(held.every(Boolean), `${path} is not in all copies`);
        found.push(at);
      }
    }
    assertEquals(found.length, 1, path);
    used.add(found[0]!);
  }
  assertEquals(used.size, sets.length, "every set holds some file");
}

/** Two copies, and an arbiter that knows the names but holds no data. */
async function arbitrated(
  bricks: readonly string[],
  files: ReadonlyMap<string, string>,
): Promise<void> {
  await copies([bricks.slice(0, 2)], files);
  for (const path of files.keys()) {
    const { size, isFile } = await Deno.stat(`${bricks[2]}/${path}`);
    assertEquals({ size, isFile }, { size: 0, isFile: true }, path);
  }
}

/** A fragment of half the size, rounded up to stripes, in each of the three bricks. */
async function dispersed(
  bricks: readonly string[],
  files: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [path, content] of files) {
    for (const brick of bricks) {
      const { size } = await Deno.stat(`${brick}/${path}`);
      assertEquals(size, Math.ceil(content.length / 1024) * 512, path);
      assertNotEquals(await contentOf(`${brick}/${path}`), content);
    }
  }
}

async function contentOf(path: string): Promise<string | null> {
  // A link file of DHT has the sticky bit and no content.
  return await Deno.readTextFile(path).catch(() => null);
}

async function refusedHalfWay(testbed: Testbed): Promise<void> {
  // An empty directory of the user's must come out as it went in.
  const kept = `${bricksOn(testbed, "w2")}/kept`;
  await Deno.mkdir(kept, { mode: 0o750 });
  await Deno.writeTextFile(`${bricksOn(testbed, "w3")}/half`, "in the way");
  const bricks = [
    `w1:${bricksOn(testbed, "w1")}/half`,
    `w2:${kept}`,
    `w3:${bricksOn(testbed, "w3")}/half`,
  ];
  const create = ["volume", "create", "half", "replica", "3", ...bricks];
  const result = await assertNoTrace(testbed, () => testbed.gmon(...create));
  assertRefused(result, {
    problem: "brick-preparation-failed",
    exit: 9,
    says: [bricks[2]!, "is not a directory", "nothing was left behind"],
  });
  await Deno.remove(`${bricksOn(testbed, "w3")}/half`);
  await succeed(testbed, ...create);
  await succeed(testbed, "volume", "delete", "half", "--yes");
  for (const worker of ["w1", "w3"]) {
    assertEquals(await treeOf(`${bricksOn(testbed, worker)}/half`), []);
  }
}

/** The worker is stopped before it can prepare: the creation ends without it. */
async function diedHalfWay(testbed: Testbed): Promise<void> {
  const bricks = ["w1", "w2", "w3"].map((worker) =>
    `${worker}:${bricksOn(testbed, worker)}/died`
  );
  testbed.signal("w3", "SIGSTOP");
  const result = await testbed.gmon(
    ...["volume", "create", "died", "replica", "3", ...bricks],
  );
  assertRefused(result, {
    problem: "brick-preparation-failed",
    exit: 9,
    says: ["worker w3 is dead", "returns"],
  });
  assert(!result.stderr.includes("nothing was left behind"), result.stderr);
  for (const worker of ["w1", "w2"]) {
    assertEquals(await treeOf(`${bricksOn(testbed, worker)}/died`), []);
  }
  testbed.signal("w3", "SIGCONT");
  await testbed.eventually("w3 is alive again", async () => {
    const worker = await testbed.get<{ verdict: string }>("/v1/workers/w3");
    return worker?.verdict === "alive";
  });
  await succeed(
    testbed,
    ...["volume", "create", "died", "replica", "3", ...bricks],
  );
  await succeed(testbed, "volume", "delete", "died", "--yes");
  assertEquals(await treeOf(`${bricksOn(testbed, "w3")}/died`), []);
}
