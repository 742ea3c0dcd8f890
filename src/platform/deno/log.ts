/** Log lines on the standard error output: for people at a terminal, JSON for programs. */

import type { Log } from "../ports.ts";

/** From the chattiest on. */
const LEVELS = ["debug", "info", "warn", "error"] as const;

/** How grave a line is. */
export type LogLevel = typeof LEVELS[number];

/** One line for people, or one JSON object a line. */
export type LogFormat = "human" | "json";

/** What the log can be told. */
export interface LogOptions {
  /** Lines below it are dropped; `info` by default. */
  readonly level?: LogLevel;
  /** By default JSON when `GMON_LOG=json` or when nobody watches at a terminal. */
  readonly format?: LogFormat;
  /** Where lines go, each with its newline; standard error by default. */
  readonly print?: (line: string) => void;
}

/** The log of this process. */
export class DenoLog implements Log {
  readonly #least: number;
  readonly #format: LogFormat;
  readonly #print: (line: string) => void;

  constructor(options: LogOptions = {}) {
    this.#least = LEVELS.indexOf(options.level ?? "info");
    this.#format = options.format ?? defaultFormat();
    this.#print = options.print ?? printToStandardError;
  }

  write(
    level: LogLevel,
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    const time = new Date().toISOString();
    this.#print(
      this.#format === "json"
        ? jsonLine(time, level, message, fields)
        : humanLine(time, level, message, fields),
    );
  }
}

function jsonLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  const line = { time, level, message, ...fields };
  return `${JSON.stringify(line, plain)}\n`;
}

function humanLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  let line = `${time.slice(11, 23)} ${level.padEnd(5)} ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    const shown = plain(name, value);
    const bare = typeof shown === "string" && /^[^\s"=]+$/.test(shown);
    line += ` ${name}=${bare ? shown : JSON.stringify(shown, plain)}`;
  }
  // A line stays one line, whatever a message quotes.
  return `${line.replaceAll(/[\r\n]+/g, " ")}\n`;
}

/** What JSON cannot say, in words. */
function plain(_name: string, value: unknown): unknown {
  if (value instanceof Error) return value.message;
  if (value instanceof Uint8Array) return value.toHex();
  if (typeof value === "bigint") return value.toString();
  return value;
}

function defaultFormat(): LogFormat {
  const asked = Deno.env.get("GMON_LOG") === "json";
  return asked || !Deno.stderr.isTerminal() ? "json" : "human";
}

function printToStandardError(line: string): void {
  try {
    const bytes = new TextEncoder().encode(line);
    let written = 0;
    while (written < bytes.length) {
      written += Deno.stderr.writeSync(bytes.subarray(written));
    }
  } catch {
    // Nobody reads any more: a log must never stop what it tells about.
  }
}
