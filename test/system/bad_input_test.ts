import { assertEquals } from "@std/assert";
import { attributesOf, setAttribute } from "../../tools/testbed/tree.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { assertNoTrace, assertRefused, type Refusal } from "./refusal.ts";
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

const OTHER_VOLUME = new Uint8Array(16).fill(7);

/** A command line and the answer to it. */
interface Case extends Refusal {
  readonly args: readonly string[];
}

Deno.test("bad input to commands: one clear line, a code, and no trace", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 1, 2, 1),
    workers: hosts("w", 3, 2, 2),
  }, async ({ testbed, step }) => {
    /** All at once, as they have nothing to do with one another. */
    async function refuse(cases: readonly Case[]): Promise<void> {
      const results = await assertNoTrace(
        testbed,
        () => Promise.all(cases.map(({ args }) => testbed.gmon(...args))),
      );
      cases.forEach((each, at) => assertRefused(results[at]!, each));
    }

    await step(
      "a cluster with a started volume and a dead worker",
      async () => {
        await startCluster(testbed);
        const bricks = bricksOf(testbed, "there", ["w1", "w2"]);
        await succeed(testbed, "volume", "create", "there", ...bricks);
        await succeed(testbed, "volume", "start", "there");
        await awaitOnline(testbed, "there", 2);
        await testbed.killHost("w3");
        await awaitVerdict(testbed, "w3", "dead");
      },
    );
    await step("command lines that make no sense", async () => {
      await refuse(commandLines(testbed));
    });
    await step("names", () => refuse(names(testbed)));
    await step(
      "workers that are unknown or dead",
      () => refuse(badWorkers(testbed)),
    );
    await step(
      "paths that cannot be a brick's",
      () => refuse(badPaths(testbed)),
    );
    await step("paths that are in use", () => refuse(pathsInUse(testbed)));
    await step("counts that do not divide", () => refuse(counts(testbed)));
    await step(
      "volumes in another state, or not there",
      () => refuse(states(testbed)),
    );
    await step("directories that cannot be made bricks", async () => {
      for (const each of await badDirectories(testbed)) await refuse([each]);
      const foreign = `${bricksOn(testbed, "w1")}/foreign`;
      assertEquals(
        attributesOf(foreign).get("trusted.glusterfs.volume-id"),
        "07".repeat(16),
      );
    });
    await step("one directory for two workers of one machine", async () => {
      const shared = `${testbed.directory}/bricks/shared`;
      await Deno.mkdir(shared);
      const bricks = [`w1:${shared}/v`, `w2:${shared}/v`];
      await refuse([create("v", ["replica", "2", ...bricks], {
        problem: "brick-preparation-failed",
        exit: 9,
        says: [`${shared}/v`, "a directory of its own"],
      })]);
    });
    await step("monitors that are not there", async () => {
      const result = await testbed.gmon(
        ...["volume", "list", "--addr", "127.0.2.99", "--timeout", "1s"],
      );
      assertRefused(result, {
        problem: "unreachable",
        exit: 3,
        says: ["127.0.2.99:24010", "--addr"],
      });
    });
    await step("nothing of all that hurt the volume that stands", async () => {
      await awaitOnline(testbed, "there", 2);
      await succeed(testbed, "volume", "stop", "there", "--yes");
      await succeed(testbed, "volume", "delete", "there", "--yes");
    });
  });
});

function create(
  name: string,
  words: readonly string[],
  refusal: Refusal,
): Case {
  return { args: ["volume", "create", name, ...words], ...refusal };
}

function commandLines(testbed: Testbed): Case[] {
  const bricks = bricksOf(testbed, "v", ["w1", "w2"]);
  const usage = (args: readonly string[], ...says: string[]): Case => ({
    args,
    problem: "usage",
    exit: 2,
    says,
  });
  return [
    usage(
      ["volume", "create", "v", "--replicas", "2", ...bricks],
      "no flag --replicas",
      "did you mean --replica?",
    ),
    usage(
      ["volume", "list", "--replica", "2"],
      "gmon volume list has no flag --replica",
    ),
    usage(["volume", "creat", "v"], "creat", "did you mean gmon volume create"),
    usage(["volumes", "list"], "volumes", "did you mean gmon volume"),
    usage(["volume"], "needs a verb", "create"),
    usage(["volume", "create"], "needs NAME"),
    usage(["volume", "create", "v"], "needs NAME"),
    usage(["volume", "create", "v", "replica", "2"], "no brick is given"),
    usage(
      ["volume", "create", "v", "replica", "two", ...bricks],
      '"two" is not a count',
    ),
    usage(["volume", "create", "v", "replika", "2", ...bricks], '"replika"'),
    usage(["volume", "start", "v", "now"], '"now"', "force"),
    usage(["volume", "list", "more"], '"more" is not expected'),
    usage(["volume", "list", "-o", "xml"], '"xml"', "table"),
    usage(["volume", "list", "--timeout", "5"], '"5"', "30s"),
    usage(["volume", "list", "--addr", "a b"], '"a b" is not an address'),
    usage(["volume", "list", "--config", "/nowhere"], "/nowhere"),
  ];
}

function names(testbed: Testbed): Case[] {
  const bricks = bricksOf(testbed, "v", ["w1", "w2"]);
  const cases: [string, string, string][] = [
    ["a/b", '"a/b" contains "/"', "letters, digits"],
    ["a b", '"a b" contains " "', "letters, digits"],
    ["a\nb", "contains", "letters, digits"],
    ["x".repeat(65), "65 characters", "at most 64"],
    ["..", 'contains "."', "letters, digits"],
    ["all", "all", "another name"],
  ];
  return cases.map(([name, ...says]) =>
    create(name, bricks, { problem: "invalid-name", exit: 2, says })
  );
}

