/**
 * `deno task swarm --workers 1000 --scenario all`: that many production workers
 * over real sockets, beside three real monitors, through scripted scenarios.
 * Exits with 1 when a bound is missed or a verdict was false. `--save` keeps the
 * table in `tools/bench/results/swarm-N.json` and `.md`.
 */

import { parseArgs } from "@std/cli/parse-args";
import { asProblem } from "../../src/base/mod.ts";
import { calmDown } from "./calm.ts";
import { keepResults } from "../results.ts";
import { atMost, renderMeasures, Report } from "./report.ts";
import { leaderKill, rollingRestart } from "./scenario/change.ts";
import { joinStorm } from "./scenario/join.ts";
import { killMany, killOne } from "./scenario/kill.ts";
import { RETURN_LIMIT_MS, type Scenario } from "./scenario/scenario.ts";
import { steadyState } from "./scenario/steady.ts";
import { loss, partition, pause } from "./scenario/trouble.ts";
import { volumes } from "./scenario/volumes.ts";
import { startPulse } from "./pulse.ts";
import { runInOwnNamespace } from "../testbed/own_namespace.ts";
import { Swarm } from "./swarm.ts";

/** In the order of `all`; the first two are part of every run. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  join: joinStorm,
  volumes,
  steady: steadyState,
  kill1: killOne,
  kill100: killMany,
  partition,
  loss,
  pause,
  leader: leaderKill,
  rolling: rollingRestart,
};

/** How starved a run was: a process that came so late was, to the others, a host that stood still. */
export const LATEST_TIMER = "latest timer of any process of workers";
export const FALSE_VERDICTS = "false verdicts";
export const ENDED_EARLY = "ended before its time";
const ALWAYS = ["join", "volumes"];

/** What a run is. */
interface RunOptions {
  readonly workers: number;
  readonly scenarios: readonly string[];
  readonly profiles: string | null;
  /** Tell every two seconds what goes on. */
  readonly pulse: boolean;
  readonly say: (line: string) => void;
}

/** Plays the scenarios, in their order, in one swarm. */
export async function runSwarm(options: RunOptions): Promise<Report> {
  const report = new Report();
  await using swarm = await Swarm.open(options);
  const stopPulse = options.pulse ? startPulse(swarm) : (): void => {};
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (!ALWAYS.includes(name) && !options.scenarios.includes(name)) continue;
    const startedMs = performance.now();
    report.begin(name);
    const falseBefore = swarm.book.wrong.length;
    options.say(`swarm: ${name}: ${scenario.summary}`);
    try {
      await scenario.play(swarm, report);
    } catch (error) {
      options.say(`swarm: ${name}: ${asProblem(error).line}`);
      report.note(ENDED_EARLY, 1, "times", atMost(0));
      // Each scenario finds everybody alive: without that the others mean nothing.
      if (!await isMended(swarm)) break;
    }
    await calmDown(swarm, report);
    const wrong = swarm.book.wrong.slice(falseBefore);
    report.note(FALSE_VERDICTS, wrong.length, "verdicts", atMost(0));
    for (const { worker, verdict, evidence } of wrong.slice(0, 10)) {
      options.say(
        `swarm: ${name}: false: ${worker} is ${verdict}: ${evidence}`,
      );
    }
    report.note(LATEST_TIMER, await swarm.group.takeLagMaxMs() / 1000, "s");
    const seconds = (performance.now() - startedMs) / 1000;
    options.say(`swarm: ${name}: ${seconds.toFixed(1)} s`);
  }
  stopPulse();
  return report;
}

/** Puts everything in order after a scenario that failed; false when that fails, too. */
async function isMended(swarm: Swarm): Promise<boolean> {
  try {
    await swarm.mend();
    await swarm.book.until(swarm.all, ["alive"], RETURN_LIMIT_MS);
    swarm.book.allow(swarm.all);
    return true;
  } catch (error) {
    swarm.options.say(`swarm: no further scenario: ${asProblem(error).line}`);
    return false;
  }
}

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    boolean: ["json", "pulse", "save"],
    string: ["workers", "scenario", "profiles"],
    default: { workers: "1000", scenario: "all" },
  });
  const workers = Number(flags.workers);
  const chosen = String(flags.scenario).split(",");
  const scenarios = chosen.includes("all") ? Object.keys(SCENARIOS) : chosen;
  const unknown = scenarios.filter((name) => !(name in SCENARIOS));
  if (!(Number.isInteger(workers) && workers >= 20) || unknown.length > 0) {
    console.error(
      "usage: deno task swarm [--workers N] [--scenario NAME,…] [--json] " +
        "[--save] [--pulse] [--profiles DIR], N at least 20; scenarios: all, " +
        Object.keys(SCENARIOS).join(", "),
    );
    return 2;
  }
  const elsewhere = await runInOwnNamespace(new URL(import.meta.url));
  if (elsewhere !== null) return elsewhere;
  const report = await runSwarm({
    workers,
    scenarios,
    profiles: flags.profiles === undefined ? null : String(flags.profiles),
    pulse: flags.pulse === true,
    say: (line) => console.error(line),
  });
  const { measures, missed } = report;
  const table = renderMeasures(measures);
  const result = JSON.stringify({
    kind: "swarm",
    version: 1,
    workers,
    measures,
  });
  console.log(flags.json ? result : table);
  if (flags.save) {
    await keepResults({
      [`swarm-${workers}.json`]: result,
      [`swarm-${workers}.md`]: `\`\`\`\n${table}\n\`\`\`\n`,
    });
  }
  if (missed > 0) console.error(`swarm: ${missed} bounds missed`);
  return missed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
