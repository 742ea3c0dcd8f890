/** `gmon monitor add|remove|promote|transfer`: who belongs to the quorum, and who leads it. */

import type { Client, MonitorView } from "../../api/mod.ts";
import { PORTS, Problem } from "../../base/mod.ts";
import { isIpAddress } from "../addresses.ts";
import { type Arguments, usage } from "../arguments.ts";
import type { Command, Context, Flag } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { EXIT } from "../exit_code.ts";
import { printSingle } from "../output.ts";
import { wordAt } from "../words.ts";

/** How often a new monitor is looked at until it votes. */
const POLL_MS = 200;

const NO_WAIT: Flag = {
  name: "no-wait",
  value: null,
  summary: "Return as soon as it has begun",
};

/** The commands of the noun that change the quorum. */
export const monitorChangeCommands: readonly Command[] = [
  {
    noun: "monitor",
    verb: "add",
    summary: "Add a monitor that was started with --join",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [
      { name: "address", value: "IP", summary: "Where it waits" },
      {
        name: "learner",
        value: null,
        summary: "It gets everything, and has no vote",
      },
      {
        name: "replaces",
        value: "NAME",
        summary: "The monitor that goes once this one votes",
      },
      { name: "api-port", value: "PORT", summary: "Port of its API (24010)" },
      {
        name: "raft-port",
        value: "PORT",
        summary: "Port of its log (24011)",
      },
      NO_WAIT,
    ],
    examples: [
      "gmon monitor add m4 --address 10.0.0.4",
      "gmon monitor add m4 --address 10.0.0.4 --replaces m2",
    ],
    run: add,
  },
  {
    noun: "monitor",
    verb: "remove",
    summary: "Remove a monitor from the quorum",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: ["gmon monitor remove m4", "gmon monitor remove m4 --yes"],
    run: remove,
  },
  {
    noun: "monitor",
    verb: "promote",
    summary: "Make a learner a voter",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: ["gmon monitor promote m4", "gmon monitor promote m4 -o json"],
    run: promote,
  },
  {
    noun: "monitor",
    verb: "transfer",
    summary: "Hand the lead to another monitor",
    words: "[NAME]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [],
    examples: ["gmon monitor transfer", "gmon monitor transfer m2"],
    run: transfer,
  },
];

async function add(context: Context): Promise<number> {
  const given = context.arguments;
  const name = wordAt(given, 0, "monitor");
  const client = context.client();
  const replaces = given.value("replaces") ?? null;
  const learner = given.isSet("learner");
  const added = await client.addMonitor({
    name,
    address: addressOf(given),
    apiPort: portOf(given, "api-port", PORTS.api),
    raftPort: portOf(given, "raft-port", PORTS.raft),
    promote: !learner,
    replaces,
  });
  const waits = !learner && !given.isSet("no-wait");
  const monitor = waits
    ? await untilVoting(context, client, added, replaces)
    : added;
  await print(
    context,
    monitor,
    `monitor ${name} added, ${
      monitor.voter
        ? "a voter"
        : learner
        ? "a learner"
        : "and votes once it has caught up"
    }\n`,
  );
  return EXIT.success;
}

/** Waits until the monitor votes and whom it replaces is gone. */
async function untilVoting(
  { clock, settings }: Context,
  client: Client,
  added: MonitorView,
  replaces: string | null,
): Promise<MonitorView> {
  const deadlineMs = clock.nowMs() + settings.timeoutMs;
  const { name } = added;
  while (true) {
    const { items } = await client.monitors();
    const now = items.find((monitor) => monitor.name === name);
    if (now === undefined) {
      throw new Problem(
        "monitor-not-found",
        `monitor ${name} was added, and removed again by somebody else`,
        "see `gmon monitor list`",
      );
    }
    const isDone = replaces === null || replaces === name ||
      !items.some((monitor) => monitor.name === replaces);
    if (now.voter && isDone) return now;
    if (clock.nowMs() >= deadlineMs) throw late(name, now, replaces);
    await new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
  }
}

function late(
  name: string,
  now: MonitorView,
  replaces: string | null,
): Problem {
  return new Problem(
    "timeout",
    now.voter
      ? `monitor ${name} votes, and ${replaces} is not removed yet`
      : `monitor ${name} was added, and has not caught up yet`,
    "the leader goes on by itself; see `gmon monitor list`",
  );
}

async function remove(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "monitor");
  const client = context.client();
  const { items } = await client.monitors();
  const monitor = items.find((one) => one.name === name);
  if (monitor === undefined) throw unknownMonitor(name, items);
  await confirm(context, name, consequence(monitor, items));
  await client.removeMonitor(name);
  await print(context, monitor, `monitor ${name} removed\n`);
  return EXIT.success;
}

/** What is lost with a monitor. */
function consequence(
  { name, voter }: MonitorView,
  items: readonly MonitorView[],
): string {
  const data = "what it has on its disk is of no use any more";
  if (!voter) return `removing the learner ${name}: ${data}`;
  const voters = items.filter((monitor) => monitor.voter).length;
  const left = Math.max(0, voters - 1);
  return `removing monitor ${name} leaves ${left} ${
    left === 1 ? "voter" : "voters"
  }, of which ${borne(left)} may be lost (now ${
    borne(voters)
  } of ${voters}); ${data}`;
}

/** How many voters a quorum can do without. */
function borne(voters: number): string {
  const count = Math.max(0, Math.ceil(voters / 2) - 1);
  return count === 0 ? "none" : String(count);
}

async function promote(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "monitor");
  const monitor = await context.client().promoteMonitor(name);
  await print(context, monitor, `monitor ${name} votes\n`);
  return EXIT.success;
}

async function transfer(context: Context): Promise<number> {
  const to = context.arguments.words[0] ?? null;
  const leadership = await context.client().transferLead(to);
  await printSingle(context.terminal, context.output, {
    kind: "Leadership",
    item: leadership,
    name: leadership.leader,
    text: () => `monitor ${leadership.leader} leads\n`,
  });
  return EXIT.success;
}

async function print(
  context: Context,
  monitor: MonitorView,
  text: string,
): Promise<void> {
  await printSingle(context.terminal, context.output, {
    kind: "Monitor",
    item: monitor,
    name: monitor.name,
    text: () => text,
  });
}

/** A name that no monitor has. */
export function unknownMonitor(
  name: string,
  items: readonly MonitorView[],
): Problem {
  return new Problem(
    "monitor-not-found",
    `there is no monitor ${name} in the quorum`,
    `its monitors are ${items.map((monitor) => monitor.name).join(", ")}`,
  );
}

function addressOf(given: Arguments): string {
  const text = given.value("address");
  if (text === undefined) {
    throw usage(
      "gmon monitor add needs --address",
      "write the IP address that it was started with",
    );
  }
  if (isIpAddress(text)) return text;
  throw usage(
    `--address ${JSON.stringify(text)} is not an IP address`,
    "write the IP address that it was started with",
  );
}

/** A port out of a flag. Throws Problem `usage`. */
export function portOf(
  given: Arguments,
  flag: string,
  fallback: number,
): number {
  const text = given.value(flag);
  if (text === undefined) return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw usage(
    `--${flag} ${JSON.stringify(text)} is not a port`,
    "use a number from 1 to 65535",
  );
}
