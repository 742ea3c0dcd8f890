/**
 * Hundreds of short lives of a cluster. A failure names its seed; to replay
 * one: `runChaos(voters, seed, MOVES)`.
 */

import { assert } from "@std/assert";
import { type Outcome, runChaos } from "./chaos.ts";

const MOVES = 2_000;
const SEEDS = 200;

for (const voters of [1, 2, 3, 4, 5]) {
  Deno.test(`${voters} voters stay safe in ${SEEDS} storms and recover`, () => {
    const outcomes: Outcome[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      outcomes.push(runSeed(voters, seed));
    }
    // A storm in which nothing happens proves nothing.
    assert(sumOf(outcomes, "committed") > 20 * SEEDS, "entries are committed");
    assert(sumOf(outcomes, "elections") > 1.5 * SEEDS, "leaders change");
    assert(sumOf(outcomes, "readsConfirmed") > 2 * SEEDS, "reads are served");
  });
}

function runSeed(voters: number, seed: number): Outcome {
  try {
    return runChaos(voters, seed, MOVES);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${voters} voters, seed ${seed}: ${why}`, { cause });
  }
}

function sumOf(outcomes: readonly Outcome[], what: keyof Outcome): number {
  return outcomes.reduce((sum, outcome) => sum + outcome[what], 0);
}
