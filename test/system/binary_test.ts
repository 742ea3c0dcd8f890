import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ensurePrerequisites } from "../../tools/testbed/prerequisites.ts";
import {
  type CommandResult,
  type Environment,
  launcherOf,
  Testbed,
} from "../../tools/testbed/testbed.ts";
import { namesIn, treeOf } from "../../tools/testbed/tree.ts";
import { leftovers } from "./leftovers.ts";
import { assertRefused } from "./refusal.ts";
import { bricksOn } from "./scene.ts";

const ADDRESS = "127.0.6.1";

/** A built file alone in a directory, and places for caches. */
interface Stage {
  readonly directory: string;
  readonly binary: string;
}

Deno.test("the built file, copied alone to another directory", async (context) => {
  await ensurePrerequisites(() => {});
  const directory = await Deno.makeTempDir({ prefix: "gmon-binary-" });
  const stage: Stage = { directory, binary: `${directory}/alone/gmon` };
  async function step(
    name: string,
    body: (stage: Stage) => Promise<void>,
  ): Promise<void> {
    if (!await context.step(name, () => body(stage))) {
      throw new Error(`"${name}" failed`);
    }
  }
  try {
    await step("is one file", build);
    await step("two first starts at once share one cache", firstStarts);
    await step("a cache that was cut short is not used", halfCache);
    await step("a read-only and a full cache are passed over", otherCaches);
    await step("a whole cache that became read-only is used", frozenCache);
    await step("without any place for its cache, one clear line", noCache);
    await step("runs gmon dev and a mounted volume", dev);
    await step("runs the demo", demo);
  } finally {
    await unmount(`${directory}/full`);
    await unmount(`${directory}/read-only`);
    await unmount(`${directory}/frozen`);
    await Deno.remove(directory, { recursive: true });
  }
  assertEquals(await leftovers(directory), []);
});

async function build({ directory, binary }: Stage): Promise<void> {
  const output = `${directory}/built`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "build", "--output", output],
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert(success, said + new TextDecoder().decode(stderr));
  assertStringIncludes(said, `${output}: `);
  await Deno.mkdir(`${directory}/alone`);
  await Deno.rename(output, binary);
  assertEquals(await namesIn(`${directory}/alone`), ["gmon"]);
  assertEquals((await Deno.stat(binary)).mode! & 0o777, 0o755);
}

async function firstStarts(stage: Stage): Promise<void> {
  const cache = `${stage.directory}/cache`;
  const results = await Promise.all(
    [1, 2].map(() => start(stage, { GMON_CACHE_DIR: cache })),
  );
  for (const result of results) assertVersion(result);
  if (await isCompiled(stage)) return;
  const entries = await namesIn(cache);
  assertEquals(entries.length, 1, entries.join(" "));
  const before = await treeOf(`${cache}/${entries[0]}`, "deno");
  assertVersion(await start(stage, { GMON_CACHE_DIR: cache }));
  assertEquals(await treeOf(`${cache}/${entries[0]}`, "deno"), before);
}

async function halfCache(stage: Stage): Promise<void> {
  if (await isCompiled(stage)) return;
  const whole = `${stage.directory}/cache`;
  const [name = ""] = await namesIn(whole);
  const cases: [string, (cache: string) => Promise<void>][] = [
    ["program cut", (cache) => Deno.truncate(`${cache}/app/main.js`, 1_000)],
    ["runtime cut", (cache) => Deno.truncate(`${cache}/gmon-runtime`, 99)],
    ["not finished", (cache) => Deno.remove(`${cache}/complete`)],
  ];
  for (const [what, damage] of cases) {
    const caches = `${stage.directory}/damaged`;
    await Deno.mkdir(caches);
    await copy(`${whole}/${name}`, `${caches}/${name}`);
    await damage(`${caches}/${name}`);
    const result = await start(stage, { GMON_CACHE_DIR: caches });
    assertEquals(result, { ...result, code: 0, stderr: "" }, what);
    assertVersion(result);
    await Deno.remove(caches, { recursive: true });
  }
}

async function otherCaches(stage: Stage): Promise<void> {
  const { directory } = stage;
  const readOnly = `${directory}/read-only`;
  const full = `${directory}/full`;
  await mountTmpfs(readOnly, "ro");
  await mountTmpfs(full, "size=8m");
  for (const cache of [readOnly, full]) {
    const home = `${directory}/home`;
    await Deno.mkdir(home);
    const result = await start(stage, { GMON_CACHE_DIR: cache, HOME: home });
    assertVersion(result);
    if (!await isCompiled(stage)) {
      assertEquals((await namesIn(`${home}/.cache`)).length, 1);
    }
    // Nothing half is left in a full one.
    assertEquals(await namesIn(cache), []);
    await Deno.remove(home, { recursive: true });
  }
}

