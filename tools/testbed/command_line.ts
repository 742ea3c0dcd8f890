/** How gmon is called: from source or built, with which flags and environment. */

import { V8_FLAGS } from "../build/v8_flags.ts";

/** How gmon is started: from source, or from a built file. */
export interface Launcher {
  readonly command: string;
  readonly args: readonly string[];
}

/** `binary`: a built gmon; without it, gmon runs from source. */
export function launcherOf(binary: string | null): Launcher {
  if (binary !== null) return { command: Deno.realPathSync(binary), args: [] };
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  return { command: Deno.execPath(), args: ["run", "-A", V8_FLAGS, main] };
}

/** More environment variables, or others. */
export type Environment = Readonly<Record<string, string>>;

/** Flags by their name without dashes; undefined leaves one out. */
export type Flags = Readonly<Record<string, string | number | undefined>>;

/** As they stand in a command line. */
export function flagsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)]
  );
}
