/** Reading the words of a command one by one. */

import type { Consistency } from "../api/mod.ts";
import { type Arguments, usage } from "./arguments.ts";

/** The word at a place, or Problem `usage`. */
export function wordAt(given: Arguments, at: number, what: string): string {
  const word = given.words[at];
  if (word !== undefined && word !== "") return word;
  throw usage(
    `no ${what} is given`,
    "see --help for the words of this command",
  );
}

/** A label's key and value; throws Problem `usage`. */
export function labelOf(text: string, origin: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw usage(
    `${origin} ${JSON.stringify(text)} is not a label`,
    "write KEY=VALUE; the value may be empty",
  );
}

/** Labels for people, sorted. */
export function labelText(
  labels: Readonly<Record<string, string>>,
  separator: string,
): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`)
    .sort().join(separator);
}

/** A whole number out of a flag; undefined when the flag is absent. */
export function countFlag(given: Arguments, name: string): number | undefined {
  const text = given.value(name);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usage(
    `--${name} ${JSON.stringify(text)} is not a whole number`,
    "write digits only",
  );
}

/** The value of `--consistency`; throws Problem `usage`. */
export function consistencyFlag(given: Arguments): Consistency {
  const level = given.value("consistency") ?? "linearizable";
  if (level === "linearizable" || level === "stale") return level;
  throw usage(
    `--consistency ${JSON.stringify(level)} is not a level`,
    "use linearizable or stale",
  );
}
