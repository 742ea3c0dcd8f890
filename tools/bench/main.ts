/**
 * `deno task bench NAME [--quick] [--json] [--check] [--save]`: measures gmon
 * beside its peer in one run. `--quick` makes fewer rounds, `--check` exits 1
 * when a budget of DESIGN.md §11 is missed, `--save` keeps the result in
 * `tools/bench/results/NAME.json` and `.md`.
 */

import { parseArgs } from "@std/cli/parse-args";
import { keepResults } from "../results.ts";
import { benchCli } from "./cli.ts";
import { benchHeal } from "./heal.ts";
import { benchMembership, benchStarvation } from "./membership.ts";
import { benchQuorum } from "./quorum.ts";
import { benchRoles } from "./roles.ts";
import {
  type Comparison,
  renderMarkdown,
  renderRows,
  rowOf,
} from "./measure.ts";

/** A member of the bench. */
export interface Bench {
  readonly summary: string;
  run(options: { readonly quick: boolean }): Promise<Comparison[]>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  cli: benchCli,
  heal: benchHeal,
  membership: benchMembership,
  quorum: benchQuorum,
  roles: benchRoles,
  starvation: benchStarvation,
};

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    boolean: ["quick", "json", "check", "save"],
    string: ["_"],
  });
  const name = String(flags._[0] ?? "");
  const bench = BENCHES[name];
  if (bench === undefined) {
    console.error(
      "usage: deno task bench NAME [--quick] [--json] [--check] [--save]",
    );
    for (const [known, { summary }] of Object.entries(BENCHES)) {
      console.error(`  ${known.padEnd(12)} ${summary}`);
    }
    return 2;
  }
  const rows = (await bench.run({ quick: flags.quick === true })).map(rowOf);
  const result = JSON.stringify({ kind: "bench", version: 1, name, rows });
  console.log(flags.json ? result : renderRows(rows));
  if (flags.save) {
    await keepResults({
      [`${name}.json`]: result,
      [`${name}.md`]: renderMarkdown(rows),
    });
  }
  const missed = rows.filter((row) => row.met === false).length;
  if (missed > 0) console.error(`bench: ${missed} budgets missed`);
  return flags.check && missed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
