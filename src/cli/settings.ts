/** Where every setting comes from: flag, then environment, then configuration file, then default. */

import { PORTS } from "../base/mod.ts";
import type { Address, Disk, Terminal } from "../platform/mod.ts";
import { parseAddress } from "./addresses.ts";
import { type Arguments, usage } from "./arguments.ts";
import type { ConfigFile } from "./config_file.ts";
import { checkedDurationMs } from "./duration.ts";
import { formatOf, type OutputOptions } from "./output.ts";

/** Where the configuration file is, unless told otherwise. */
export const CONFIG_PATH = "/etc/gmon/gmon.json";

/** A value with its origin, for messages. */
export interface Setting {
  readonly text: string;
  readonly origin: string;
}

/** What holds for one run. */
export interface Settings {
  readonly addresses: readonly Address[];
  readonly timeoutMs: number;
  /** The configuration file's content; empty when there is none. */
  readonly file: ConfigFile;
  /** A setting of a daemon, by its flag's name; null when it is nowhere. */
  find(section: "monitor" | "worker" | "dev", flag: string): Setting | null;
}

/** Gathers the settings. Throws Problem `usage` or `invalid-config`. */
export async function readSettings(
  given: Arguments,
  terminal: Terminal,
  disk: Pick<Disk, "read">,
): Promise<Settings> {
  const named = given.value("config") ?? terminal.environment("GMON_CONFIG");
  const file = await readConfigFile(named, disk);
  const flagAddresses = given.list("addr");
  const addresses = flagAddresses.length > 0
    ? flagAddresses.map((text) => addressOf(text, "--addr"))
    : environmentAddresses(terminal) ??
      (file.addr ?? [`127.0.0.1:${PORTS.api}`]).map((text) =>
        addressOf(text, "addr of the configuration file")
      );
  return {
    addresses,
    timeoutMs: timeoutOf(given, terminal, file),
    file,
    find: (section, flag) => find(given, terminal, file, section, flag),
  };
}

/** How to print, by flag, environment, file or default. */
export function outputOptionsOf(
  given: Arguments,
  terminal: Terminal,
  file: ConfigFile,
): OutputOptions {
  const flag = given.value("output");
  const variable = terminal.environment("GMON_OUTPUT");
  const format = flag !== undefined
    ? formatOf(flag, "--output")
    : variable !== undefined && variable !== ""
    ? formatOf(variable, "GMON_OUTPUT")
    : file.output ?? "table";
  return { format, headers: !given.isSet("no-headers") };
}

function environmentAddresses(terminal: Terminal): Address[] | null {
  const text = terminal.environment("GMON_ADDR") ?? "";
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  return parts.length === 0
    ? null
    : parts.map((part) => addressOf(part, "GMON_ADDR"));
}

function addressOf(text: string, origin: string): Address {
  return parseAddress(text.trim(), PORTS.api, origin);
}

function timeoutOf(
  given: Arguments,
  terminal: Terminal,
  file: ConfigFile,
): number {
  const flag = given.value("timeout");
  if (flag !== undefined) return checkedDurationMs(flag, "--timeout");
  const variable = terminal.environment("GMON_TIMEOUT");
  if (variable) return checkedDurationMs(variable, "GMON_TIMEOUT");
  return checkedDurationMs(
    file.timeout ?? "30s",
    "timeout of the configuration file",
  );
}

function find(
  given: Arguments,
  terminal: Terminal,
  file: ConfigFile,
  section: "monitor" | "worker" | "dev",
  flag: string,
): Setting | null {
  const value = given.value(flag);
  if (value !== undefined) return { text: value, origin: `--${flag}` };
  const name = variableOf(flag);
  const variable = terminal.environment(name);
  if (variable) return { text: variable, origin: name };
  const key = flag.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
  const inFile = (file[section] as Record<string, unknown> | undefined)?.[key];
  if (inFile === undefined) return null;
  return {
    text: Array.isArray(inFile) ? inFile.join(",") : String(inFile),
    origin: `${section}.${key} of the configuration file`,
  };
}

/** `GMON_API_PORT` for `api-port`; the data directory's has a longer name by custom. */
function variableOf(flag: string): string {
  return flag === "data"
    ? "GMON_DATA_DIR"
    : `GMON_${flag.replaceAll("-", "_").toUpperCase()}`;
}

async function readConfigFile(
  named: string | undefined,
  disk: Pick<Disk, "read">,
): Promise<ConfigFile> {
  const path = named ?? CONFIG_PATH;
  const content = await disk.read(path);
  if (content !== null) {
    // Loaded only now: the schema library costs more than most commands take.
    const { parseConfigFile } = await import("./config_file.ts");
    return parseConfigFile(content, path);
  }
  if (named === undefined) return {};
  throw usage(
    `there is no configuration file ${path}`,
    "create it, or leave --config and GMON_CONFIG out",
  );
}
