/** `gmon operation list|info`, and waiting for an operation that a command began. */

import type { OperationView } from "../../api/mod.ts";
import { Problem } from "../../base/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { ageOf } from "../humanise.ts";
import { printListing, printSingle } from "../output.ts";
import { type Column, factsOf } from "../table.ts";
import { wordAt } from "../words.ts";

/** One long poll of a waiting command. */
const POLL_MS = 5_000;

/** The commands of the noun. */
export const operationCommands: readonly Command[] = [
  {
    noun: "operation",
    verb: "list",
    summary: "List the operations that run, and the last that ended",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [],
    examples: ["gmon operation list", "gmon operation list -o jsonl"],
    run: list,
  },
  {
    noun: "operation",
    verb: "info",
    summary: "Show one operation with its steps",
    words: "ID",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: [
      "gmon operation info 5f0c2a9e-1111-4222-8333-444455556666",
      "gmon operation info $(gmon operation list -o name | tail -1)",
    ],
    run: info,
  },
];

async function list(context: Context): Promise<number> {
  const { items } = await context.client().operations();
  const nowMs = context.clock.wallMs();
  const sorted = [...items].sort((a, b) =>
    a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0
  );
  const columns: Column<OperationView>[] = [
    { header: "ID", cell: (operation) => operation.id },
    { header: "KIND", cell: (operation) => operation.kind },
    { header: "VOLUME", cell: (operation) => operation.volume },
    { header: "STATE", cell: (operation) => operation.state },
    { header: "STEPS", cell: stepsOf },
    {
      header: "STARTED",
      cell: (operation) => ageOf(operation.startedAt, nowMs),
    },
    {
      header: "PROBLEMS",
      wide: true,
      cell: (operation) => operation.problems.join("; "),
    },
  ];
  await printListing(context.terminal, context.output, {
    kind: "Operation",
    items: sorted,
    columns,
    name: (operation) => operation.id,
  });
  return EXIT.success;
}

async function info(context: Context): Promise<number> {
  const id = wordAt(context.arguments, 0, "operation");
  const operation = await context.client().operation(id);
  const nowMs = context.clock.wallMs();
  await printSingle(context.terminal, context.output, {
    kind: "Operation",
    item: operation,
    name: operation.id,
    text: () =>
      factsOf([
        ["ID", operation.id],
        ["Kind", operation.kind],
        ["Volume", operation.volume],
        ["State", operation.state],
        ["Started", `${ageOf(operation.startedAt, nowMs)} ago`],
        ...operation.steps.map((step, at) =>
          [
            `Step ${at + 1}`,
            `${step.name}: ${step.done ? "done" : "not yet"}`,
          ] as const
        ),
        ...operation.problems.map((problem, at) =>
          [`Problem ${at + 1}`, problem] as const
        ),
      ]),
  });
  return EXIT.success;
}

/**
 * Waits until the operation has ended, at most the run's timeout. Throws
 * Problem `brick-preparation-failed` or `operation-failed` with the reasons,
 * or `timeout` when it still runs.
 */
export async function followOperation(
  context: Context,
  begun: OperationView,
): Promise<OperationView> {
  const { clock, settings } = context;
  const deadlineMs = clock.nowMs() + settings.timeoutMs;
  let operation = begun;
  while (operation.state === "running" || operation.state === "undoing") {
    const remainingMs = Math.ceil(deadlineMs - clock.nowMs());
    if (remainingMs <= 0) throw stillRuns(operation);
    operation = await context.client().operation(
      operation.id,
      Math.min(POLL_MS, remainingMs),
    );
  }
  if (operation.state === "failed") throw failed(operation);
  return operation;
}

function stepsOf(operation: OperationView): string {
  const done = operation.steps.filter((step) => step.done).length;
  return `${done}/${operation.steps.length}`;
}

function failed(operation: OperationView): Problem {
  const reasons = operation.problems.join("; ") || "no reason is known";
  const isCreation = operation.kind === "volume-create";
  return new Problem(
    isCreation ? "brick-preparation-failed" : "operation-failed",
    isCreation
      ? `volume ${operation.volume} was not created: ${reasons}`
      : `${operation.kind} of ${operation.volume} failed: ${reasons}`,
    // Its last step is the cleaning up.
    operation.steps.at(-1)?.done === true
      ? "put that right and try again; nothing was left behind"
      : "put that right and try again",
    { operation: operation.id },
  );
}

function stillRuns(operation: OperationView): Problem {
  return new Problem(
    "timeout",
    `${operation.kind} of ${operation.volume} still runs`,
    `see gmon operation info ${operation.id}`,
    { operation: operation.id },
  );
}
