/** `gmon completion bash|zsh|fish`: scripts made from the command table. */

import { usage } from "../arguments.ts";
import { type Command, type Context, GLOBAL_FLAGS } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { wordAt } from "../words.ts";

/** The command. */
export const completionCommands: readonly Command[] = [
  {
    noun: "completion",
    verb: null,
    summary: "Print a completion script for a shell",
    words: "bash|zsh|fish",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: [
      "gmon completion bash > /etc/bash_completion.d/gmon",
      "gmon completion fish > ~/.config/fish/completions/gmon.fish",
    ],
    run,
  },
];

async function run(context: Context): Promise<number> {
  const shell = wordAt(context.arguments, 0, "shell");
  // Loaded late, as the table imports this file.
  const { COMMANDS } = await import("../command_table.ts");
  await context.terminal.write(scriptFor(shell, COMMANDS));
  return EXIT.success;
}

/** The script for a shell; throws Problem `usage` for one that is not known. */
export function scriptFor(shell: string, commands: readonly Command[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      // zsh runs bash's completions.
      return `#compdef gmon\nautoload -U +X bashcompinit && bashcompinit\n${
        bashScript(commands)
      }`;
    case "fish":
      return fishScript(commands);
    default:
      throw usage(
        `there is no completion for ${JSON.stringify(shell)}`,
        "use bash, zsh or fish",
      );
  }
}

function bashScript(commands: readonly Command[]): string {
  const cases = nounsOf(commands).map((noun) => {
    const verbs = verbsOf(commands, noun).join(" ");
    return `      ${noun}) words="${verbs}" ;;\n`;
  }).join("");
  const flags = commands.map((command) => {
    const names = command.flags.map((flag) => `--${flag.name}`).join(" ");
    // Without a verb the second word is a flag already.
    const pattern = command.verb === null
      ? `"${command.noun} -"*`
      : `"${command.noun} ${command.verb}"`;
    return names === "" ? "" : `      ${pattern}) flags="$flags ${names}" ;;\n`;
  }).join("");
  return `_gmon() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" flags="${globals()}"
  if [[ "$current" == -* ]]; then
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${flags}    esac
    words="$flags"
  elif [[ "$COMP_CWORD" -eq 1 ]]; then
    words="${nounsOf(commands).join(" ")}"
  elif [[ "$COMP_CWORD" -eq 2 ]]; then
    case "\${COMP_WORDS[1]}" in
${cases}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ "\${#COMPREPLY[@]}" -gt 0 ]] || compopt -o default
}
complete -F _gmon gmon
`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = ["complete -c gmon -f"];
  const top = new Set<string>();
  for (const command of commands) {
    if (!top.has(command.noun)) {
      top.add(command.noun);
      lines.push(
        `complete -c gmon -n __fish_use_subcommand -a ${command.noun}`,
      );
    }
    const seen = `__fish_seen_subcommand_from ${command.noun}`;
    if (command.verb !== null) {
      lines.push(
        `complete -c gmon -n "${seen}" -a ${command.verb} -d ${
          quote(command.summary)
        }`,
      );
    }
    for (const flag of command.flags) {
      lines.push(
        `complete -c gmon -n "${seen}" -l ${flag.name}${
          flag.value === null ? "" : " -r"
        } -d ${quote(flag.summary)}`,
      );
    }
  }
  for (const flag of GLOBAL_FLAGS) {
    const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
    const value = flag.value === null ? "" : " -r";
    lines.push(
      `complete -c gmon -l ${flag.name}${short}${value} -d ${
        quote(flag.summary)
      }`,
    );
  }
  return [...new Set(lines)].join("\n") + "\n";
}

function globals(): string {
  return GLOBAL_FLAGS.map((flag) => `--${flag.name}`).join(" ");
}

function nounsOf(commands: readonly Command[]): string[] {
  return [...new Set(commands.map((command) => command.noun))];
}

function verbsOf(commands: readonly Command[], noun: string): string[] {
  return noun === "completion"
    ? ["bash", "zsh", "fish"]
    : commands.filter((command) => command.noun === noun)
      .flatMap((command) => command.verb === null ? [] : [command.verb]);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
