/** `gmon worker list|info|watch`: what the quorum knows of the storage servers. */

import type { WorkerFilter, WorkerState, WorkerView } from "../../api/mod.ts";
import { type Arguments, usage } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { followEvents } from "../event_words.ts";
import { age, ageOf } from "../humanise.ts";
import { printListing, printSingle } from "../output.ts";
import { type Column, factsOf } from "../table.ts";
import { labelOf, labelText, wordAt } from "../words.ts";

/** What the column STATE may say. */
const STATES: readonly string[] = Object.keys(
  {
    alive: true,
    dead: true,
    unreachable: true,
    left: true,
    draining: true,
    flapping: true,
  } satisfies Record<WorkerState, true>,
);

/** The commands of the noun, but for the daemon. */
export const workerCommands: readonly Command[] = [
  {
    noun: "worker",
    verb: "list",
    summary: "List the workers and the verdicts on them",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [
      { name: "zone", value: "ZONE", summary: "Only those in this zone" },
      {
        name: "state",
        value: "STATE",
        summary: `Only those that are ${STATES.join(", ")}`,
      },
      {
        name: "label",
        value: "KEY=VALUE",
        summary: "Only those with this label, and with all that are given",
        repeatable: true,
      },
    ],
    examples: [
      "gmon worker list -o json",
      "gmon worker list --zone rack-2 --state dead --label disk=ssd",
    ],
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
  {
    noun: "worker",
    verb: "watch",
    summary: "Show the workers, or one, and then what happens to them",
    words: "[NAME]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [],
    examples: ["gmon worker watch", "gmon worker watch w1 -o jsonl"],
    run: watch,
  },
];

async function list(context: Context): Promise<number> {
  const filter = filterOf(context.arguments);
  const { items } = await context.client().workers(filter);
  await printWorkers(context, items);
  return EXIT.success;
}

function filterOf(given: Arguments): WorkerFilter {
  const labels = given.list("label").map((text) => labelOf(text, "--label"));
  const twice = labels.find(([key, value]) =>
    labels.some((other) => other[0] === key && other[1] !== value)
  );
  if (twice !== undefined) {
    throw usage(
      `no worker has two values of the label ${twice[0]}`,
      "give --label once for each key",
    );
  }
  return {
    zone: given.value("zone"),
    state: stateFlag(given),
    labels: Object.fromEntries(labels),
  };
}

function stateFlag(given: Arguments): WorkerState | undefined {
  const state = given.value("state");
  if (state === undefined || STATES.includes(state)) {
    return state as WorkerState | undefined;
  }
  throw usage(
    `--state ${JSON.stringify(state)} is not a state`,
    `use one of ${STATES.join(", ")}`,
  );
}

async function watch(context: Context): Promise<number> {
  const [name] = context.arguments.words;
  const client = context.client();
  const subject = name === undefined ? "worker" : `worker/${name}`;
  const { reached } = await client.events({ subject, limit: 1 });
  const items = name === undefined
    ? (await client.workers()).items
    : [await client.worker(name)];
  await printWorkers(context, items);
  return await followEvents(context, { subject, after: reached });
}

async function printWorkers(
  context: Context,
  items: readonly WorkerView[],
): Promise<void> {
  const nowMs = context.clock.wallMs();
  const columns: Column<WorkerView>[] = [
    { header: "NAME", cell: (worker) => worker.name },
    { header: "STATE", cell: (worker) => stateOf(worker) },
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
    { header: "HEALTH", wide: true, cell: healthOf },
    {
      header: "LABELS",
      wide: true,
      cell: (worker) => labelText(worker.labels, ","),
    },
    { header: "EVIDENCE", wide: true, cell: (worker) => worker.evidence },
  ];
  await printListing(context.terminal, context.output, {
    kind: "Worker",
    items,
    columns,
    name: (worker) => worker.name,
  });
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
        ["State", stateOf(worker, ` since ${since}`)],
        ["Evidence", worker.evidence],
        ["Address", worker.address],
        ["Gossip port", worker.swimPort],
        ["Volfile port", worker.volfilePort],
        ["Zone", worker.zone],
        ["Version", worker.version],
        ["Incarnation", worker.incarnation],
        ["Local health", healthText(worker)],
        ["Labels", labelText(worker.labels, ",")],
        ["Falls", worker.falls],
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

/** The verdict, and what an operator or its restlessness adds to it. */
function stateOf(
  { verdict, draining, flapping }: WorkerView,
  since = "",
): string {
  return [
    verdict + since,
    ...(draining ? ["draining"] : []),
    ...(flapping ? ["flapping"] : []),
  ].join(", ");
}

/** What one that is gone, or out of reach, said of itself last is no news. */
function healthOf({ verdict, health }: WorkerView): number | null {
  return verdict === "alive" ? health : null;
}

function healthText(worker: WorkerView): string | null {
  const health = healthOf(worker);
  if (health === null) return null;
  return health === 0 ? "well" : `${health}: it hears its peers badly`;
}
