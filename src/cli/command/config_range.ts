/** `gmon config list|watch`: ranges of the users' own keys. */

import type { ConfigListed, WatchEvent } from "../../api/mod.ts";
import { type Arguments, usage } from "../arguments.ts";
import type { Command, Context, Flag } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { jsonLine, printListing, printSingle } from "../output.ts";
import type { Column } from "../table.ts";
import { consistencyFlag, countFlag } from "../words.ts";
import { CONSISTENCY } from "./config.ts";

const PREFIX: Flag = {
  name: "prefix",
  value: "PREFIX",
  summary: "Only keys that begin so; the same as the word",
};

/** How much of a value a table shows. */
const SHOWN_CHARACTERS = 60;

/** The commands of ranges. */
export const configRangeCommands: readonly Command[] = [
  {
    noun: "config",
    verb: "list",
    summary: "List keys, all of them as of one revision",
    words: "[PREFIX]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [
      PREFIX,
      { name: "from", value: "KEY", summary: "Only from this key on" },
      { name: "to", value: "KEY", summary: "Only keys before this one" },
      { name: "limit", value: "N", summary: "At most so many keys" },
      { name: "keys-only", value: null, summary: "Leave out the values" },
      { name: "count", value: null, summary: "Only say how many there are" },
      CONSISTENCY,
    ],
    examples: [
      "gmon config list app/ -o json",
      "gmon config list --from app/m --to app/n --limit 20 --keys-only",
    ],
    run: list,
  },
  {
    noun: "config",
    verb: "watch",
    summary: "Print every change of the keys with a prefix, until interrupted",
    words: "[PREFIX]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [
      PREFIX,
      {
        name: "since",
        value: "REVISION",
        summary: "Begin after this revision (now)",
      },
    ],
    examples: [
      "gmon config watch app/",
      "gmon config watch --since 7 -o jsonl",
    ],
    run: watch,
  },
];

async function list(context: Context): Promise<number> {
  const given = context.arguments;
  const limit = countFlag(given, "limit");
  if (limit === 0) throw usage("--limit 0 lists nothing", "give 1 or more");
  const range = {
    prefix: prefixOf(given),
    from: given.value("from"),
    to: given.value("to"),
    consistency: consistencyFlag(given),
  };
  const keysOnly = given.isSet("keys-only");
  if (given.isSet("count")) {
    const found = await context.client()
      .configList({ ...range, countOnly: true });
    const { count = 0, revision } = found;
    await printSingle(context.terminal, context.output, {
      kind: "ConfigCount",
      item: { count, revision },
      name: String(count),
      text: () => `${count}\n`,
    });
    return EXIT.success;
  }
  const found = await context.client().configList({
    ...range,
    limit,
    keysOnly,
  });
  const { items, count = items.length, consistent } = found;
  await printListing(context.terminal, context.output, {
    kind: "ConfigEntry",
    items,
    columns: columnsOf(keysOnly),
    name: (entry) => entry.key,
  });
  if (items.length < count) {
    await context.terminal.writeError(
      `gmon: ${items.length} of ${count} keys are shown\n`,
    );
  }
  if (!consistent) {
    await context.terminal.writeError(
      "gmon: too much changed meanwhile to show all keys as of one revision\n",
    );
  }
  return EXIT.success;
}

function columnsOf(keysOnly: boolean): Column<ConfigListed>[] {
  const columns: Column<ConfigListed>[] = [
    { header: "KEY", cell: (entry) => entry.key },
    { header: "REVISION", cell: (entry) => entry.revision },
    { header: "CREATED", wide: true, cell: (entry) => entry.createdRevision },
    { header: "VALUE", cell: (entry) => shortened(entry.value ?? "") },
  ];
  return keysOnly ? columns.slice(0, -1) : columns;
}

function prefixOf(given: Arguments): string | undefined {
  const word = given.words[0];
  const flag = given.value("prefix");
  if (word !== undefined && flag !== undefined && word !== flag) {
    throw usage("two prefixes are given", "give one of them");
  }
  return word ?? flag;
}

async function watch(context: Context): Promise<number> {
  const changes = context.client().watch({
    kinds: ["config"],
    prefix: prefixOf(context.arguments),
    since: countFlag(context.arguments, "since"),
  });
  for await (const event of changes) {
    const isRead = await context.terminal.write(eventText(context, event));
    if (!isRead) break;
  }
  return EXIT.success;
}

function eventText(context: Context, event: WatchEvent): string {
  const { format } = context.output;
  return event.changes.map((change) => {
    const value = (change.value as { value: string } | null)?.value ?? null;
    const { revision } = event;
    const { key } = change;
    switch (format) {
      case "json":
      case "jsonl":
        return jsonLine("ConfigChange", { revision, key, value });
      case "name":
        return `${key}\n`;
      case "table":
      case "wide":
        return value === null
          ? `${revision}  delete  ${key}\n`
          : `${revision}  put  ${key}  ${shortened(value)}\n`;
    }
  }).join("");
}

/** Enough of a value to recognise it, on one line. */
export function shortened(value: string): string {
  // deno-lint-ignore no-control-regex
  const line = value.replace(/[\x00-\x1f\x7f]+/g, " ");
  return line.length <= SHOWN_CHARACTERS
    ? line
    : `${line.slice(0, SHOWN_CHARACTERS - 1)}…`;
}
