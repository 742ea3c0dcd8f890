/** Help, made from the command table. */

import { type Command, type Flag, GLOBAL_FLAGS } from "./command.ts";

/** The overview of all commands. */
export function overview(commands: readonly Command[]): string {
  const lines = commands.map((command) =>
    [headOf(command), command.summary] as const
  );
  return [
    "gmon manages GlusterFS: a quorum of monitors, workers with bricks, volumes.\n",
    "Usage: gmon COMMAND [WORDS] [FLAGS]\n",
    `Commands:\n${columns(lines)}`,
    `Flags of every command:\n${columns(GLOBAL_FLAGS.map(flagLine))}`,
    `${EXIT_CODES}\n\`gmon help COMMAND\` tells more about one.\n`,
  ].join("\n");
}

/** What one noun offers: its verbs, and what it does without one. */
export function groupHelp(noun: string, group: readonly Command[]): string {
  const bare = group.find((command) => command.verb === null);
  const verbs = group.filter((command) => command.verb !== null);
  if (bare !== undefined) return commandHelp(bare, verbs);
  return `${verbList(noun, verbs)}\n` +
    `\`gmon help ${noun} VERB\` tells more about one.\n`;
}

/** Everything about one command; `verbs`, if it is a noun that has some as well. */
export function commandHelp(
  command: Command,
  verbs: readonly Command[] = [],
): string {
  const { noun } = command;
  const hasVerbs = verbs.length > 0;
  const flags = command.flags.length === 0
    ? ""
    : `\nFlags${hasVerbs ? " without a verb" : ""}:\n${
      columns(command.flags.map(flagLine))
    }`;
  return [
    `${command.summary}.\n\n`,
    `Usage: gmon ${usageOf(command)}\n`,
    hasVerbs ? `       gmon ${noun} VERB …\n\n${verbList(noun, verbs)}` : "",
    flags,
    `\nFlags of every command:\n${columns(GLOBAL_FLAGS.map(flagLine))}`,
    `\nExamples:\n${
      command.examples.map((example) => `  ${example}\n`).join("")
    }`,
    `\n${EXIT_CODES}`,
    hasVerbs ? `\n\`gmon help ${noun} VERB\` tells more about one.\n` : "",
  ].join("");
}

function verbList(noun: string, verbs: readonly Command[]): string {
  const lines = verbs.map((verb) => [headOf(verb), verb.summary] as const);
  return `Commands of gmon ${noun}:\n${columns(lines)}`;
}

const EXIT_CODES =
  `Exit codes: 0 success, 1 unexpected, 2 usage, 3 unreachable or timed out,
4 not allowed, 5 not found, 6 conflict, 7 refused, 8 unhealthy (--check),
9 accepted but failed later, 10 would change something (--dry-run),
130 interrupted, 143 terminated.
`;

/** `volume create NAME …`, without the program's name. */
export function usageOf(command: Command): string {
  const words = command.words === "" ? "" : ` ${command.words}`;
  return `${headOf(command)}${words}${
    command.flags.length > 0 ? " [FLAGS]" : ""
  }`;
}

function headOf(command: Command): string {
  return command.verb === null
    ? command.noun
    : `${command.noun} ${command.verb}`;
}

function flagLine(flag: Flag): readonly [string, string] {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const value = flag.value === null ? "" : ` ${flag.value}`;
  return [`${short}--${flag.name}${value}`, flag.summary];
}

function columns(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`)
    .join("");
}
