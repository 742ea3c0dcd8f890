import { assertEquals } from "@std/assert";
import { type ProblemCode, PROBLEMS } from "../../src/base/mod.ts";
import { EXIT, exitCodeOf } from "../../src/cli/exit_code.ts";

Deno.test("every problem has one documented exit code", () => {
  const byCode: Record<number, string[]> = {};
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    (byCode[exitCodeOf(code)] ??= []).push(code);
  }
  assertEquals(Object.keys(byCode).map(Number), [1, 2, 3, 5, 6, 7, 8, 9]);
  assertEquals(byCode[3]!.sort(), [
    "no-leader",
    "outcome-unknown",
    "overloaded",
    "timeout",
    "unreachable",
  ]);
  assertEquals(byCode[8], ["unhealthy"]);
  assertEquals(byCode[9]!.sort(), [
    "brick-preparation-failed",
    "operation-failed",
  ]);
  assertEquals(byCode[1]!.sort(), [
    "backup-damaged",
    "disk-failed",
    "internal",
    "journal-damaged",
    "snapshot-damaged",
  ]);
});

Deno.test("no two outcomes share an exit code", () => {
  const codes = Object.values(EXIT);
  assertEquals(new Set<number>(codes).size, codes.length);
});
