/**
 * The part of `@std/cli/parse-args` that gmon's command line uses, over the
 * tokens of `node:util` parseArgs: JSR cannot be reached from the machines
 * that build gmon. Names, signature and rules are that package's (see
 * https://jsr.io/@std/cli), so that the import map alone decides. Left out:
 * nested keys (`--a.b`), and `boolean: true`.
 */

import { parseArgs as tokenize } from "node:util";

/** How to read the arguments. */
export interface ParseOptions<
  Booleans extends string = string,
  Strings extends string = string,
  Collectable extends string = string,
> {
  /** Names that take no value; `false` when absent. */
  readonly boolean?: Booleans | readonly Booleans[];
  /** Names whose value stays text; put `_` here to keep positional numbers text too. */
  readonly string?: Strings | readonly Strings[];
  /** Names whose values are gathered in a list; `[]` when absent. */
  readonly collect?: Collectable | readonly Collectable[];
  /** Names that `--no-NAME` sets to false. */
  readonly negatable?: string | readonly string[];
  /** Other spellings: all of them are set. */
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Values of names that are absent. */
  readonly default?: Readonly<Record<string, unknown>>;
  /** Called for what is not declared, positional arguments included; `false` drops it. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  /** Everything from the first positional argument on is positional. */
  readonly stopEarly?: boolean;
  /** What follows `--` goes to the result's `--` instead of `_`. */
  readonly "--"?: boolean;
}

type Known<Names extends string, Value> = string extends Names ? unknown
  : { readonly [Name in Names]: Value };

/** The values found, by name; `_` holds the positional arguments. */
export type Args<
  Booleans extends string = string,
  Strings extends string = string,
  Collectable extends string = string,
> =
  & { readonly _: (string | number)[]; readonly "--"?: string[] }
  & Known<Booleans, boolean>
  & Known<Exclude<Strings, Collectable | "_">, string | undefined>
  & Known<Extract<Strings, Collectable>, string[]>
  & { readonly [name: string]: unknown };

interface Rules {
  readonly booleans: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
  readonly collect: ReadonlySet<string>;
  readonly negatable: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly unknown: (arg: string, key?: string, value?: unknown) => unknown;
}

interface Token {
  readonly kind: "option" | "positional" | "option-terminator";
  readonly index: number;
  readonly name?: string;
  readonly rawName?: string;
  readonly value?: string | undefined;
}

