/** Every command: help, completion and parsing are made from this table. */

import { type Command, type Flag, GLOBAL_FLAGS } from "./command.ts";
import { backupCommands } from "./command/backup.ts";
import { completionCommands } from "./command/completion.ts";
import { configCommands } from "./command/config.ts";
import { configRangeCommands } from "./command/config_range.ts";
import { configTransactionCommands } from "./command/config_transaction.ts";
import { daemonCommands } from "./command/daemon.ts";
import { eventCommands } from "./command/event.ts";
import { helpCommands } from "./command/help.ts";
import { monitorCommands } from "./command/monitor.ts";
import { monitorChangeCommands } from "./command/monitor_change.ts";
import { monitorRepairCommands } from "./command/monitor_repair.ts";
import { operationCommands } from "./command/operation.ts";
import { roleCommands } from "./command/role.ts";
import { roleOrderCommands } from "./command/role_order.ts";
import { statusCommands } from "./command/status.ts";
import { versionCommands } from "./command/version.ts";
import { volumeCommands } from "./command/volume.ts";
import { volumeCareCommands } from "./command/volume_care.ts";
import { volumeViewCommands } from "./command/volume_view.ts";
import { workerCommands } from "./command/worker.ts";
import { workerOrderCommands } from "./command/worker_order.ts";
import { usage } from "./arguments.ts";
import { nearest } from "./suggestion.ts";

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  ...statusCommands,
  ...volumeCommands,
  ...volumeViewCommands,
  ...volumeCareCommands,
  ...workerCommands,
  ...workerOrderCommands,
  ...eventCommands,
  ...monitorCommands,
  ...monitorChangeCommands,
  ...monitorRepairCommands,
  ...roleCommands,
  ...roleOrderCommands,
  ...operationCommands,
  ...configCommands,
  ...configRangeCommands,
  ...configTransactionCommands,
  ...backupCommands,
  ...daemonCommands,
  ...versionCommands,
  ...helpCommands,
  ...completionCommands,
];

/** Every flag there is, each once. A name means the same arity everywhere. */
export function allFlags(): Flag[] {
  return flagsOf(COMMANDS);
}

/** The flags of the command that the words begin with; of all that it may be, when that is open. */
export function flagsFor([noun, verb]: readonly string[]): Flag[] {
  const group = COMMANDS.filter((command) => command.noun === noun);
  const found = group.find((command) => command.verb === verb) ??
    group.find((command) => command.verb === null);
  if (found !== undefined) return flagsOf([found]);
  return flagsOf(group.length > 0 ? group : COMMANDS);
}

function flagsOf(commands: readonly Command[]): Flag[] {
  const flags = new Map<string, Flag>();
  for (const flag of GLOBAL_FLAGS) flags.set(flag.name, flag);
  for (const command of commands) {
    for (const flag of command.flags) flags.set(flag.name, flag);
  }
  return [...flags.values()];
}

/** The nouns and top-level commands, each once, in order. */
export function nouns(): string[] {
  return [...new Set(COMMANDS.map((command) => command.noun))];
}

/** The verbs of a noun. */
export function verbsOf(noun: string): string[] {
  return COMMANDS.filter((command) => command.noun === noun)
    .flatMap((command) => command.verb === null ? [] : [command.verb]);
}

/**
 * The command that the words begin with. `gmon monitor` with a verb is a
 * client's command, without one the daemon. Throws Problem `usage`.
 */
export function findCommand(words: readonly string[]): Command {
  const [noun, verb] = words;
  const known = nouns();
  if (noun === undefined || !known.includes(noun)) {
    const near = nearest(noun ?? "", known);
    throw usage(
      `there is no command ${noun ?? ""}`,
      near === null ? "see `gmon help`" : `did you mean gmon ${near}?`,
    );
  }
  const group = COMMANDS.filter((command) => command.noun === noun);
  const found = group.find((command) => command.verb === verb) ??
    group.find((command) =>
      command.verb === null && (verb === undefined || command.wordsMax > 0)
    );
  if (found !== undefined) return found;
  const verbs = verbsOf(noun);
  if (verb === undefined) {
    throw usage(`gmon ${noun} needs a verb`, `use one of ${verbs.join(", ")}`);
  }
  if (verbs.length === 0) {
    throw usage(
      `gmon ${noun} takes no words, and there is ${JSON.stringify(verb)}`,
      `see gmon ${noun} --help`,
    );
  }
  const near = nearest(verb, verbs);
  throw usage(
    `gmon ${noun} has no verb ${verb}`,
    near === null
      ? `use one of ${verbs.join(", ")}`
      : `did you mean gmon ${noun} ${near}?`,
  );
}
