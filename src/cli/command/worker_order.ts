/** `gmon worker drain|undrain|label|remove`: what operators order of storage servers. */

import type { Client, WorkerImpact, WorkerView } from "../../api/mod.ts";
import { Problem } from "../../base/mod.ts";
import { usage } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { EXIT } from "../exit_code.ts";
import { printSingle } from "../output.ts";
import { labelOf, labelText, wordAt } from "../words.ts";

/** How often the roles of a worker that drains are looked at. */
const POLL_MS = 200;

/** The commands of the noun that change something. */
export const workerOrderCommands: readonly Command[] = [
  {
    noun: "worker",
    verb: "drain",
    summary: "Pass a worker's roles on, and give it nothing new",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [
      {
        name: "force",
        value: null,
        summary: "Although a volume would stop serving without it",
      },
      {
        name: "no-wait",
        value: null,
        summary: "Return as soon as it has begun",
      },
    ],
    examples: ["gmon worker drain w1", "gmon worker drain w1 --no-wait"],
    run: drain,
  },
  {
    noun: "worker",
    verb: "undrain",
    summary: "Let a worker have roles and bricks again",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: ["gmon worker undrain w1", "gmon worker undrain w1 -o json"],
    run: undrain,
  },
  {
    noun: "worker",
    verb: "label",
    summary: "Set labels with KEY=VALUE, remove them with KEY-",
    words: "NAME KEY=VALUE|KEY- …",
    wordsMin: 2,
    wordsMax: 33,
    flags: [],
    examples: [
      "gmon worker label w1 rack=r7 disk=ssd",
      "gmon worker label w1 rack-",
    ],
    run: label,
  },
  {
    noun: "worker",
    verb: "remove",
    summary: "Forget a worker that left, or that died for good",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [
      {
        name: "dead",
        value: null,
        summary: "It died, and will not come back",
      },
      {
        name: "force",
        value: null,
        summary: "Although bricks are on it: their volumes stay without them",
      },
    ],
    examples: ["gmon worker remove w9", "gmon worker remove w9 --dead --yes"],
    run: remove,
  },
];

async function drain(context: Context): Promise<number> {
  const given = context.arguments;
  const name = wordAt(given, 0, "worker");
  const client = context.client();
  const drained = await client.drainWorker(name, given.isSet("force"));
  const kept = given.isSet("no-wait")
    ? null
    : await untilFree(context, client, name);
  const text = `worker ${name} drains: ${freedomText(kept)}\n${await lossText(
    drained.impact,
  )}`;
  await printSingle(context.terminal, context.output, {
    kind: "WorkerDrained",
    item: drained,
    name,
    text: () => text,
  });
  return EXIT.success;
}

/** Waits until it holds no role that another could; answers those that it keeps. */
async function untilFree(
  { clock, settings }: Context,
  client: Client,
  name: string,
): Promise<string[]> {
  const deadlineMs = clock.nowMs() + settings.timeoutMs;
  while (true) {
    const [{ items: roles }, { items: workers }] = await Promise.all([
      client.roles(),
      client.workers(),
    ]);
    const fit = new Set(workers.filter(isFit).map((worker) => worker.name));
    const held = roles.filter(({ holder, waitsFor }) =>
      holder === name || waitsFor === name
    );
    const going = held.filter(({ waitsFor, candidates }) =>
      waitsFor === name || candidates.some((one) => fit.has(one))
    );
    if (going.length === 0) return held.map(nameOf);
    if (clock.nowMs() >= deadlineMs) {
      throw new Problem(
        "timeout",
        `worker ${name} drains, and still has ${going.map(nameOf).join(", ")}`,
        "the leader goes on by itself; see `gmon role list`",
      );
    }
    await new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
  }
}

function isFit({ verdict, draining, flapping }: WorkerView): boolean {
  return verdict === "alive" && !draining && !flapping;
}

function nameOf({ kind, scope }: { kind: string; scope: string }): string {
  return `${kind}/${scope}`;
}

function freedomText(kept: readonly string[] | null): string {
  if (kept === null) return "its roles go to others";
  return kept.length === 0
    ? "it holds no role any more"
    : `it keeps ${kept.join(", ")}, which nobody else can take`;
}

/** What would be lost if it went now. */
async function lossText({ volumes }: WorkerImpact): Promise<string> {
  if (volumes.length === 0) return "no volume has a brick on it\n";
  // Most commands come without the planner, and start the sooner.
  const { impactText } = await import("../../planner/mod.ts");
  const lines = volumes.map((volume) => `  ${impactText(volume)}\n`);
  return `without it:\n${lines.join("")}`;
}

async function undrain(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "worker");
  const worker = await context.client().undrainWorker(name);
  await print(context, worker, `worker ${name} takes roles and bricks again\n`);
  return EXIT.success;
}

async function label(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "worker");
  const words = context.arguments.words.slice(1);
  const isRemoval = (word: string): boolean =>
    word.endsWith("-") && !word.includes("=");
  const remove = words.filter(isRemoval).map((word) => word.slice(0, -1));
  const set = words.filter((word) => !isRemoval(word))
    .map((word) => labelOf(word, "the word"));
  const keys = [...set.map(([key]) => key), ...remove];
  if (new Set(keys).size !== keys.length) {
    throw usage("a label is named twice", "name each label once");
  }
  const worker = await context.client().labelWorker(name, {
    set: Object.fromEntries(set),
    remove,
  });
  const labels = labelText(worker.labels, " ");
  await print(context, worker, `worker ${name}: ${labels || "no labels"}\n`);
  return EXIT.success;
}

async function remove(context: Context): Promise<number> {
  const given = context.arguments;
  const name = wordAt(given, 0, "worker");
  const client = context.client();
  const worker = await client.worker(name);
  const loss = await lossText(await client.workerImpact(name));
  await confirm(
    context,
    name,
    `removing worker ${name} forgets it and its address; ${loss.trimEnd()}`,
  );
  await client.removeWorker(name, {
    dead: given.isSet("dead"),
    force: given.isSet("force"),
  });
  await print(context, worker, `worker ${name} removed\n`);
  return EXIT.success;
}

async function print(
  context: Context,
  worker: WorkerView,
  text: string,
): Promise<void> {
  await printSingle(context.terminal, context.output, {
    kind: "Worker",
    item: worker,
    name: worker.name,
    text: () => text,
  });
}
