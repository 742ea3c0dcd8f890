/** A cluster of real processes for one test: started, told in steps, cleaned up, and nothing of it left behind. */

import { assertEquals } from "@std/assert";
import { ensurePrerequisites } from "../../tools/testbed/prerequisites.ts";
import {
  launcherOf,
  Testbed,
  type TestbedOptions,
} from "../../tools/testbed/testbed.ts";
import { leftovers } from "./leftovers.ts";

/** What the steps of a test work with. */
export interface Scene {
  readonly testbed: Testbed;
  /** One step of the test; a failed one ends the test, with the daemons' logs. */
  step(name: string, body: () => Promise<void>): Promise<void>;
}

/** `count` hosts called `prefix`1, `prefix`2 … on 127.0.`net`.`first` and the addresses after it. */
export function hosts(
  prefix: string,
  count: number,
  net: number,
  first: number,
): { name: string; address: string }[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `${prefix}${at + 1}`,
    address: `127.0.${net}.${first + at}`,
  }));
}

/** Runs `body` over a testbed of which nothing runs yet. Fails loudly where GlusterFS is missing. */
export async function playScene(
  context: Deno.TestContext,
  options:
    & Omit<TestbedOptions, "launcher">
    & Partial<Pick<TestbedOptions, "launcher">>,
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  await ensurePrerequisites(() => {});
  let directory = "";
  {
    await using testbed = new Testbed({
      launcher: launcherOf(null),
      ...options,
    });
    directory = testbed.directory;
    await body({
      testbed,
      async step(name: string, part: () => Promise<void>): Promise<void> {
        let cause: unknown;
        const passed = await context.step(name, async () => {
          try {
            await part();
          } catch (error) {
            cause = error;
            console.error(await testbed.logs());
            throw error;
          }
        });
        // The reason again: where only the end of the output is kept, it is all there is.
        if (!passed) throw new Error(`"${name}" failed: ${cause}`);
      },
    });
  }
  assertEquals(await leftovers(directory), []);
}

/** Starts everything, makes a directory for bricks on each worker, and waits until the workers are alive. */
export async function startCluster(testbed: Testbed): Promise<void> {
  for (const { name } of testbed.options.workers) {
    await Deno.mkdir(bricksOn(testbed, name), { recursive: true });
  }
  testbed.startAll();
  for (const { name } of testbed.options.workers) {
    await awaitVerdict(testbed, name, "alive");
  }
}

/** The directory that holds the bricks of a worker. */
export function bricksOn(testbed: Testbed, worker: string): string {
  return `${testbed.directory}/bricks/${worker}`;
}

/** `WORKER:/PATH` of a brick on each of the workers. */
export function bricksOf(
  testbed: Testbed,
  volume: string,
  workers: readonly string[] = testbed.options.workers.map((one) => one.name),
): string[] {
  return workers.map((name) => `${name}:${bricksOn(testbed, name)}/${volume}`);
}

/** Waits for the verdict on a worker. */
export async function awaitVerdict(
  testbed: Testbed,
  worker: string,
  verdict: string,
): Promise<void> {
  await testbed.eventually(`${worker} is ${verdict}`, async () => {
    const found = await testbed.get<{ verdict: string }>(
      `/v1/workers/${worker}`,
    );
    return found?.verdict === verdict;
  });
}

/** One brick as `gmon volume status` has it. */
export interface BrickRow {
  readonly worker: string;
  readonly path: string;
  readonly online: boolean;
  readonly pid: number | null;
  readonly port: number | null;
}

/** The bricks of a volume as their workers see them; null when nobody answers. */
export async function bricksNow(
  testbed: Testbed,
  volume: string,
): Promise<readonly BrickRow[] | null> {
  const status = await testbed.get<{ bricks: BrickRow[] }>(
    `/v1/volumes/${volume}/status`,
  );
  return status?.bricks ?? null;
}

/** Waits until so many bricks of a volume are online; answers them. */
export async function awaitOnline(
  testbed: Testbed,
  volume: string,
  count: number,
): Promise<readonly BrickRow[]> {
  return await testbed.eventually(
    `${count} bricks of ${volume} are online`,
    async () => {
      const bricks = await bricksNow(testbed, volume);
      const online = bricks?.filter((brick) => brick.online).length;
      return online === count ? bricks : null;
    },
  );
}

/** Runs a gmon command that must succeed; answers what it printed. */
export async function succeed(
  testbed: Testbed,
  ...args: string[]
): Promise<string> {
  const { code, stdout, stderr } = await testbed.gmon(...args);
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
  return stdout;
}
