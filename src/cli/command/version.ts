/** `gmon version`: what this program is; no monitor is asked. */

import { VERSION } from "../../base/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { printSingle } from "../output.ts";

/** The command. */
export const versionCommands: readonly Command[] = [
  {
    noun: "version",
    verb: null,
    summary: "Show the version of this program",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [],
    examples: ["gmon version", "gmon version -o json"],
    run: showVersion,
  },
];

/** Prints the version; also what `gmon -V` does. */
export async function showVersion(
  context: Pick<Context, "terminal" | "output">,
): Promise<number> {
  await printSingle(context.terminal, context.output, {
    kind: "Version",
    item: { name: "gmon", version: VERSION },
    name: VERSION,
    text: () => `gmon ${VERSION}\n`,
  });
  return EXIT.success;
}
