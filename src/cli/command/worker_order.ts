/** `gmon worker drain|undrain|label|remove`: what operators order of storage servers. */

import type { Client, WorkerImpact, WorkerView } from "../../api/mod.ts";
import { Problem } from "../../base/mod.ts";
import { usage } from "../arguments.ts";
import type { Command, Context, Flag } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { EXIT } from "../exit_code.ts";
import { printSingle } from "../output.ts";
import { labelOf, labelText, wordAt } from "../words.ts";

const DRY_RUN: Flag = {
  name: "dry-run",
  value: null,
  summary: "Only say what would be lost: exits with 10, or as if refused",
};

/** How often the roles of a worker that drains are looked at. */
const POLL_MS = 200;
/** How many of those who could take a role are named. */
const TAKERS_MAX = 3;

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
      DRY_RUN,
    ],
    examples: ["gmon worker drain w1 --dry-run", "gmon worker drain w1"],
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
      DRY_RUN,
    ],
    examples: ["gmon worker remove w9", "gmon worker remove w9 --dead --yes"],
    run: remove,
  },
];

async function drain(context: Context): Promise<number> {
  const given = context.arguments;
  const name = wordAt(given, 0, "worker");
  const client = context.client();
  const force = given.isSet("force");
  if (given.isSet("dry-run")) {
    return await rehearse(context, name, async () => {
      const options = { force, dryRun: true };
      const { worker } = await client.drainWorker(name, options);
      return !worker.draining;
    });
  }
  const drained = await client.drainWorker(name, { force });
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

/** Where its roles may go, a line each. */
function rolesText({ roles }: WorkerImpact): string {
  if (roles.length === 0) return "it holds no role\n";
  const lines = roles.map((role) => {
    const { takers } = role;
    const named = takers.slice(0, TAKERS_MAX).join(", ");
    const more = takers.length - TAKERS_MAX;
    return `  ${nameOf(role)}: ${
      takers.length === 0
        ? "nobody else can take it"
        : `goes to ${takers.length === 1 ? "" : "one of "}${named}${
          more > 0 ? ` and ${more} more` : ""
        }`
    }\n`;
  });
  return `its roles:\n${lines.join("")}`;
}

/**
 * Prints what a change would mean, which is not made: `attempt` asks whether it would be one, or rejects
 * with why it is refused, and so does this after the report.
 */
async function rehearse(
  context: Context,
  name: string,
  attempt: () => Promise<boolean>,
): Promise<number> {
  let refusal: Problem | null = null;
  let isChange = false;
  try {
    isChange = await attempt();
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== "refused") throw error;
    refusal = error;
  }
  const impact = await context.client().workerImpact(name);
  const text = await lossText(impact) + rolesText(impact);
  await printSingle(context.terminal, context.output, {
    kind: "WorkerImpact",
    item: impact,
    name,
    text: () => text,
  });
  if (refusal !== null) throw refusal;
  await context.terminal.writeError("gmon: a dry run: nothing was changed\n");
  return isChange ? EXIT.differs : EXIT.success;
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
  const options = { dead: given.isSet("dead"), force: given.isSet("force") };
  const attempt = (): Promise<void> =>
    client.removeWorker(name, { ...options, dryRun: true });
  if (given.isSet("dry-run")) {
    return await rehearse(context, name, async () => {
      await attempt();
      return true;
    });
  }
  const worker = await client.worker(name);
  if (!given.isSet("yes")) {
    // Nobody shall type a name for what is refused anyway.
    await attempt();
    await confirm(
      context,
      name,
      `removing worker ${name} forgets it and its address`,
      await lossText(await client.workerImpact(name)),
    );
  }
  await client.removeWorker(name, options);
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