function badWorkers(testbed: Testbed): Case[] {
  return [
    create("v", bricksOf(testbed, "v", ["w1", "w9"]), {
      problem: "worker-not-found",
      exit: 5,
      says: ["no worker w9", "gmon worker list"],
    }),
    create("v", ["127.0.2.77:/data/v"], {
      problem: "worker-not-found",
      exit: 5,
      says: ["no worker 127.0.2.77"],
    }),
    create("v", bricksOf(testbed, "v", ["w1", "w3"]), {
      problem: "worker-dead",
      exit: 7,
      says: ["worker w3 is dead", "another worker"],
    }),
  ];
}

function badPaths(testbed: Testbed): Case[] {
  const [good = ""] = bricksOf(testbed, "v", ["w1"]);
  const cases: [string, string][] = [
    ["w2:data/v", "not absolute"],
    ["w2:/", "root directory"],
    ["w2:/data/../v", ". or .. component"],
    ["w2:/data//v", "empty"],
    ["w2:/data/a b", '" "'],
    [`w2:/${"x".repeat(256)}`, "longer than 255 bytes"],
    [good, "named twice"],
    [`${good}/inner`, "inside"],
    [good.replace(/\/v$/, ""), "around"],
  ];
  return cases.map(([brick, says]) =>
    create("v", [good, brick], {
      problem: "invalid-brick",
      exit: 2,
      says: [`brick ${brick}`, says],
    })
  );
}

function pathsInUse(testbed: Testbed): Case[] {
  const there = `w1:${bricksOn(testbed, "w1")}/there`;
  const byAddress = there.replace("w1:", "127.0.2.2:");
  return [
    create("v", [there], {
      problem: "brick-in-use",
      exit: 6,
      says: [`brick ${there} belongs to volume there`, "another path"],
    }),
    create("v", [`${byAddress}/`], {
      problem: "brick-in-use",
      exit: 6,
      says: ["belongs to volume there"],
    }),
    create("v", [`${there}/inside`], {
      problem: "invalid-brick",
      exit: 2,
      says: [`inside the brick ${bricksOn(testbed, "w1")}/there`],
    }),
    create("v", [`w1:${bricksOn(testbed, "w1")}`], {
      problem: "invalid-brick",
      exit: 2,
      says: [`around the brick ${bricksOn(testbed, "w1")}/there`],
    }),
  ];
}

function counts(testbed: Testbed): Case[] {
  const two = bricksOf(testbed, "v", ["w1", "w2"]);
  const on = (count: number): string[] =>
    Array.from({ length: count }, (_, at) => `${two[at % 2]}-${at}`);
  const layout = (words: readonly string[], ...says: string[]): Case =>
    create("v", words, { problem: "invalid-layout", exit: 2, says });
  return [
    layout(["replica", "3", ...on(4)], "4 bricks do not divide", "add 2"),
    layout(["replica", "2", ...on(3)], "3 bricks do not divide", "take 1 away"),
    layout(["--replica", "1", ...two], "replica 1"),
    layout(["replica", "2", "arbiter", "1", ...two], "do not divide"),
    layout(["disperse", "3", ...on(4)], "4 bricks do not divide"),
    layout(["disperse", "3", "redundancy", "2", ...on(3)], "redundancy 2"),
    layout(["disperse", ...two], "at least 3"),
    layout(["replica", "2", "disperse", "3", ...on(6)], "either replicated"),
  ];
}

function states(testbed: Testbed): Case[] {
  return [
    {
      args: ["volume", "start", "nowhere"],
      problem: "volume-not-found",
      exit: 5,
      says: ["nowhere", "gmon volume list"],
    },
    {
      args: ["volume", "start", "there"],
      problem: "volume-state",
      exit: 6,
      says: ["volume there is started already"],
    },
    {
      args: ["volume", "delete", "there", "--yes"],
      problem: "volume-state",
      exit: 6,
      says: ["stop it first"],
    },
    {
      args: ["volume", "stop", "there"],
      problem: "confirmation-required",
      exit: 2,
      says: ["takes it away from its clients", "--yes"],
    },
    create("there", bricksOf(testbed, "v", ["w1", "w2"]), {
      problem: "volume-exists",
      exit: 6,
      says: ["volume there exists already"],
    }),
  ];
}

/** Refused by one worker only: what the other made must be gone again. */
async function badDirectories(testbed: Testbed): Promise<Case[]> {
  const [good = ""] = bricksOf(testbed, "v", ["w2"]);
  const own = bricksOn(testbed, "w1");
  await Deno.mkdir(`${own}/foreign/deep`, { recursive: true });
  setAttribute(
    `${own}/foreign`,
    "trusted.glusterfs.volume-id",
    OTHER_VOLUME,
  );
  await Deno.writeTextFile(`${own}/file`, "not a directory");
  await Deno.symlink(`${own}/foreign`, `${own}/link`);
  const cases: [string, string, string][] = [
    ["missing/v", `${own}/missing`, "does not exist; make it"],
    ["file", `${own}/file is not a directory`, ""],
    ["link", `${own}/link is not a directory`, ""],
    ["file/v", `${own}/file`, "not a directory"],
    ["foreign", "brick of another volume", "another directory"],
    ["foreign/deep", "inside another brick", "outside of it"],
    ["foreign/deep/new", "inside another brick", ""],
    ["link/deep", "inside another brick", ""],
  ];
  return cases.map(([path, ...says]) =>
    create("v", [good, `w1:${own}/${path}`], {
      problem: "brick-preparation-failed",
      exit: 9,
      says: [`brick w1:${own}/${path}`, ...says],
    })
  );
}
