/** Values of options: what is set, what holds otherwise, what counts as true. */

import { OPTION_MAP } from "./option_map.ts";

/** Options by key: those set on a volume, or these with others laid over. */
export type Options = Readonly<Record<string, string>>;

const TRUE = new Set(["1", "on", "yes", "true", "enable"]);
const FALSE = new Set(["0", "off", "no", "false", "disable"]);

/** Defaults by key; of several rows the first that has one counts. */
const DEFAULTS = defaultsByKey();

/** An option's value: what is set, else the option map's default, else null. */
export function optionValue(options: Options, key: string): string | null {
  return options[key] ?? DEFAULTS.get(key) ?? null;
}

/** True when an option's value, set or default, spells true. */
export function enabled(options: Options, key: string): boolean {
  const value = optionValue(options, key);
  return value !== null && booleanOf(value) === true;
}

/** The truth a text spells, in any case, or null when it spells none (VOLGEN.md §3). */
export function booleanOf(text: string): boolean | null {
  const lower = text.toLowerCase();
  if (TRUE.has(lower)) return true;
  if (FALSE.has(lower)) return false;
  return null;
}

function defaultsByKey(): ReadonlyMap<string, string> {
  const defaults = new Map<string, string>();
  for (const { key, value } of OPTION_MAP) {
    if (value !== null && !defaults.has(key)) defaults.set(key, value);
  }
  return defaults;
}
