/** What a refusal must look like: one clear line, a stable code, an exit code, and no trace. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PROBLEMS } from "../../src/base/mod.ts";
import type { CommandResult, Testbed } from "../../tools/testbed/testbed.ts";
import { namesIn, treeOf } from "../../tools/testbed/tree.ts";

/** One bad input and the answer to it. */
export interface Refusal {
  readonly problem: keyof typeof PROBLEMS;
  /** The exit code. */
  readonly exit: number;
  /** Pieces of the line: what happened to what, and what to do. */
  readonly says: readonly string[];
}

/** Fails unless the command said exactly one line on standard error, the refusal, and nothing else. */
export function assertRefused(result: CommandResult, refusal: Refusal): void {
  const { code, stdout, stderr } = result;
  assertEquals(stdout, "", stderr);
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.length, 1, stderr);
  checkLine(lines[0]!, refusal);
  assertEquals(code, refusal.exit, stderr);
}

/** Like {@link assertRefused} for a daemon, whose log may stand around the line. */
export function assertStartRefused(
  result: CommandResult,
  refusal: Refusal,
): void {
  const { code, stdout, stderr } = result;
  assertEquals(stdout, "", stderr);
  const lines = stderr.split("\n").filter((line) => line.startsWith("gmon: "));
  assertEquals(lines.length, 1, stderr);
  checkLine(lines[0]!, refusal);
  assertEquals(code, refusal.exit, stderr);
}

function checkLine(line: string, { problem, says }: Refusal): void {
  if (Deno.env.get("GMON_TEST_SHOW")) console.log(line);
  assert(line.startsWith("gmon: "), line);
  assert(line.endsWith(` [${problem}]`), line);
  for (const piece of says) assertStringIncludes(line, piece);
}

/** Runs `act`, and fails if it left anything: a volume, a file, an attribute, a process. */
export async function assertNoTrace<T>(
  testbed: Testbed,
  act: () => Promise<T>,
): Promise<T> {
  const before = await traces(testbed);
  const result = await act();
  assertEquals(await traces(testbed), before);
  return result;
}

async function traces(testbed: Testbed): Promise<unknown> {
  const { directory } = testbed;
  return {
    volumes: (await testbed.get<{ items: unknown }>("/v1/volumes"))?.items,
    // What runs inside a brick is its own business.
    bricks: await treeOf(`${directory}/bricks`, ".glusterfs"),
    processes: await testbed.processesOf(`${directory}/`),
    entries: await namesIn(directory),
  };
}
