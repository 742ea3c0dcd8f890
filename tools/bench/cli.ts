/** `bench cli`: how long a person waits for the command line, beside `gluster`. */

import { launcherOf, Testbed } from "../testbed/testbed.ts";
import { ensurePrerequisites } from "../testbed/prerequisites.ts";
import { startGlusterd } from "./glusterd.ts";
import type { Bench } from "./main.ts";
import { alternate, type Comparison } from "./measure.ts";

const VOLUMES = 10;

/** Start-up alone, and a list of ten volumes through one daemon on each side. */
export const benchCli: Bench = {
  summary: "start-up and `volume list`, beside gluster",
  async run({ quick }): Promise<Comparison[]> {
    await ensurePrerequisites((line) => console.error(line));
    const rounds = quick ? 5 : 31;
    const binary = await Deno.stat("dist/gmon").then(
      () => "dist/gmon",
      () => null,
    );
    const launcher = launcherOf(binary);
    await using testbed = new Testbed({
      launcher,
      monitors: [{ name: "m1", address: "127.0.0.11" }],
      workers: [{ name: "w1", address: "127.0.0.14" }],
    });
    await using glusterd = await startGlusterd();
    await fill(testbed, glusterd);
    const env = { GMON_ADDR: testbed.addresses, NO_COLOR: "1" };
    const gmon = (...args: string[]) => (): Promise<number> =>
      timed(launcher.command, [...launcher.args, ...args], env);
    const gluster = (...args: string[]) => (): Promise<number> =>
      timed("gluster", args, {});
    const [ourStart, theirStart] = await alternate(rounds, [
      gmon("version"),
      gluster("--version"),
    ]);
    const [ourList, theirList] = await alternate(rounds, [
      gmon("volume", "list"),
      gluster(...glusterd.clientArgs, "volume", "list"),
    ]);
    const how = binary === null ? "from source" : "dist/gmon";
    return [
      comparison(`start-up (${how})`, ourStart!, theirStart!),
      comparison(
        `volume list, ${VOLUMES} volumes (${how})`,
        ourList!,
        theirList!,
      ),
    ];
  },
};

function comparison(
  what: string,
  ours: readonly number[],
  theirs: readonly number[],
): Comparison {
  const peer = { name: "gluster", values: theirs };
  return { what, unit: "ms", ours, peer, budget: null };
}

/** The same volumes on both sides. */
async function fill(
  testbed: Testbed,
  glusterd: Awaited<ReturnType<typeof startGlusterd>>,
): Promise<void> {
  await Deno.mkdir(`${testbed.directory}/bricks`, { recursive: true });
  testbed.startAll();
  await testbed.eventually("a living worker", async () => {
    const list = await testbed.get<{ items: { verdict: string }[] }>(
      "/v1/workers",
    );
    return list?.items[0]?.verdict === "alive";
  });
  for (let at = 0; at < VOLUMES; at++) {
    const path = `${testbed.directory}/bricks`;
    const ours = await testbed.gmon(
      "volume",
      "create",
      `v${at}`,
      `w1:${path}/ours${at}`,
    );
    if (ours.code !== 0) throw new Error(ours.stderr);
    const theirs = await glusterd.gluster(
      ...["volume", "create", `v${at}`],
      ...[`127.0.0.10:${path}/theirs${at}`, "force"],
    );
    // The CLI itself refuses 127.* hosts in some versions; the machine's own name is then the host.
    if (theirs.code !== 0) {
      const again = await glusterd.gluster(
        ...["volume", "create", `v${at}`],
        ...[`${Deno.hostname()}:${path}/theirs${at}`, "force"],
      );
      if (again.code !== 0) throw new Error(theirs.output + again.output);
    }
  }
}

async function timed(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const startedAt = performance.now();
  const { code, stderr } = await new Deno.Command(command, {
    args: [...args],
    env,
    stdout: "null",
    stderr: "piped",
  }).output();
  const tookMs = performance.now() - startedAt;
  if (code !== 0) {
    throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  }
  return tookMs;
}
