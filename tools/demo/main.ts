/**
 * `deno task demo [--binary FILE]`: the product's main job on real input, in
 * under a minute. Three monitors and three workers as processes on loopback,
 * real bricks, a real FUSE mount; then the leading monitor and a worker are
 * killed, and everything carries on. Ends with `demo: ok`, or says which step
 * failed. Leaves nothing behind.
 */

import { parseArgs } from "@std/cli/parse-args";
import { ensurePrerequisites } from "../testbed/prerequisites.ts";
import { launcherOf, SMALL_CLUSTER, Testbed } from "../testbed/testbed.ts";
import { DEMO_STEPS } from "./steps.ts";
import { Story } from "./story.ts";

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, { string: ["binary"] });
  const startedAt = performance.now();
  const say = (line: string): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${seconds.padStart(6)} s  ${line}`);
  };
  let step = "prerequisites";
  try {
    await ensurePrerequisites(say);
    await using testbed = new Testbed({
      launcher: launcherOf(flags.binary ?? null),
      ...SMALL_CLUSTER,
    });
    try {
      const story = new Story(testbed, say);
      for (const { name, run } of DEMO_STEPS) {
        step = name;
        await run(story);
      }
    } catch (error) {
      for (
        const { name } of [...SMALL_CLUSTER.monitors, ...SMALL_CLUSTER.workers]
      ) {
        console.error(`--- end of ${name}'s log\n${await testbed.log(name)}`);
      }
      throw error;
    }
    step = "cleaning up";
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`demo: failed at "${step}": ${message}`);
    return 1;
  }
  console.log("demo: ok");
  return 0;
}

if (import.meta.main) Deno.exit(await main());
