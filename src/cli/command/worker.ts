/** `gmon worker list|info`: what the quorum knows of the storage servers. */

import type { WorkerView } from "../../api/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { age, ageOf } from "../humanise.ts";
import { printListing, printSingle } from "../output.ts";
import { type Column, factsOf } from "../table.ts";
import { wordAt } from "../words.ts";

/** The commands of the noun, but for the daemon. */
export const workerCommands: readonly Command[] = [
  {
    noun: "worker",
    verb: "list",
    summary: "List the workers and the verdicts on them",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [],
    examples: ["gmon worker list", "gmon worker list -o json"],
    run: list,
  },
  {
    noun: "worker",
    verb: "info",
    summary: "Show one worker",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: ["gmon worker info w1", "gmon worker info w1 -o json"],
    run: info,
  },
];

async function list(context: Context): Promise<number> {
  const { items } = await context.client().workers();
  const nowMs = context.clock.wallMs();
  const columns: Column<WorkerView>[] = [
    { header: "NAME", cell: (worker) => worker.name },
    { header: "VERDICT", cell: (worker) => worker.verdict },
    { header: "ADDRESS", cell: (worker) => worker.address },
    { header: "ZONE", cell: (worker) => worker.zone },
    { header: "BRICKS", cell: (worker) => worker.bricks },
    {
      header: "CHECK-IN",
      cell: (worker) =>
        worker.lastCheckInSeconds === null
          ? null
          : age(worker.lastCheckInSeconds),
    },
    { header: "SINCE", cell: (worker) => ageOf(worker.verdictAt, nowMs) },
    { header: "VERSION", wide: true, cell: (worker) => worker.version },
    { header: "INCARNATION", wide: true, cell: (worker) => worker.incarnation },
    { header: "EVIDENCE", wide: true, cell: (worker) => worker.evidence },
  ];
  await printListing(context.terminal, context.output, {
    kind: "Worker",
    items,
    columns,
    name: (worker) => worker.name,
  });
  return EXIT.success;
}

async function info(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "worker");
  const worker = await context.client().worker(name);
  const since = ageOf(worker.verdictAt, context.clock.wallMs());
  await printSingle(context.terminal, context.output, {
    kind: "Worker",
    item: worker,
    name: worker.name,
    text: () =>
      factsOf([
        ["Name", worker.name],
        ["ID", worker.id],
        ["Verdict", `${worker.verdict} since ${since}`],
        ["Evidence", worker.evidence],
        ["Address", worker.address],
        ["Gossip port", worker.swimPort],
        ["Volfile port", worker.volfilePort],
        ["Zone", worker.zone],
        ["Version", worker.version],
        ["Incarnation", worker.incarnation],
        ["Draining", worker.draining ? "yes" : "no"],
        ["Bricks", worker.bricks],
        [
          "Last check-in",
          worker.lastCheckInSeconds === null
            ? null
            : `${age(worker.lastCheckInSeconds)} ago`,
        ],
      ]),
  });
  return EXIT.success;
}
