/**
 * Hundreds of short lives of a cluster. A failure names its options; to replay
 * one: `runChaos(options)`.
 */

import { assert } from "@std/assert";
import { type ChaosOptions, type Outcome, runChaos } from "./chaos.ts";

const MOVES = 2_000;
const SEEDS = 120;
const MEMBERSHIP_SEEDS = 160;
const LEASE_SEEDS = 80;

for (const voters of [1, 2, 3, 4, 5]) {
  Deno.test(`${voters} voters stay safe in ${SEEDS} storms and recover`, () => {
    const sum = runSeeds(SEEDS, { voters });
    // A storm in which nothing happens proves nothing.
    assert(sum("committed") > 20 * SEEDS, "entries are committed");
    assert(sum("elections") > 1.2 * SEEDS, "leaders change");
    assert(sum("readsConfirmed") > 2 * SEEDS, "reads are served");
    if (voters < 3) return;
    assert(sum("restores") > 0.1 * SEEDS, "snapshots are installed");
    assert(sum("handOvers") > 0.2 * SEEDS, "leaders hand over");
    assert(sum("readsAtFollowers") > 2 * SEEDS, "reads are served anywhere");
  });
}

for (const voters of [1, 2, 3, 5]) {
  Deno.test(`${voters} founders stay safe in ${MEMBERSHIP_SEEDS} storms of changes`, () => {
    const sum = runSeeds(MEMBERSHIP_SEEDS, { voters, membership: true });
    assert(sum("committed") > 20 * MEMBERSHIP_SEEDS, "entries are committed");
    assert(sum("configurations") > MEMBERSHIP_SEEDS / 2, "members change");
    assert(sum("newLives") > MEMBERSHIP_SEEDS, "disks are replaced");
    assert(sum("restores") > MEMBERSHIP_SEEDS / 8, "snapshots are installed");
  });
}

for (const voters of [2, 3]) {
  Deno.test(`${voters} founders with leases stay safe in ${LEASE_SEEDS} storms`, () => {
    const options = { voters, leases: true, membership: true };
    const sum = runSeeds(LEASE_SEEDS, options);
    assert(sum("elections") > 1.2 * LEASE_SEEDS, "leaders change");
    assert(sum("readsConfirmed") > 10 * LEASE_SEEDS, "reads are served");
  });
}

/** Runs seeds from 0 on; answers the sum of what they came to. */
function runSeeds(
  seeds: number,
  options: Omit<ChaosOptions, "seed" | "moves">,
): (what: keyof Outcome) => number {
  const outcomes: Outcome[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    outcomes.push(runSeed({ ...options, seed, moves: MOVES }));
  }
  return (what) => outcomes.reduce((sum, outcome) => sum + outcome[what], 0);
}

function runSeed(options: ChaosOptions): Outcome {
  try {
    return runChaos(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${JSON.stringify(options)}: ${why}`, { cause });
  }
}
