/** Starting a daemon from the command line: its options gathered and checked before anything is touched. */

import { PORTS, Problem } from "../base/mod.ts";
import {
  type Daemon,
  type MonitorOptions,
  startDev,
  startMonitor,
  startWorker,
} from "../daemon/mod.ts";
import type { Ports } from "../platform/mod.ts";
import {
  checkLabels,
  checkMonitorName,
  checkWorkerName,
  checkZoneName,
} from "../planner/mod.ts";
import { absolutePath } from "./paths.ts";
import { isIpAddress, parseAddress } from "./addresses.ts";
import { usage } from "./arguments.ts";
import type { Context, LogLevel } from "./command.ts";
import { liveAsDaemon } from "./daemon_life.ts";
import { quorumOf } from "./quorum_words.ts";
import type { Setting } from "./settings.ts";
import { labelOf } from "./words.ts";

type Section = "monitor" | "worker" | "dev";

/** `gmon monitor`. */
export async function runMonitor(context: Context): Promise<number> {
  const { name } = nameOf(context, "monitor", checkMonitorName);
  const address = ipOf(context, "monitor", null);
  const { monitors, join, learner, replaces } = companyOf(context);
  const self = monitors.find((monitor) => monitor.name === name);
  if (join.length === 0 && self?.address !== address) {
    throw usage(
      self === undefined
        ? `monitor ${name} is not in its own list of monitors`
        : `monitor ${name} is at ${self.address} in the list of monitors, and at ${address} by --address`,
      `put ${name}=${address} in the list: it is the same on all monitors`,
    );
  }
  const dataDirectory = pathOf(context, "monitor", "data") ??
    "/var/lib/gmon/monitor";
  const leaseReads = isOn(context, "monitor", "lease-reads");
  const apiPort = portOf(context, "monitor", "api-port", PORTS.api);
  const raftPort = portOf(context, "monitor", "raft-port", PORTS.raft);
  return await serve(context, (ports) =>
    startMonitor(ports, {
      name,
      address,
      dataDirectory,
      monitors,
      join,
      learner,
      replaces,
      leaseReads,
      apiPort,
      raftPort,
      gossipKeyFile: pathOf(context, "monitor", "gossip-key-file"),
    }));
}

/** The founders, or APIs of those whom a new monitor joins, and as what. */
function companyOf(
  context: Context,
):
  & Pick<MonitorOptions, "monitors">
  & Required<
    Pick<MonitorOptions, "join" | "learner" | "replaces">
  > {
  const join = context.settings.find("monitor", "join");
  const list = context.settings.find("monitor", "monitors");
  const learner = isOn(context, "monitor", "learner");
  const replaced = context.settings.find("monitor", "replaces");
  if (join !== null && list !== null) {
    throw usage(
      `${join.origin} and ${list.origin} are both given`,
      "a founder has --monitors, and a monitor that came later --join",
    );
  }
  if (join !== null) {
    const addresses = join.text.split(",").map((part) =>
      parseAddress(part.trim(), PORTS.api, join.origin)
    );
    const replaces = replaced?.text ?? null;
    if (replaces !== null) checkMonitorName(replaces);
    return { monitors: [], join: addresses, learner, replaces };
  }
  if (learner || replaced !== null) {
    throw usage(
      `${replaced?.origin ?? "--learner"} is for a monitor that joins`,
      "give --join with it, or leave it out",
    );
  }
  if (list !== null) {
    return { monitors: quorumOf(list), join: [], learner, replaces: null };
  }
  throw usage(
    "gmon monitor needs --monitors, or --join for one that comes later",
    "see gmon monitor --help",
  );
}

/** `gmon worker`. */
export async function runWorker(context: Context): Promise<number> {
  const { name } = nameOf(context, "worker", checkWorkerName);
  const address = ipOf(context, "worker", null);
  const list = required(context, "worker", "monitors");
  const monitors = list.text.split(",").map((part) =>
    parseAddress(part.trim(), PORTS.api, list.origin)
  );
  const zone = textOf(context, "worker", "zone") ?? "";
  checkZoneName(zone);
  const labels = labelsOf(context);
  const options = {
    name,
    address,
    monitors,
    dataDirectory: pathOf(context, "worker", "data") ??
      "/var/lib/gmon/worker",
    zone,
    labels,
    swimPort: portOf(context, "worker", "swim-port", PORTS.swim),
    volfilePort: portOf(context, "worker", "volfile-port", PORTS.volfile),
    brickPorts: brickPortsOf(context, "worker"),
    runDirectory: pathOf(context, "worker", "run-dir") ?? "/run/gmon",
    logDirectory: pathOf(context, "worker", "log-dir") ?? "/var/log/gmon",
    gossipKeyFile: pathOf(context, "worker", "gossip-key-file"),
  };
  return await serve(context, (ports) => startWorker(ports, options));
}

