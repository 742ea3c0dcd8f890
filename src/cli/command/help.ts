/** `gmon help [COMMAND]`. */

import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { commandHelp, groupHelp, overview } from "../help.ts";
import type { Terminal } from "../../platform/mod.ts";

/** The command. */
export const helpCommands: readonly Command[] = [
  {
    noun: "help",
    verb: null,
    summary: "Show help about gmon or one of its commands",
    words: "[NOUN [VERB]]",
    wordsMin: 0,
    wordsMax: 2,
    flags: [],
    examples: ["gmon help", "gmon help volume create"],
    run,
  },
];

async function run(context: Context): Promise<number> {
  return await showHelp(context.terminal, context.arguments.words);
}

/** Prints the help on what the words begin with; also what `--help` does. */
export async function showHelp(
  terminal: Terminal,
  words: readonly string[],
): Promise<number> {
  // Loaded late, as the table imports this file.
  const { COMMANDS, findCommand } = await import("../command_table.ts");
  const [noun, verb] = words;
  if (noun === undefined) {
    await terminal.write(overview(COMMANDS));
    return EXIT.success;
  }
  const group = COMMANDS.filter((command) => command.noun === noun);
  const text = verb === undefined && group.length > 1
    ? groupHelp(noun, group)
    : commandHelp(findCommand(words));
  await terminal.write(text);
  return EXIT.success;
}