/** What was unpacked while it could be written to is used ever after. */
async function frozenCache(stage: Stage): Promise<void> {
  if (await isCompiled(stage)) return;
  const { directory } = stage;
  const frozen = `${directory}/frozen`;
  await Deno.mkdir(frozen);
  await run("mount", "--bind", `${directory}/cache`, frozen);
  await run("mount", "-o", "remount,bind,ro", frozen);
  const home = `${directory}/home`;
  await Deno.mkdir(home);
  assertVersion(await start(stage, { GMON_CACHE_DIR: frozen, HOME: home }));
  assertEquals(await namesIn(home), []);
  await Deno.remove(home);
}

/** As every place may be full at once, in a mount namespace of its own. */
async function noCache(stage: Stage): Promise<void> {
  if (await isCompiled(stage)) return;
  const full = `${stage.directory}/full`;
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      "--mount",
      "sh",
      "-c",
      'mount -t tmpfs -o size=1m gmon-test /var/cache && exec "$0" version',
      stage.binary,
    ],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: full, TMPDIR: full },
  }).output();
  const result = {
    code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  };
  assertRefused(result, {
    problem: "disk-failed",
    exit: 1,
    says: ["no directory to unpack into", "GMON_CACHE_DIR", "200 MB free"],
  });
  assertEquals(await namesIn(full), []);
}

async function dev(stage: Stage): Promise<void> {
  const environment = { GMON_CACHE_DIR: `${stage.directory}/cache` };
  let inner = "";
  {
    await using testbed = new Testbed({
      launcher: launcherOf(stage.binary),
      monitors: [{ name: "m1", address: ADDRESS }],
      workers: [{ name: "w1", address: ADDRESS }],
    });
    inner = testbed.directory;
    // A relative directory, though the brick's process starts elsewhere.
    testbed.startDaemon(
      "dev",
      ["dev", "--data", "d", "--address", ADDRESS],
      environment,
      inner,
    );
    const gmon = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await testbed.gmonIn(
        environment,
        ...args,
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
      return stdout;
    };
    await testbed.eventually("the worker of gmon dev", async () => {
      const worker = await testbed.get<{ verdict: string }>("/v1/workers/w1");
      return worker?.verdict === "alive";
    });
    await Deno.mkdir(bricksOn(testbed, "w1"), { recursive: true });
    await gmon("volume", "create", "v1", `w1:${bricksOn(testbed, "w1")}/v1`);
    assertEquals(await gmon("volume", "start", "v1"), "volume v1 started\n");
    const mount = await testbed.mount("w1", "v1");
    await Deno.writeTextFile(`${mount}/file`, "by the built file\n");
    assertEquals(
      await Deno.readTextFile(`${bricksOn(testbed, "w1")}/v1/file`),
      "by the built file\n",
    );
    await testbed.unmount(mount);
    await gmon("volume", "stop", "v1", "--yes");
    assertEquals(await testbed.terminate("dev"), 0, await testbed.logs());
  }
  assertEquals(await leftovers(inner), []);
}

async function demo({ directory, binary }: Stage): Promise<void> {
  const temporary = `${directory}/demo`;
  await Deno.mkdir(temporary);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "demo", "--binary", binary],
    env: {
      NO_COLOR: "1",
      TMPDIR: temporary,
      GMON_CACHE_DIR: `${directory}/cache`,
    },
  }).output();
  const output = new TextDecoder().decode(stdout);
  assertEquals(code, 0, output + new TextDecoder().decode(stderr));
  assertStringIncludes(output, "demo: ok");
  assertEquals(await namesIn(temporary), []);
}

/** `gmon version` from the copied file, in an environment of its own. */
async function start(
  { directory, binary }: Stage,
  environment: Environment,
): Promise<CommandResult> {
  const { code, stdout, stderr } = await new Deno.Command(binary, {
    args: ["version"],
    cwd: directory,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", ...environment },
  }).output();
  return {
    code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  };
}

function assertVersion({ code, stdout, stderr }: CommandResult): void {
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assert(/^gmon \d+\.\d+\.\d+/.test(stdout), stdout);
}

/** True for what `deno compile` made, which needs no cache. */
async function isCompiled({ binary }: Stage): Promise<boolean> {
  using file = await Deno.open(binary);
  const start = new Uint8Array(2);
  await file.read(start);
  return new TextDecoder().decode(start) !== "#!";
}

async function mountTmpfs(path: string, options: string): Promise<void> {
  await Deno.mkdir(path);
  await run("mount", "-t", "tmpfs", "-o", options, "gmon-test", path);
}

async function unmount(path: string): Promise<void> {
  const mounts = await Deno.readTextFile("/proc/mounts");
  if (mounts.includes(` ${path} `)) await run("umount", path);
}

async function copy(from: string, to: string): Promise<void> {
  await run("cp", "-a", from, to);
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args })
    .output();
  assert(success, `${command}: ${new TextDecoder().decode(stderr)}`);
}