/** Reads command line arguments; never throws: what is not declared goes to `unknown`. */
export function parseArgs<
  const Booleans extends string = never,
  const Strings extends string = never,
  const Collectable extends string = never,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, Collectable> = {},
): Args<Booleans, Strings, Collectable> {
  const rules = rulesOf(options as ParseOptions);
  const found: Record<string, unknown> = {};
  const positional: (string | number)[] = [];
  const separator = args.indexOf("--");
  const flags = separator === -1 ? args : args.slice(0, separator);
  const rest = separator === -1 ? [] : args.slice(separator + 1);

  // With nothing declared no option swallows the next argument: whether it
  // may is decided below, by the rules of the package that this stands for.
  const tokens = tokenize({
    args: [...flags],
    options: {},
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens as Token[];

  let next = 0;
  while (next < flags.length) {
    const argument = flags[next]!;
    const here = tokens.filter((token) => token.index === next);
    if (here[0]?.kind === "option") {
      next += readOption(argument, flags[next + 1], here, rules, found);
      continue;
    }
    if (rules.unknown(argument) !== false) {
      positional.push(
        rules.strings.has("_") ? argument : numberIfNumeric(argument),
      );
    }
    next++;
    if (options.stopEarly) {
      positional.push(...flags.slice(next));
      break;
    }
  }
  fillDefaults(found, options.default ?? {}, rules);
  const result: Record<string, unknown> = { _: positional, ...found };
  if (options["--"]) result["--"] = [...rest];
  else positional.push(...rest);
  return result as Args<Booleans, Strings, Collectable>;
}

/** Reads one argument that holds options; answers how many arguments it used up. */
function readOption(
  argument: string,
  following: string | undefined,
  tokens: readonly Token[],
  rules: Rules,
  found: Record<string, unknown>,
): 1 | 2 {
  const set = (name: string, value: unknown, collect = true): void =>
    setValue(found, rules, name, value, argument, collect);

  if (argument.startsWith("--")) {
    const token = tokens[0]!;
    let name = token.name!;
    // The package takes the sign for a part of the name when nothing follows it.
    if (token.value === "") name = `${name}=`;
    else if (token.value !== undefined) {
      set(
        name,
        rules.booleans.has(name) ? token.value === "true" : token.value,
      );
      return 1;
    }
    if (name.startsWith("no-") && rules.negatable.has(name.slice(3))) {
      name = name.slice(3);
      set(name, false, false);
      return 1;
    }
    return readValue(name, following, rules, set);
  }

  const equals = argument.indexOf("=");
  const letters = equals === -1 ? argument.slice(1) : argument.slice(1, equals);
  const last = letters.at(-1)!;
  for (let at = 0; at < letters.length - 1; at++) {
    const letter = letters[at]!;
    const after = letters.slice(at + 1);
    if (equals === -1 && /^-?\d+(?:\.\d+)?$/.test(after)) {
      set(letter, after);
      return 1;
    }
    set(letter, rules.strings.has(letter) ? "" : true);
  }
  if (equals !== -1) {
    const value = argument.slice(equals + 1);
    set(last, rules.booleans.has(last) ? value === "true" : value);
    return 1;
  }
  return readValue(last, following, rules, set);
}

function readValue(
  name: string,
  following: string | undefined,
  rules: Rules,
  set: (name: string, value: unknown) => void,
): 1 | 2 {
  const isValue = following !== undefined && following !== "" &&
    !following.startsWith("-");
  if (isValue && !rules.booleans.has(name)) {
    set(name, following);
    return 2;
  }
  if (following === "true" || following === "false") {
    set(name, following === "true");
    return 2;
  }
  set(name, rules.strings.has(name) ? "" : true);
  return 1;
}

function setValue(
  found: Record<string, unknown>,
  rules: Rules,
  name: string,
  value: unknown,
  argument: string,
  collect: boolean,
): void {
  const declared = rules.booleans.has(name) || rules.strings.has(name) ||
    rules.aliases.has(name);
  if (!declared && rules.unknown(argument, name, value) === false) return;
  const kept = rules.strings.has(name) || typeof value !== "string"
    ? value
    : numberIfNumeric(value);
  for (const spelling of [name, ...(rules.aliases.get(name) ?? [])]) {
    if (collect && rules.collect.has(spelling)) {
      const list = found[spelling];
      if (Array.isArray(list)) list.push(kept);
      else found[spelling] = [kept];
    } else found[spelling] = kept;
  }
}

function fillDefaults(
  found: Record<string, unknown>,
  defaults: Readonly<Record<string, unknown>>,
  rules: Rules,
): void {
  for (const [name, value] of Object.entries(defaults)) {
    if (Object.hasOwn(found, name)) continue;
    for (const spelling of [name, ...(rules.aliases.get(name) ?? [])]) {
      found[spelling] = value;
    }
  }
  for (const name of rules.booleans) {
    if (!Object.hasOwn(found, name)) {
      found[name] = rules.collect.has(name) ? [] : false;
    }
  }
  for (const name of rules.strings) {
    if (!Object.hasOwn(found, name) && rules.collect.has(name)) {
      found[name] = [];
    }
  }
}

function rulesOf(options: ParseOptions): Rules {
  const aliases = new Map<string, readonly string[]>();
  for (const [name, others] of Object.entries(options.alias ?? {})) {
    const all = [name, ...listOf(others)];
    for (const one of all) {
      aliases.set(one, all.filter((other) => other !== one));
    }
  }
  const withAliases = (names: readonly string[]): Set<string> =>
    new Set(names.flatMap((name) => [name, ...(aliases.get(name) ?? [])]));
  return {
    booleans: withAliases(listOf(options.boolean)),
    strings: withAliases(listOf(options.string)),
    collect: withAliases(listOf(options.collect)),
    negatable: withAliases(listOf(options.negatable)),
    aliases,
    unknown: options.unknown ?? ((): boolean => true),
  };
}

function numberIfNumeric(value: string): string | number {
  const numeric = /^0x[0-9a-f]+$/i.test(value) ||
    /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/.test(value);
  return numeric ? Number(value) : value;
}

function listOf(value: string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : [...value];
}
