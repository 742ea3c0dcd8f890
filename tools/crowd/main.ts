/**
 * `deno task crowd [--workers 1000,10000,50000] [--seed N] [--save]`: crowds of
 * production workers' cores in virtual time. `--save` keeps table and plot
 * under `tools/bench/results/`, with what swarms of real processes measured
 * (`deno task swarm --save`) marked in it.
 */

import { parseArgs } from "@std/cli/parse-args";
import { keepResults, RESULTS } from "../results.ts";
import { renderCrowd, resultOf, type SizeResult } from "./render.ts";
import { measureCrowd } from "./measure.ts";
import { measureMemory } from "./memory.ts";
import { swarmPoints } from "./swarm_points.ts";

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    boolean: ["save"],
    string: ["workers", "seed"],
    default: { workers: "100,1000,10000,50000", seed: "1" },
  });
  const sizes = String(flags.workers).split(",").map(Number);
  const seed = Number(flags.seed);
  if (sizes.some((size) => !(Number.isInteger(size) && size >= 50))) {
    console.error(
      "usage: deno task crowd [--workers N,…] [--seed N] [--save], N at least 50",
    );
    return 2;
  }
  const results: SizeResult[] = [];
  for (const size of sizes) {
    const memory = measureMemory(size);
    const measures = await measureCrowd(
      size,
      seed,
      (line) => console.error(`crowd: ${line}`),
    );
    results.push({ ...measures, ...memory });
    console.error(`crowd: ${JSON.stringify(results.at(-1))}`);
  }
  const { markdown, svg } = renderCrowd(results, await swarmPoints(RESULTS));
  console.log(markdown);
  if (flags.save) {
    await keepResults({
      "crowd.json": JSON.stringify(resultOf(seed, results)),
      "crowd.md": markdown,
      "crowd.svg": svg,
    });
  }
  const wrong = results.reduce(
    (sum, { falseVerdicts }) => sum + falseVerdicts,
    0,
  );
  if (wrong > 0) console.error(`crowd: ${wrong} false verdicts`);
  return wrong > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
