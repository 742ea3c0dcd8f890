import { assertEquals } from "@std/assert";
import { guideFindings } from "../../tools/tidy/guide.ts";

const SOURCES = [{
  path: "test/a/b_test.ts",
  text: 'Deno.test("what hurts", () => {});\nDeno.test("and that", () => {});',
}];

Deno.test("guideFindings passes names that stand in their files, and names the others", () => {
  const found = (row: string): string[] =>
    guideFindings(row, SOURCES).map(({ message }) => message);
  assertEquals(found('| x | `a/b_test.ts`: "what hurts", "and that" |'), []);
  assertEquals(found('| x | `a/b_test.ts`: "what hurt", "and that" |'), [
    'test/a/b_test.ts has no test "what hurt"',
  ]);
  assertEquals(found('| x | `a/c_test.ts`: "what hurts" |'), [
    'test/a/c_test.ts has no test "what hurts"',
  ]);
  assertEquals(found('`a/c_test.ts`: "what hurts" is no row'), []);
});
