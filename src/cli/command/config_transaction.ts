/** `gmon config transaction|quota`: several keys at once, and what all may take. */

import type { TransactionOutcome, TransactionRequest } from "../../api/mod.ts";
import { text } from "../../base/mod.ts";
import { usage } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { size } from "../humanise.ts";
import { printSingle } from "../output.ts";
import { type Column, factsOf, tableOf } from "../table.ts";
import { wordAt } from "../words.ts";
import { shortened } from "./config_range.ts";

/** The commands of many keys. */
export const configTransactionCommands: readonly Command[] = [
  {
    noun: "config",
    verb: "transaction",
    summary: "Compare keys, then do one thing, or another and exit with 6",
    words: "FILE|-",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: [
      "gmon config transaction change.json",
      `echo '{"compare": [{"test": "absent", "key": "lock"}], "then": [{"op": "put", "key": "lock", "value": "me"}], "else": [{"op": "get", "key": "lock"}]}' | gmon config transaction -`,
    ],
    run: transact,
  },
  {
    noun: "config",
    verb: "quota",
    summary: "Show what all keys take and may take, or set the latter",
    words: "[SIZE]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [],
    examples: ["gmon config quota", "gmon config quota 1GiB"],
    run: quota,
  },
];

async function transact(context: Context): Promise<number> {
  const path = wordAt(context.arguments, 0, "file");
  const request = requestOf(await contentOf(context, path), path);
  const outcome = await context.client().configTransaction(request);
  await printSingle(context.terminal, context.output, {
    kind: "TransactionOutcome",
    item: outcome,
    name: String(outcome.revision),
    text: () => outcomeText(outcome),
  });
  return outcome.succeeded ? EXIT.success : EXIT.conflict;
}

async function contentOf(context: Context, path: string): Promise<Uint8Array> {
  if (path === "-") return await context.terminal.readInput();
  const content = await context.openPorts().disk.read(path);
  if (content !== null) return content;
  throw usage(`there is no file ${path}`, "name a JSON file, or - for stdin");
}

/** The monitor checks what it says; here it must only be JSON. */
function requestOf(content: Uint8Array, path: string): TransactionRequest {
  try {
    return JSON.parse(text(content)) as TransactionRequest;
  } catch (error) {
    const where = path === "-" ? "the input" : path;
    throw usage(
      `${where} is not JSON: ${(error as Error).message}`,
      "see gmon help config transaction for an example",
    );
  }
}

type Result = TransactionOutcome["results"][number];

const COLUMNS: readonly Column<Result>[] = [
  { header: "OPERATION", cell: (result) => result.op },
  { header: "KEY", cell: (result) => result.key },
  { header: "RESULT", cell: resultText },
];

function outcomeText(outcome: TransactionOutcome): string {
  const { succeeded, failedCompare = 0, revision, results } = outcome;
  const head = succeeded
    ? `succeeded at revision ${revision}\n`
    : `comparison ${failedCompare + 1} did not hold at revision ${revision}\n`;
  return results.length === 0
    ? head
    : `${head}\n${tableOf(results, COLUMNS, true)}`;
}

function resultText(result: Result): string {
  switch (result.op) {
    case "put":
      return result.created ? "created" : "replaced";
    case "delete":
      return result.deleted ? "deleted" : "was not there";
    case "get":
      return result.entry === null
        ? "is not there"
        : shortened(result.entry.value);
  }
}

async function quota(context: Context): Promise<number> {
  const word = context.arguments.words[0];
  const used = word === undefined
    ? await context.client().quota()
    : await context.client().setQuota(bytesOf(word));
  await printSingle(context.terminal, context.output, {
    kind: "ConfigUsage",
    item: used,
    name: String(used.quotaBytes),
    text: () =>
      factsOf([
        ["Keys", used.keys],
        ["Used", size(used.usedBytes)],
        ["Quota", size(used.quotaBytes)],
      ]),
  });
  return EXIT.success;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** `1073741824`, `512MiB`, `1.5GiB`. */
function bytesOf(word: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)(|B|KiB|MiB|GiB)$/.exec(word);
  if (match !== null) return Math.round(Number(match[1]) * UNITS[match[2]!]!);
  throw usage(
    `${JSON.stringify(word)} is not a size`,
    "write bytes, or a size such as 512MiB or 1GiB",
  );
}
