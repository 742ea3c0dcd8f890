/** `gmon config get|put|delete`: one of the users' own keys in the quorum. */

import type { TransactionRequest } from "../../api/mod.ts";
import { Problem, text } from "../../base/mod.ts";
import { type Arguments, usage } from "../arguments.ts";
import type { Command, Context, Flag } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { printSingle } from "../output.ts";
import { consistencyFlag, countFlag, wordAt } from "../words.ts";

const IF_REVISION: Flag = {
  name: "if-revision",
  value: "N",
  summary: "Only if the key is at this revision",
};

const IF_VALUE: Flag = {
  name: "if-value",
  value: "VALUE",
  summary: "Only if the key has this value",
};

/** How fresh an answer must be. */
export const CONSISTENCY: Flag = {
  name: "consistency",
  value: "LEVEL",
  summary: "linearizable or stale (linearizable)",
};

/** The commands of one key. */
export const configCommands: readonly Command[] = [
  {
    noun: "config",
    verb: "get",
    summary: "Print one key's value",
    words: "KEY",
    wordsMin: 1,
    wordsMax: 1,
    flags: [CONSISTENCY],
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
      {
        name: "if-absent",
        value: null,
        summary: "Only if the key does not exist",
      },
      IF_REVISION,
      IF_VALUE,
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
    flags: [IF_REVISION, IF_VALUE],
    examples: [
      "gmon config delete app/db",
      "gmon config delete app/lock --if-value host-7",
    ],
    run: remove,
  },
];

async function get(context: Context): Promise<number> {
  const key = wordAt(context.arguments, 0, "key");
  const consistency = consistencyFlag(context.arguments);
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
  const condition = conditionOf(context.arguments);
  const value = word === "-" ? text(await context.terminal.readInput()) : word;
  const revision = condition.value === undefined
    ? (await context.client().configPut(key, value, condition)).revision
    : await whenValueIs(context, key, condition.value, [
      { op: "put", key, value },
    ]);
  await printSingle(context.terminal, context.output, {
    kind: "ConfigWritten",
    item: { key, revision },
    name: key,
    text: () => `${key} set at revision ${revision}\n`,
  });
  return EXIT.success;
}

async function remove(context: Context): Promise<number> {
  const key = wordAt(context.arguments, 0, "key");
  const condition = conditionOf(context.arguments);
  const revision = condition.value === undefined
    ? await context.client().configDelete(key, condition)
    : await whenValueIs(context, key, condition.value, [{ op: "delete", key }]);
  await printSingle(context.terminal, context.output, {
    kind: "ConfigWritten",
    item: { key, revision },
    name: key,
    text: () => `${key} deleted at revision ${revision}\n`,
  });
  return EXIT.success;
}

interface Condition {
  readonly ifAbsent: boolean;
  readonly ifMatch: number | undefined;
  readonly value: string | undefined;
}

/** What a write demands; throws Problem `usage` for two demands at once. */
function conditionOf(given: Arguments): Condition {
  const flags = ["if-absent", "if-revision", "if-value"]
    .filter((name) => given.given.includes(name));
  if (flags.length > 1) {
    throw usage(
      `--${flags[0]} and --${flags[1]} contradict one another`,
      "give one of them, or use gmon config transaction",
    );
  }
  return {
    ifAbsent: given.isSet("if-absent"),
    ifMatch: countFlag(given, "if-revision"),
    value: given.value("if-value"),
  };
}

/** Carries out operations only if the key has the value; answers their revision. */
async function whenValueIs(
  context: Context,
  key: string,
  value: string,
  operations: TransactionRequest["then"],
): Promise<number> {
  const { succeeded, revision, results } = await context.client()
    .configTransaction({
      compare: [{ test: "value", key, value }],
      then: operations,
      else: [{ op: "get", key }],
    });
  if (succeeded) return revision;
  const found = results[0]?.op === "get" ? results[0].entry : null;
  throw new Problem(
    "precondition-failed",
    found === null
      ? `the key ${key} does not exist`
      : `the key ${key} has another value, since revision ${found.revision}`,
    "read it again and decide anew",
    { revision: found?.revision ?? 0 },
  );
}
