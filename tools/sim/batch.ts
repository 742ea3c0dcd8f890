/** Many seeds over several processes: a seed needs one core and shares nothing. */

import type { Counts, Outcome } from "./simulation.ts";
import type { Planted } from "./planted/planted.ts";
import { describeSwarm } from "./swarm.ts";

/** What to run. */
export interface BatchOptions {
  readonly start: number;
  readonly seeds: number;
  readonly jobs: number;
  /** With a planted bug the first seed in which one of its oracles catches it ends the batch. */
  readonly planted: Pick<Planted, "name" | "by"> | null;
  readonly report: (line: string) => void;
}

/** What came of it. */
export interface Summary {
  readonly failed: readonly {
    readonly seed: number;
    readonly oracle: string;
  }[];
  readonly line: string;
}

/** A long batch says how far it is. */
const PROGRESS_SEEDS = 500;

type Told = Omit<Outcome, "lines" | "schedule">;

/** Runs the seeds and reports each failure as it comes. */
export async function runSeeds(options: BatchOptions): Promise<Summary> {
  const sinceMs = performance.now();
  const failed: { seed: number; oracle: string }[] = [];
  const totals = new Totals();
  const { planted } = options;
  const children = Array.from(
    { length: Math.min(options.jobs, options.seeds) },
    (_, job) => spawnJob(options, job),
  );
  await Promise.all(children.map(async (child) => {
    for await (const told of outcomesOf(child)) {
      totals.add(told.counts);
      if (planted === null && totals.seeds % PROGRESS_SEEDS === 0) {
        options.report(`simulate: ${totals.seeds} seeds so far`);
      }
      const [first] = told.failures;
      if (first !== undefined && (planted?.by.includes(first.oracle) ?? true)) {
        failed.push({ seed: told.seed, oracle: first.oracle });
        if (planted === null) reportFailure(told, options.report);
      }
      // Each process goes on until no seed before the first that failed is left.
      const least = Math.min(...failed.map(({ seed }) => seed));
      if (planted !== null && told.seed >= least) stop(child);
    }
    const { success, code } = await child.status;
    if (success || (planted !== null && failed.length > 0)) return;
    throw new Error(`a process of the simulator ended with ${code}`);
  }));
  failed.sort((a, b) => a.seed - b.seed);
  const seconds = (performance.now() - sinceMs) / 1000;
  const line = `simulate: ${totals.seeds} seeds, ${failed.length} failed; ` +
    `${totals.line}; ${seconds.toFixed(0)} s`;
  return { failed, line };
}

function spawnJob(options: BatchOptions, job: number): Deno.ChildProcess {
  const { start, seeds, jobs, planted } = options;
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      new URL("./main.ts", import.meta.url).pathname,
      "--batch",
      `--start=${start + job}`,
      `--seeds=${seeds - job}`,
      `--stride=${Math.min(jobs, seeds)}`,
      ...(planted === null ? [] : [`--planted=${planted.name}`]),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function* outcomesOf(child: Deno.ChildProcess): AsyncGenerator<Told> {
  let text = "";
  const decoder = new TextDecoderStream();
  for await (const piece of child.stdout.pipeThrough(decoder)) {
    const lines = (text + piece).split("\n");
    text = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Told;
  }
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
}

function reportFailure(told: Told, report: (line: string) => void): void {
  report(`seed ${told.seed} FAILED`);
  for (const { oracle, message } of told.failures.slice(0, 3)) {
    report(`  ${oracle}: ${message.slice(0, 2_000)}`);
  }
  for (const line of describeSwarm(told.swarm).split("\n")) report(`  ${line}`);
  report(`  replay: deno task simulate --seed ${told.seed} --trace`);
}

/** What the seeds did together. */
class Totals {
  seeds = 0;
  #virtualMs = 0;
  #faults = 0;
  #elections = 0;
  #entries = 0;
  #changes = 0;
  #restores = 0;
  #operations = 0;
  #unknown = 0;
  #transactions = 0;
  #volumes = 0;
  #acts = 0;

  add(counts: Counts): void {
    this.seeds++;
    this.#virtualMs += counts.virtualMs;
    this.#faults += counts.faults;
    this.#elections += counts.elections;
    this.#entries += counts.entries;
    this.#changes += counts.changes;
    this.#restores += counts.restores;
    this.#operations += counts.operations;
    this.#transactions += counts.transactions;
    this.#unknown += counts.unknown;
    this.#volumes += counts.volumes;
    this.#acts += counts.acts;
  }

  get line(): string {
    return [
      `${(this.#virtualMs / 3_600_000).toFixed(1)} virtual hours`,
      `${this.#faults} faults`,
      `${this.#elections} elections`,
      `${this.#entries} entries`,
      `${this.#changes} changes of members`,
      `${this.#restores} snapshots restored`,
      `${this.#operations} operations (${this.#unknown} of unknown outcome)`,
      `${this.#transactions} transactions`,
      `${this.#volumes} volumes`,
      `${this.#acts} acts in roles`,
    ].join(", ");
  }
}
