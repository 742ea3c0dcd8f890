/** `gmon config get|put|delete|list|watch`: the users' own keys in the quorum. */

import type { ConfigEntry, WatchEvent } from "../../api/mod.ts";
import { text } from "../../base/mod.ts";
import { usage } from "../arguments.ts";
import type { Command, Context, Flag } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { jsonLine, printListing, printSingle } from "../output.ts";
import type { Column } from "../table.ts";
import { countFlag, wordAt } from "../words.ts";

const IF_REVISION: Flag = {
  name: "if-revision",
  value: "N",
  summary: "Only if the key is at this revision",
};

/** How much of a value a table shows. */
const SHOWN_CHARACTERS = 60;

/** The commands of the noun. */
export const configCommands: readonly Command[] = [
  {
    noun: "config",
    verb: "get",
    summary: "Print one key's value",
    words: "KEY",
    wordsMin: 1,
    wordsMax: 1,
    flags: [{
      name: "consistency",
      value: "LEVEL",
      summary: "linearizable or stale (linearizable)",
    }],
    examples: ["gmon config get app/db", "gmon config get app/db -o json"],
    run: get,
  },
  {
    noun: "config",
    verb: "put",
    summary: "Set one key",
    words: "KEY VALUE|-",
    wordsMin: 2,
    wordsMax: 2,
    flags: [
      IF_REVISION,
      {
        name: "create",
        value: null,
        summary: "Only if the key does not exist",
      },
    ],
    examples: [
      "gmon config put app/db postgres://10.0.0.7/app",
      "gmon config put app/settings - --if-revision 7 < settings.json",
    ],
    run: put,
  },
  {
    noun: "config",
    verb: "delete",
    summary: "Delete one key",
    words: "KEY",
    wordsMin: 1,
    wordsMax: 1,
    flags: [IF_REVISION],
    examples: [
      "gmon config delete app/db",
      "gmon config delete app/db --if-revision 7",
    ],
    run: remove,
  },
  {
    noun: "config",
    verb: "list",
    summary: "List the keys with a prefix",
    words: "[PREFIX]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [],
    examples: ["gmon config list", "gmon config list app/ -o json"],
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

async function get(context: Context): Promise<number> {
  const key = wordAt(context.arguments, 0, "key");
  const consistency = context.arguments.value("consistency") ?? "linearizable";
  if (consistency !== "linearizable" && consistency !== "stale") {
    throw usage(
      `--consistency ${JSON.stringify(consistency)} is not a level`,
      "use linearizable or stale",
    );
  }
  const entry = await context.client().configGet(key, consistency);
  await printSingle(context.terminal, context.output, {
    kind: "ConfigEntry",
    item: entry,
    name: entry.key,
    text: () => entry.value.endsWith("\n") ? entry.value : `${entry.value}\n`,
  });
  return EXIT.success;
}

async function put(context: Context): Promise<number> {
  const key = wordAt(context.arguments, 0, "key");
  const word = context.arguments.words[1]!;
  const ifMatch = countFlag(context.arguments, "if-revision");
  const ifAbsent = context.arguments.isSet("create");
  if (ifAbsent && ifMatch !== undefined) {
    throw usage(
      "--create and --if-revision contradict one another",
      "give one of them",
    );
  }
  const value = word === "-" ? text(await context.terminal.readInput()) : word;
  const written = await context.client().configPut(key, value, {
    ifMatch,
    ifAbsent,
  });
  await printSingle(context.terminal, context.output, {
    kind: "ConfigWritten",
    item: written,
    name: written.key,
    text: () => `${written.key} set at revision ${written.revision}\n`,
  });
  return EXIT.success;
}

async function remove(context: Context): Promise<number> {
  const key = wordAt(context.arguments, 0, "key");
  const ifMatch = countFlag(context.arguments, "if-revision");
  const revision = await context.client().configDelete(key, { ifMatch });
  await printSingle(context.terminal, context.output, {
    kind: "ConfigWritten",
    item: { key, revision },
    name: key,
    text: () => `${key} deleted at revision ${revision}\n`,
  });
  return EXIT.success;
}

async function list(context: Context): Promise<number> {
  const prefix = context.arguments.words[0] ?? "";
  const { items } = await context.client().configList(prefix);
  const columns: Column<ConfigEntry>[] = [
    { header: "KEY", cell: (entry) => entry.key },
    { header: "REVISION", cell: (entry) => entry.revision },
    { header: "CREATED", wide: true, cell: (entry) => entry.createdRevision },
    { header: "VALUE", cell: (entry) => shortened(entry.value) },
  ];
  await printListing(context.terminal, context.output, {
    kind: "ConfigEntry",
    items,
    columns,
    name: (entry) => entry.key,
  });
  return EXIT.success;
}

async function watch(context: Context): Promise<number> {
  const changes = context.client().watch({
    kinds: ["config"],
    prefix: context.arguments.words[0],
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
function shortened(value: string): string {
  // deno-lint-ignore no-control-regex
  const line = value.replace(/[\x00-\x1f\x7f]+/g, " ");
  return line.length <= SHOWN_CHARACTERS
    ? line
    : `${line.slice(0, SHOWN_CHARACTERS - 1)}…`;
}