/** `gmon dev`. */
export async function runDev(context: Context): Promise<number> {
  const options = {
    address: ipOf(context, "dev", "127.0.0.1"),
    dataDirectory: pathOf(context, "dev", "data") ??
      defaultDevDirectory(context),
    apiPort: portOf(context, "dev", "api-port", PORTS.api),
    raftPort: portOf(context, "dev", "raft-port", PORTS.raft),
    swimPort: portOf(context, "dev", "swim-port", PORTS.swim),
    volfilePort: portOf(context, "dev", "volfile-port", PORTS.volfile),
    brickPorts: brickPortsOf(context, "dev"),
  };
  return await serve(context, (ports) => startDev(ports, options));
}

function serve(
  context: Context,
  start: (ports: Ports) => Promise<Daemon>,
): Promise<number> {
  const level = logLevelOf(context);
  const ports = context.openPorts({ log: { level } });
  return liveAsDaemon(context.terminal, ports.clock, () => start(ports));
}

function logLevelOf(context: Context): LogLevel {
  const text = context.terminal.environment("GMON_LOG_LEVEL") ||
    context.settings.file.logLevel || "info";
  const levels: readonly string[] = ["debug", "info", "warn", "error"];
  if (levels.includes(text)) return text as LogLevel;
  throw usage(
    `GMON_LOG_LEVEL ${JSON.stringify(text)} is not a level`,
    `use ${levels.join(", ")}`,
  );
}

function nameOf(
  context: Context,
  section: Section,
  check: (name: string) => void,
): { name: string } {
  const { text: name } = required(context, section, "name");
  check(name);
  return { name };
}

function ipOf(
  context: Context,
  section: Section,
  fallback: string | null,
): string {
  const setting = context.settings.find(section, "address");
  if (setting === null && fallback !== null) return fallback;
  const { text, origin } = setting ?? required(context, section, "address");
  if (isIpAddress(text)) return text;
  throw usage(
    `${origin} ${JSON.stringify(text)} is not an IP address`,
    "write the address on which others reach this host",
  );
}

/** A switch, which a variable turns on with 1 and the configuration file with true. */
function isOn(context: Context, section: Section, flag: string): boolean {
  const setting = context.settings.find(section, flag);
  if (setting === null) return false;
  if (["1", "true"].includes(setting.text)) return true;
  if (["0", "false"].includes(setting.text)) return false;
  throw usage(
    `${setting.origin} ${JSON.stringify(setting.text)} is neither on nor off`,
    "write 1 or 0",
  );
}

function portOf(
  context: Context,
  section: Section,
  flag: string,
  fallback: number,
): number {
  const setting = context.settings.find(section, flag);
  if (setting === null) return fallback;
  return checkedPort(setting.text, setting.origin);
}

function brickPortsOf(
  context: Context,
  section: Section,
): { first: number; last: number } {
  const setting = context.settings.find(section, "brick-ports");
  if (setting === null) {
    return { first: PORTS.brickFirst, last: PORTS.brickLast };
  }
  const [first, last, ...rest] = setting.text.split("-");
  if (first && last && rest.length === 0) {
    const range = {
      first: checkedPort(first, setting.origin),
      last: checkedPort(last, setting.origin),
    };
    if (range.first <= range.last) return range;
  }
  throw usage(
    `${setting.origin} ${JSON.stringify(setting.text)} is not a range of ports`,
    "write FIRST-LAST, e.g. 49152-60999",
  );
}

function checkedPort(text: string, origin: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw usage(
    `${origin} ${JSON.stringify(text)} is not a port`,
    "use a number from 1 to 65535",
  );
}

function textOf(
  context: Context,
  section: Section,
  flag: string,
): string | null {
  return context.settings.find(section, flag)?.text ?? null;
}

function required(context: Context, section: Section, flag: string): Setting {
  const setting = context.settings.find(section, flag);
  if (setting !== null) return setting;
  throw usage(
    `gmon ${section} needs --${flag}`,
    `see gmon ${section} --help`,
  );
}

/** Of `KEY=VALUE,…`. Throws Problem `usage` or `invalid-name`. */
function labelsOf(context: Context): Record<string, string> {
  const setting = context.settings.find("worker", "labels");
  const parts = setting?.text.split(",").filter((part) => part !== "") ?? [];
  const labels = Object.fromEntries(
    parts.map((part) => labelOf(part, setting!.origin)),
  );
  checkLabels(labels);
  return labels;
}

/** Absolute, since the bricks' processes start in another directory. */
function pathOf(
  context: Context,
  section: Section,
  flag: string,
): string | null {
  const text = textOf(context, section, flag);
  return text === null ? null : absolutePath(text, context.terminal.directory);
}

function defaultDevDirectory(context: Context): string {
  const { terminal } = context;
  const home = terminal.environment("HOME");
  const base = terminal.environment("XDG_DATA_HOME") ||
    (home ? `${home}/.local/share` : null);
  if (base !== null) return `${base}/gmon/dev`;
  throw new Problem(
    "usage",
    "gmon dev does not know where to keep its data: HOME is not set",
    "name a directory with --data",
  );
}
