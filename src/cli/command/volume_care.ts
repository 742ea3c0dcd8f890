/** `gmon volume rebalance|heal`: moving a volume's files to where they belong, and healing them. */

import type { HealView, RebalanceView } from "../../api/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { ageOf, size } from "../humanise.ts";
import { printSingle } from "../output.ts";
import { type Column, factsOf, tableOf } from "../table.ts";
import { usage } from "../arguments.ts";
import { wordAt } from "../words.ts";

/** The commands of the noun that look after files. */
export const volumeCareCommands: readonly Command[] = [
  {
    noun: "volume",
    verb: "rebalance",
    summary: "Move files to the bricks where they belong",
    words: "NAME start|status|stop",
    wordsMin: 2,
    wordsMax: 2,
    flags: [{
      name: "throttle",
      value: "HOW",
      summary: "lazy, normal (default) or aggressive",
    }],
    examples: [
      "gmon volume rebalance v1 start --throttle lazy",
      "gmon volume rebalance v1 status",
    ],
    run: rebalance,
  },
  {
    noun: "volume",
    verb: "heal",
    summary: "Show what is left to heal, or have everything looked at",
    words: "NAME [info|full]",
    wordsMin: 1,
    wordsMax: 2,
    flags: [],
    examples: ["gmon volume heal v1", "gmon volume heal v1 full"],
    run: heal,
  },
];

async function rebalance(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "volume");
  const verb = wordAt(context.arguments, 1, "verb");
  const throttle = context.arguments.value("throttle");
  if (throttle !== undefined && verb !== "start") {
    throw usage("--throttle is for start only", "leave it out");
  }
  const client = context.client();
  switch (verb) {
    case "start": {
      const how = throttle ?? "normal";
      if (!["lazy", "normal", "aggressive"].includes(how)) {
        throw usage(
          `--throttle ${JSON.stringify(how)} is no throttle`,
          "use lazy, normal or aggressive",
        );
      }
      return await show(context, await client.startRebalance(name, how));
    }
    case "status":
      return await show(context, await client.rebalance(name));
    case "stop":
      return await show(context, await client.stopRebalance(name));
    default:
      throw usage(
        `gmon volume rebalance has no verb ${verb}`,
        "use one of start, status, stop",
      );
  }
}

async function show(context: Context, item: RebalanceView): Promise<number> {
  await printSingle(context.terminal, context.output, {
    kind: "Rebalance",
    item,
    name: item.volume,
    text: () => rebalanceText(item, context.clock.wallMs()),
  });
  return EXIT.success;
}

function rebalanceText(item: RebalanceView, nowMs: number): string {
  const facts: (readonly [string, string | number | null])[] = [
    ["Volume", item.volume],
    ["State", item.state],
    ["Moved by", item.holder],
    ["Throttle", item.throttle],
    ["Started", ageOf(item.startedAt, nowMs)],
  ];
  if (item.problem !== null) facts.push(["Problem", item.problem]);
  const columns: Column<RebalanceView["parts"][number]>[] = [
    { header: "FROM", cell: ({ worker }) => worker },
    { header: "STATE", cell: ({ state }) => state },
    { header: "FILES", cell: ({ files }) => files },
    { header: "SIZE", cell: (part) => size(part.bytes) },
    { header: "FAILED", cell: ({ failures }) => failures },
    { header: "SKIPPED", cell: ({ skipped }) => skipped },
  ];
  return `${factsOf(facts)}\n${tableOf(item.parts, columns, true)}`;
}

async function heal(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "volume");
  const verb = context.arguments.words[1] ?? "info";
  if (verb !== "info" && verb !== "full") {
    throw usage(
      `gmon volume heal has no verb ${verb}`,
      "use info, full, or neither",
    );
  }
  const client = context.client();
  const item = verb === "full"
    ? await client.healFull(name)
    : await client.heal(name);
  await printSingle(context.terminal, context.output, {
    kind: "Heal",
    item,
    name,
    text: () =>
      verb === "full"
        ? `every subvolume of ${name} will be crawled whole\n`
        : healText(item),
  });
  return EXIT.success;
}

function healText({ volume, pending, subvolumes }: HealView): string {
  const rows = subvolumes.flatMap(({ name, healer, bricks }) =>
    bricks.map((brick) => ({ ...brick, name, healer }))
  );
  const columns: Column<typeof rows[number]>[] = [
    { header: "SUBVOLUME", cell: ({ name }) => name },
    { header: "HEALER", cell: ({ healer }) => healer },
    { header: "BRICK", cell: ({ worker, path }) => `${worker}:${path}` },
    { header: "ONLINE", cell: ({ online }) => online ? "yes" : "no" },
    { header: "PENDING", cell: (row) => row.pending },
  ];
  const facts = factsOf([["Volume", volume], ["Pending", pending]]);
  return `${facts}\n${tableOf(rows, columns, true)}`;
}
