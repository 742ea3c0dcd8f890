/**
 * `deno task test [--only WORD] [--seeds N]`: everything that guards main, as
 * CI runs it. Installs GlusterFS by apt where it is missing (as root), or says
 * what to install. Nothing is skipped silently.
 */

import { parseArgs } from "@std/cli/parse-args";
import { ensurePrerequisites } from "../testbed/prerequisites.ts";
import { forgotten, type Stage, stagesOf } from "./stages.ts";

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    string: ["only", "seeds"],
    default: { seeds: "200" },
  });
  const present = new Set<string>();
  for await (const entry of Deno.readDir("test")) {
    if (entry.isDirectory) present.add(entry.name);
  }
  const lost = forgotten(present);
  if (lost.length > 0) {
    console.error(`no stage runs test/${lost.join(", test/")}`);
    return 1;
  }
  const stages = stagesOf(present, Number(flags.seeds)).filter((stage) =>
    flags.only === undefined || stage.name.includes(String(flags.only))
  );
  if (stages.some((stage) => stage.system)) await ensurePrerequisites();
  const counts = { passed: 0, failed: 0 };
  const failures: string[] = [];
  for (const stage of stages) {
    const ok = await runStage(stage, counts);
    if (!ok) failures.push(stage.name);
  }
  for (const name of failures) console.log(`FAILED: ${name}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return failures.length === 0 ? 0 : 1;
}

async function runStage(
  stage: Stage,
  counts: { passed: number; failed: number },
): Promise<boolean> {
  console.log(`\n== ${stage.name}`);
  const startedAt = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...stage.args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let tail = "";
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    tail = (tail + new TextDecoder().decode(chunk)).slice(-4096);
  }
  const { success } = await child.status;
  // A stage that runs tests tells how many; any other counts as one.
  const summary = /(\d+) passed(?: \([^)]*\))? \| (\d+) failed/.exec(tail);
  counts.passed += summary === null ? (success ? 1 : 0) : Number(summary[1]);
  counts.failed += summary === null ? (success ? 0 : 1) : Number(summary[2]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`== ${stage.name}: ${success ? "ok" : "FAILED"} (${seconds} s)`);
  return success;
}

if (import.meta.main) Deno.exit(await main());
