/**
 * `deno task simulate`: runs seeds and tells which of them failed, with the
 * command that replays each.
 */

import { parseArgs } from "@std/cli/parse-args";
import { PLANTED, plantedOf } from "./planted/registry.ts";
import { type PlantedRow, rewriteTable } from "./planted/table.ts";
import type { Planted } from "./planted/planted.ts";
import { runSeeds, type Summary } from "./batch.ts";
import { describeOutcome, recordFailure, replayRecord } from "./record.ts";
import { type Outcome, simulate } from "./simulation.ts";

/** Of many failures the first few tell enough. */
const RECORDS_MAX = 3;

const HELP = `deno task simulate [--seeds N] [--start S] [--jobs J]
deno task simulate --seed X [--trace]
deno task simulate --replay FILE
deno task simulate --planted NAME [--seeds N]
deno task simulate --planted all [--rewrite]

  --seeds N       how many seeds to run (default 200)
  --start S       the first of them (default 1); \`random\` draws it, and says what it drew
  --jobs J        processes at once (default: one a core)
  --seed X        one seed; with --trace every event, one line each
  --keep DIR      where shrunk failures are written (default tmp/simulate)
  --replay FILE   runs such a file again, and shows every event
  --planted NAME  plants a bug; succeeds when a seed catches it
  --rewrite       with \`--planted all\`: writes the table into README.md

Oracles: election-safety, state-machine-safety, equal-states, durability,
linearizability, transactions, staleness, idempotency, watches, verdicts,
fences, bricks, convergence, liveness, answers, daemons (none gives up),
uncaught (nothing throws).

Planted bugs:
${PLANTED.map(({ name, about }) => `  ${name.padEnd(26)} ${about}`).join("\n")}
`;

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    boolean: ["trace", "help", "batch", "rewrite"],
    string: [
      "seeds",
      "start",
      "seed",
      "jobs",
      "stride",
      "planted",
      "keep",
      "replay",
    ],
    unknown: (argument) => {
      console.error(`there is no ${argument}; see --help`);
      Deno.exit(2);
    },
  });
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const planted = flags.planted === undefined ? null : plantedOf(flags.planted);
  if (flags.planted !== undefined && planted === null) {
    if (flags.planted === "all") {
      return await catchAll(jobsOf(flags.jobs), flags.rewrite);
    }
    console.error(`there is no planted bug ${flags.planted}; see --help`);
    return 2;
  }
  if (flags.replay !== undefined) {
    return tell(await replayRecord(flags.replay));
  }
  const start = flags.start === "random" ? drawStart() : whole(flags.start, 1);
  const seeds = whole(flags.seeds, planted?.seedsMax ?? 200);
  if (flags.seed !== undefined) {
    return await replay(whole(flags.seed, 1), flags.trace, planted);
  }
  if (flags.batch) {
    return await batch(start, seeds, whole(flags.stride, 1), planted);
  }
  const summary = await runSeeds({
    start,
    seeds,
    jobs: jobsOf(flags.jobs),
    planted,
    report: console.log,
  });
  console.log(summary.line);
  const directory = flags.keep ?? "tmp/simulate";
  for (const { seed } of summary.failed.slice(0, RECORDS_MAX)) {
    const path = await recordFailure(seed, planted, directory);
    console.log(`seed ${seed}, shrunk: deno task simulate --replay ${path}`);
  }
  if (planted === null) return summary.failed.length === 0 ? 0 : 1;
  return tellCaught(planted, summary) ? 0 : 1;
}

/** One seed in this process. */
async function replay(
  seed: number,
  trace: boolean,
  planted: Planted | null,
): Promise<number> {
  const keepLines = trace ? Infinity : 60;
  const outcome = await simulate(seed, {
    planted,
    keepLines,
  });
  const isQuiet = !trace && outcome.failures.length === 0;
  return tell(isQuiet ? { ...outcome, lines: [] } : outcome);
}

function tell(outcome: Outcome): number {
  for (const line of describeOutcome(outcome)) console.log(line);
  return outcome.failures.length === 0 ? 0 : 1;
}

/** A share of the seeds, one JSON line each: what the other processes run. */
async function batch(
  start: number,
  seeds: number,
  stride: number,
  planted: Planted | null,
): Promise<number> {
  for (let seed = start; seed < start + seeds; seed += stride) {
    const { lines: _, schedule: _schedule, ...outcome } = await simulate(seed, {
      planted,
      keepLines: 0,
    });
    console.log(JSON.stringify(outcome));
  }
  return 0;
}

/** Plants one bug after the other; every one must be caught in time. */
async function catchAll(jobs: number, rewrite: boolean): Promise<number> {
  let missed = 0;
  const rows: PlantedRow[] = [];
  for (const planted of PLANTED) {
    const summary = await runSeeds({
      start: 1,
      seeds: planted.seedsMax,
      jobs,
      planted,
      report: () => {},
    });
    if (!tellCaught(planted, summary)) missed++;
    else if (!await isInnocent(planted, summary)) missed++;
    rows.push({ planted, first: summary.failed[0] ?? null });
  }
  if (rewrite) await rewriteTable(rows);
  return missed === 0 ? 0 : 1;
}

/** The world in which the bug was caught must be a quiet one without it. */
async function isInnocent(
  { install: _, ports: __, workerPorts: ___, ...world }: Planted,
  summary: Summary,
): Promise<boolean> {
  const { seed } = summary.failed[0]!;
  const { failures } = await simulate(seed, { planted: world, keepLines: 0 });
  for (const { oracle, message } of failures) {
    console.log(`  but seed ${seed} fails without it: ${oracle}: ${message}`);
  }
  return failures.length === 0;
}

function tellCaught(planted: Planted, summary: Summary): boolean {
  const first = summary.failed[0];
  const name = planted.name.padEnd(26);
  if (first === undefined) {
    console.log(`${name} NOT caught within ${planted.seedsMax} seeds`);
    return false;
  }
  console.log(`${name} caught by seed ${first.seed} (${first.oracle})`);
  return true;
}

/** Seeds that nobody has run before: what they find can be replayed by what this prints. */
function drawStart(): number {
  const start = crypto.getRandomValues(new Uint32Array(1))[0]! + 1_000_000;
  console.log(`simulate: fresh seeds, --start ${start}`);
  return start;
}

function jobsOf(flag: string | undefined): number {
  return whole(flag, navigator.hardwareConcurrency);
}

function whole(flag: string | undefined, otherwise: number): number {
  if (flag === undefined) return otherwise;
  if (/^[1-9][0-9]{0,14}$/.test(flag)) return Number(flag);
  console.error(`${flag} is not a positive whole number`);
  Deno.exit(2);
}

if (import.meta.main) Deno.exit(await main());
