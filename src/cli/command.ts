/** What a command is: the table of these is what help, completion and parsing are made from. */

import type { Client } from "../api/mod.ts";
import type { Address, Clock, Ports, Terminal } from "../platform/mod.ts";
import type { Arguments } from "./arguments.ts";
import type { OutputOptions } from "./output.ts";
import type { Settings } from "./settings.ts";

/** One long option. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What stands for its value in help; null for a switch. */
  readonly value: string | null;
  readonly summary: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
}

/** One command: `gmon NOUN VERB`, or `gmon NOUN` where `verb` is null. */
export interface Command {
  readonly noun: string;
  readonly verb: string | null;
  readonly summary: string;
  /** The positional words, as help shows them. */
  readonly words: string;
  /** How many positional words it takes. */
  readonly wordsMin: number;
  readonly wordsMax: number;
  readonly flags: readonly Flag[];
  readonly examples: readonly [string, string];
  /** Answers the exit code; throws Problems. */
  run(context: Context): Promise<number>;
}

/** What a command may use. */
export interface Context {
  readonly terminal: Terminal;
  readonly arguments: Arguments;
  readonly settings: Settings;
  readonly output: OutputOptions;
  /** For waiting and for ages. */
  readonly clock: Clock;
  /** `patienceMs`: how long to try, if that is less than the run's timeout. */
  client(patienceMs?: number): Client;
  /** A client of other monitors than the settings name. */
  clientAt(addresses: readonly Address[]): Client;
  openPorts(options?: { log?: { level?: LogLevel } }): Ports;
}

/** How chatty a daemon's log is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The flags that every command takes. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  {
    name: "addr",
    value: "HOST[:PORT],…",
    summary: "API addresses of monitors (GMON_ADDR; 127.0.0.1:24010)",
    repeatable: true,
  },
  {
    name: "timeout",
    value: "DURATION",
    summary: "How long to try, e.g. 500ms, 30s, 2m (GMON_TIMEOUT; 30s)",
  },
  {
    name: "output",
    short: "o",
    value: "FORMAT",
    summary: "table, wide, json, jsonl or name (GMON_OUTPUT; table)",
  },
  { name: "no-headers", value: null, summary: "Leave out a table's headers" },
  {
    name: "yes",
    short: "y",
    value: null,
    summary: "Do not ask before something dangerous",
  },
  {
    name: "config",
    value: "FILE",
    summary: "The configuration file (GMON_CONFIG; /etc/gmon/gmon.json)",
  },
  { name: "help", short: "h", value: null, summary: "Show help" },
  { name: "version", short: "V", value: null, summary: "Show the version" },
];
