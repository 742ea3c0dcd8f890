/** The command line: from words to an exit code. */

import { asProblem, type Problem } from "../base/mod.ts";
import { Client } from "../api/client.ts";
import type { Ports, Terminal } from "../platform/mod.ts";
import {
  type Arguments,
  parseArguments,
  usage,
  withoutWords,
} from "./arguments.ts";
import { type Command, GLOBAL_FLAGS, type LogLevel } from "./command.ts";
import { allFlags, findCommand, flagsFor } from "./command_table.ts";
import { showHelp } from "./command/help.ts";
import { showVersion } from "./command/version.ts";
import { EXIT, exitCodeOf } from "./exit_code.ts";
import { outputOptionsOf, readSettings } from "./settings.ts";
import { nearest } from "./suggestion.ts";

/** How the ports of this process are opened. */
export type OpenPorts = (
  options?: { readonly log?: { readonly level?: LogLevel } },
) => Ports;

/** Runs one command line; answers its exit code and never rejects. */
export async function run(
  terminal: Terminal,
  openPorts: OpenPorts,
): Promise<number> {
  try {
    return await runCommand(terminal, openPorts);
  } catch (error) {
    const problem = asProblem(error);
    await terminal.writeError(errorLine(problem));
    if (problem.kind === "internal" && terminal.environment("GMON_DEBUG")) {
      await terminal.writeError(`${(problem.cause as Error)?.stack ?? ""}\n`);
    }
    return exitCodeOf(problem.code);
  }
}

/** What happened, what to do, and the code: one line. */
export function errorLine(problem: Problem): string {
  return `gmon: ${problem.line} [${problem.code}]\n`
    .replace(/[\r\n]+(?=.)/gs, " ");
}

async function runCommand(
  terminal: Terminal,
  openPorts: OpenPorts,
): Promise<number> {
  const all = parseArguments(terminal.words, allFlags(), flagsFor);
  if (all.isSet("version")) {
    const format = "table" as const;
    return await showVersion({ terminal, output: { format, headers: true } });
  }
  const wantsHelp = all.isSet("help") ||
    (all.words.length === 0 && all.given.length === 0);
  if (wantsHelp) return await showHelp(terminal, all.words);
  const command = findCommand(all.words);
  const given = withoutWords(all, command.verb === null ? 1 : 2);
  checkFlags(command, given);
  checkWords(command, given);

  const ports = openPorts();
  const settings = await readSettings(given, terminal, ports.disk);
  // One client for the whole command: it remembers which monitor answers.
  let shared: Client | null = null;
  const clientFor = (
    timeoutMs: number,
    addresses = settings.addresses,
  ): Client =>
    new Client({
      fetch: (request) => ports.http.fetch(request),
      clock: ports.clock,
      random: ports.random,
      addresses,
      timeoutMs,
    });
  return await command.run({
    terminal,
    arguments: given,
    settings,
    output: outputOptionsOf(given, terminal, settings.file),
    clock: ports.clock,
    openPorts: (options) => openPorts(options),
    client: (patienceMs) =>
      patienceMs === undefined
        ? shared ??= clientFor(settings.timeoutMs)
        : clientFor(Math.min(settings.timeoutMs, patienceMs)),
    clientAt: (addresses) => clientFor(settings.timeoutMs, addresses),
  });
}

/** A flag of another command is as wrong as one that does not exist. */
function checkFlags(command: Command, given: Arguments): void {
  const known = [...command.flags, ...GLOBAL_FLAGS].map((flag) => flag.name);
  for (const name of given.given) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw usage(
      `gmon ${headOf(command)} has no flag --${name}`,
      near === null
        ? `see gmon ${headOf(command)} --help`
        : `did you mean --${near}?`,
    );
  }
}

function checkWords(command: Command, given: Arguments): void {
  const count = given.words.length;
  const head = headOf(command);
  if (count < command.wordsMin) {
    throw usage(
      `gmon ${head} needs ${command.words}`,
      `see gmon ${head} --help`,
    );
  }
  if (count <= command.wordsMax) return;
  throw usage(
    `${
      JSON.stringify(given.words[command.wordsMax])
    } is not expected after gmon ${head}`,
    command.words === ""
      ? `see gmon ${head} --help`
      : `the words are ${command.words}`,
  );
}

function headOf(command: Command): string {
  return command.verb === null
    ? command.noun
    : `${command.noun} ${command.verb}`;
}

export { EXIT };
