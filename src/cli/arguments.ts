/** The only file that reads argv: words and flags, checked against what commands declare. */

import { parseArgs } from "@std/cli/parse-args";
import { Problem } from "../base/mod.ts";
import type { Flag } from "./command.ts";
import { nearest } from "./suggestion.ts";

/** A command line taken apart. */
export interface Arguments {
  /** The positional words that are left for the command. */
  readonly words: readonly string[];
  /** The value of a flag, the last one of a repeatable flag; undefined when it is not given. */
  value(name: string): string | undefined;
  /** All values of a repeatable flag, comma lists taken apart. */
  list(name: string): readonly string[];
  /** True when a switch is given. */
  isSet(name: string): boolean;
  /** The names of all flags given. */
  readonly given: readonly string[];
}

/**
 * Takes a command line apart by the flags of all commands, so that flags may
 * stand anywhere. `flagsFor` says which of them go with the words: only those
 * are suggested for one that does not exist. Throws Problem `usage` for an
 * unknown or repeated flag, and for a missing or superfluous value.
 */
export function parseArguments(
  argv: readonly string[],
  flags: readonly Flag[],
  flagsFor: (words: readonly string[]) => readonly Flag[] = () => flags,
): Arguments {
  const known = new Map(flags.map((flag) => [flag.name, flag]));
  const shorts = new Map(
    flags.flatMap((flag) => flag.short ? [[flag.short, flag.name]] : []),
  );
  const switches = flags.filter((flag) => flag.value === null);
  const valued = flags.filter((flag) => flag.value !== null);
  const names = [...known.keys()];
  let stranger: string | null = null;
  const parsed = parseArgs(argv.map(spreadShort), {
    string: ["_", ...valued.map((flag) => flag.name)],
    boolean: switches.map((flag) => flag.name),
    collect: names,
    alias: Object.fromEntries(
      [...shorts].map(([short, name]) => [name, short]),
    ),
    "--": true,
    unknown: (argument, key) => {
      if (key === undefined) return true;
      stranger ??= argument;
      return false;
    },
  });
  const words = [...parsed._.map(String), ...parsed["--"] ?? []];
  if (stranger !== null) throw unknownFlag(stranger, flags, flagsFor(words));
  checkSwitches(argv, switches);
  const found = new Map<string, readonly (string | boolean)[]>();
  for (const name of names) {
    const given = parsed[name] as (string | boolean)[];
    if (given.length > 0) found.set(name, given);
  }
  for (const [name, given] of found) checkFlag(known.get(name)!, given);
  return argumentsOf(words, found);
}

/** The same command line without its first `count` words. */
export function withoutWords(
  given: Arguments,
  count: number,
): Arguments {
  return { ...given, words: given.words.slice(count) };
}

function argumentsOf(
  words: readonly string[],
  found: ReadonlyMap<string, readonly (string | boolean)[]>,
): Arguments {
  return {
    words,
    given: [...found.keys()],
    value: (name) => {
      const last = found.get(name)?.at(-1);
      return last === undefined ? undefined : String(last);
    },
    list: (name) =>
      (found.get(name) ?? []).flatMap((value) => String(value).split(","))
        .filter((value) => value !== ""),
    isSet: (name) => found.get(name)?.at(-1) === true,
  };
}

/** `-ojson` as `-o=json`: the one short flag with a value. */
function spreadShort(argument: string): string {
  const match = /^-o([a-z]{4,5})$/.exec(argument);
  return match === null ? argument : `-o=${match[1]}`;
}

function checkFlag(flag: Flag, given: readonly (string | boolean)[]): void {
  if (given.length > 1 && !flag.repeatable) {
    throw usage(
      `--${flag.name} is given ${given.length} times`,
      "give it once",
    );
  }
  if (flag.value !== null && given.includes("")) {
    throw valueless(flag);
  }
}

function valueless(flag: Flag): Problem {
  return usage(
    `--${flag.name} needs a value`,
    `write --${flag.name} ${flag.value}`,
  );
}

/** `--yes=perhaps` is neither yes nor no. */
function checkSwitches(
  argv: readonly string[],
  switches: readonly Flag[],
): void {
  for (const argument of argv) {
    if (argument === "--") return;
    const match = /^--([^=]+)=(.*)$/s.exec(argument);
    if (match === null || /^(true|false)$/.test(match[2]!)) continue;
    if (switches.some((flag) => flag.name === match[1])) {
      throw usage(
        `--${match[1]} takes no value`,
        `write --${match[1]}, or leave it out`,
      );
    }
  }
}

function unknownFlag(
  argument: string,
  flags: readonly Flag[],
  likely: readonly Flag[],
): Problem {
  const name = argument.replace(/=.*$/s, "");
  const bare = name.replace(/^-+/, "");
  // `--output=` is read as a flag called `output=`.
  const known = flags.find((flag) => flag.name === bare);
  if (known !== undefined && argument.endsWith("=")) return valueless(known);
  const near = nearest(bare, likely.map((flag) => flag.name));
  return usage(
    `there is no flag ${name}`,
    near === null ? "see `gmon help`" : `did you mean --${near}?`,
  );
}

/** A command line that cannot be understood. */
export function usage(message: string, remedy: string): Problem {
  return new Problem("usage", message, remedy);
}
