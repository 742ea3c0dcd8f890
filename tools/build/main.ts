/**
 * `deno task build [--output FILE]`: dist/gmon, one executable file. By
 * `deno compile` where its base runtime (`denort`) can be had, either
 * downloaded or named by `DENORT_BIN`; otherwise as a self-extracting file of
 * the same behaviour (`self_extracting.ts`).
 */

import { parseArgs } from "@std/cli/parse-args";
import { buildSelfExtracting } from "./self_extracting.ts";
import { V8_FLAGS } from "./v8_flags.ts";

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    string: ["output"],
    boolean: ["self-extracting"],
    default: { output: "dist/gmon" },
  });
  const output = String(flags.output);
  const refusal = flags["self-extracting"]
    ? "asked for by --self-extracting"
    : await compile(output);
  if (refusal !== null) {
    console.log(
      `deno compile cannot get its base runtime (${refusal}): building a self-extracting file instead; set DENORT_BIN to a denort to change that`,
    );
    await buildSelfExtracting("src/main.ts", output);
  }
  const { size } = await Deno.stat(output);
  console.log(`${output}: ${(size / 1e6).toFixed(1)} MB`);
  return 0;
}

/** Null when it worked, else the reason in a few words. */
async function compile(output: string): Promise<string | null> {
  const fresh = `${output}.${Deno.pid}`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "-A",
      V8_FLAGS,
      "--output",
      fresh,
      "src/main.ts",
    ],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) {
    await Deno.rename(fresh, output);
    return null;
  }
  // The last cause in the chain is the plain one; names of hosts help nobody here.
  const causes = new TextDecoder().decode(stderr).split("\n")
    .filter((line) => /error/i.test(line));
  return causes.at(-1)?.split(": ").at(-1)?.trim() || "no reason given";
}

if (import.meta.main) Deno.exit(await main());
