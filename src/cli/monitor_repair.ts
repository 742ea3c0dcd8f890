/** The repair of monitors that do not run, from the command line. */

import type { Address } from "../platform/mod.ts";
import type { Client, MonitorView } from "../api/mod.ts";
import { PORTS, Problem, rfc3339 } from "../base/mod.ts";
import {
  openDamaged,
  openSurvivor,
  type Survey,
} from "../runtime/offline/mod.ts";
import { parseAddress } from "./addresses.ts";
import { usage } from "./arguments.ts";
import type { Context } from "./command.ts";
import { unknownMonitor } from "./command/monitor_change.ts";
import { confirm } from "./confirmation.ts";
import { EXIT } from "./exit_code.ts";
import { printSingle } from "./output.ts";
import { absolutePath } from "./paths.ts";

/** One that ended just now counts as alive for a moment: its lock is free, so it is not. */
const SILENCE_MS = 10_000;
const AGAIN_MS = 500;

/** `gmon monitor rebuild`. */
export async function rebuild(context: Context): Promise<number> {
  const name = required(context, "rebuild", "name");
  const dataDirectory = dataOf(context);
  const addresses = joinOf(context);
  const client = context.clientAt(addresses);
  // Also proves that the others have a leader and a majority.
  const { items } = await client.monitors();
  const self = items.find((monitor) => monitor.name === name);
  if (self === undefined) throw unknownMonitor(name, items);
  if (self.reachable) throw isAlive(self);
  const ports = context.openPorts();
  const date = rfc3339(context.clock.wallMs()).replace(/[:.]/g, "-");
  const damaged = await openDamaged(ports, { dataDirectory, name, date });
  try {
    await requireCluster(client, dataDirectory, damaged.clusterId);
    await confirm(
      context,
      name,
      `rebuilding monitor ${name} sets aside everything in ${dataDirectory}; it gets its data anew from the other monitors`,
    );
    const { path, incarnation } = await damaged.setAside();
    await replace(context, client, self, incarnation);
    await printSingle(context.terminal, context.output, {
      kind: "Rebuild",
      item: { name, dataDirectory, incarnation, setAside: path },
      name,
      text: () =>
        `monitor ${name} is to get its data from the others${
          path === "" ? "" : `; what it had is in ${path}`
        }\nstart it again as before\n`,
    });
  } finally {
    await damaged.release();
  }
  return EXIT.success;
}

async function replace(
  { clock }: Context,
  client: Client,
  { name, address, apiPort, raftPort }: MonitorView,
  incarnation: string,
): Promise<void> {
  const place = { name, address, apiPort, raftPort };
  const life = { incarnation, promote: true, replaces: null };
  const deadlineMs = clock.nowMs() + SILENCE_MS;
  while (true) {
    try {
      await client.addMonitor({ ...place, ...life });
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const isSoon = error.code === "name-in-use" &&
        clock.nowMs() < deadlineMs;
      if (!isSoon) throw notTakenIn(name, error);
    }
    await new Promise<void>((resolve) => void clock.after(AGAIN_MS, resolve));
  }
}

function notTakenIn(name: string, error: Problem): Problem {
  return new Problem(
    error.code,
    `monitor ${name} has set its data aside, and the others do not take it in yet: ${error.message}`,
    "put that right and repeat the command",
    error.details,
  );
}

function isAlive({ name, address, apiPort }: MonitorView): Problem {
  return new Problem(
    "name-in-use",
    `monitor ${name} answers at ${address}:${apiPort}: it is not to be rebuilt while it runs`,
    "stop it first, or name the damaged one",
  );
}

async function requireCluster(
  client: Client,
  directory: string,
  quorumId: string | null,
): Promise<void> {
  if (quorumId === null) return;
  const { clusterId } = await client.status();
  if (clusterId === null || quorumId.split("+")[0] === clusterId) return;
  throw new Problem(
    "cluster-mismatch",
    `the data directory ${directory} belongs to cluster ${quorumId}, but the monitors that were named are of cluster ${clusterId}`,
    "name monitors of its own cluster with --join",
  );
}

/** `gmon monitor recover`. */
export async function recover(context: Context): Promise<number> {
  const name = required(context, "recover", "name");
  const dataDirectory = dataOf(context);
  const survivor = await openSurvivor(context.openPorts(), {
    dataDirectory,
    name,
  });
  try {
    const { survey } = survivor;
    await context.terminal.writeError(risks(name, survey));
    await confirm(
      context,
      name,
      `recovering monitor ${name} makes it a quorum of its own`,
    );
    const { copy, revision } = await survivor.recover();
    await printSingle(context.terminal, context.output, {
      kind: "Recovery",
      item: { name, clusterId: survey.clusterId, revision, copy },
      name,
      text: () =>
        `monitor ${name} is the only voter of its cluster now, at revision ${revision}\n` +
        `what it had before is kept as a backup in ${copy}\n` +
        `start it, then add others that were started with empty directories and --join ${survey.self.address}\n`,
    });
  } finally {
    await survivor.release();
  }
  return EXIT.success;
}

/** Spelled out, as there is no way back once others have seen the new quorum. */
function risks(name: string, { revision, others }: Survey): string {
  const gone = others.length === 0 ? "no others" : others.join(", ");
  return [
    `monitor ${name} has everything up to revision ${revision}; given up: ${gone}.`,
    "Do this only when so many monitors are lost for good that no leader can be elected:",
    "- writes that were acknowledged and reached only the others are lost;",
    "- a write that was never acknowledged may count as done;",
    "- watchers, and workers, may have seen what never happened now; they are told to read anew;",
    "- none of the others may ever be started on its old data: empty its directory first, and use --join.",
    "",
  ].join("\n");
}

function joinOf(context: Context): Address[] {
  const text = required(context, "rebuild", "join");
  return text.split(",").map((part) =>
    parseAddress(part.trim(), PORTS.api, "--join")
  );
}

function dataOf(context: Context): string {
  const text = context.settings.find("monitor", "data")?.text ??
    "/var/lib/gmon/monitor";
  return absolutePath(text, context.terminal.directory);
}

function required(context: Context, verb: string, flag: string): string {
  const setting = context.settings.find("monitor", flag);
  if (setting !== null) return setting.text;
  throw usage(
    `gmon monitor ${verb} needs --${flag}`,
    `see gmon monitor ${verb} --help`,
  );
}
