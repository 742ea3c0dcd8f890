/**
 * `deno task crowd [--workers 1000,10000,50000] [--seed N] [--save]`: crowds of
 * production workers' cores in virtual time. `--save` keeps table and plot
 * under `tools/bench/results/`, with what swarms of real processes measured
 * (`deno task swarm --save`) marked in it; `--draw` makes both anew from what
 * was kept, with the swarms of since.
 */

import { parseArgs } from "@std/cli/parse-args";
import { keepResults, RESULTS } from "../results.ts";
import {
  type CrowdResult,
  renderCrowd,
  resultOf,
  type SizeResult,
} from "./render.ts";
import { measureCrowd } from "./measure.ts";
import { measureMemory } from "./memory.ts";
import { swarmPoints } from "./swarm_points.ts";

const KEPT = "crowd.json";

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    boolean: ["save", "draw"],
    string: ["workers", "seed"],
    default: { workers: "100,1000,10000,50000", seed: "1" },
  });
  if (flags.draw) {
    await draw();
    return 0;
  }
  const sizes = String(flags.workers).split(",").map(Number);
  const seed = Number(flags.seed);
  if (sizes.some((size) => !(Number.isInteger(size) && size >= 50))) {
    console.error(
      "usage: deno task crowd [--workers N,…] [--seed N] [--save] | --draw, N at least 50",
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
  if (flags.save) {
    await keepResults({ [KEPT]: JSON.stringify(resultOf(seed, results)) });
    await draw();
  } else console.log(renderCrowd(results, []).markdown);
  const wrong = results.reduce(
    (sum, { falseVerdicts }) => sum + falseVerdicts,
    0,
  );
  if (wrong > 0) console.error(`crowd: ${wrong} false verdicts`);
  return wrong > 0 ? 1 : 0;
}

/** Table and plot of what was kept, and of the swarms beside it. */
async function draw(): Promise<void> {
  const kept = await Deno.readTextFile(new URL(KEPT, RESULTS));
  const { sizes } = JSON.parse(kept) as CrowdResult;
  const { markdown, svg } = renderCrowd(sizes, await swarmPoints(RESULTS));
  console.log(markdown);
  await keepResults({ "crowd.md": markdown, "crowd.svg": svg });
}

if (import.meta.main) Deno.exit(await main());
