/**
 * What is kept of a failure: one file whose first line is all that a replay
 * needs, and whose others are for people: what failed, the faults that it
 * took, and the trace, one line an event.
 */

import { plantedOf } from "./planted/registry.ts";
import type { Planted } from "./planted/planted.ts";
import { shrink } from "./shrink.ts";
import { type Cut, type Outcome, simulate } from "./simulation.ts";
import { describeSwarm } from "./swarm.ts";

/** The first line of a file. */
interface Recipe {
  readonly seed: number;
  readonly planted: string | null;
  readonly cut: Cut;
}

/** Shrinks a failing seed and writes it down; answers the file's path. */
export async function recordFailure(
  seed: number,
  planted: Planted | null,
  directory: string,
): Promise<string> {
  const cut = await shrink(seed, planted);
  const outcome = await simulate(seed, { planted, cut, keepLines: Infinity });
  const recipe: Recipe = { seed, planted: planted?.name ?? null, cut };
  await Deno.mkdir(directory, { recursive: true });
  const name = planted === null ? `seed-${seed}` : `${planted.name}-${seed}`;
  const path = `${directory}/${name}.txt`;
  const lines = [JSON.stringify(recipe), "", ...describeOutcome(outcome)];
  await Deno.writeTextFile(path, lines.join("\n") + "\n");
  return path;
}

/** Runs again what a file tells. Throws when it is not such a file. */
export async function replayRecord(path: string): Promise<Outcome> {
  const text = await Deno.readTextFile(path);
  const recipe: Recipe = JSON.parse(text.split("\n", 1)[0]!);
  const { seed, cut } = recipe;
  const planted = recipe.planted === null ? null : plantedOf(recipe.planted);
  return await simulate(seed, { planted, cut, keepLines: Infinity });
}

/** A run for people, line by line. */
export function describeOutcome(outcome: Outcome): string[] {
  const { seed, swarm, schedule, failures, lines, digest, counts } = outcome;
  return [
    ...failures.flatMap(({ oracle, message }) =>
      `seed ${seed} FAILED ${oracle}: ${message}`.split("\n")
    ),
    ...describeSwarm(swarm).split("\n"),
    ...schedule.map(({ number, atMs, fault }) =>
      `fault ${number} ${fault} ${atMs.toFixed(0)} ms after the beginning`
    ),
    `trace ${digest} ${JSON.stringify(counts)}`,
    "",
    ...lines,
  ];
}
