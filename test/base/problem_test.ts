import { assertEquals } from "@std/assert";
import { asProblem, Problem, PROBLEMS } from "../../src/base/mod.ts";

Deno.test("Problem tells its kind from the registry and what to do in its line", () => {
  const problem = new Problem("volume-exists", "v1 exists", "choose another");
  assertEquals(problem.kind, "conflict");
  assertEquals(problem.line, "v1 exists; choose another");
  assertEquals(new Problem("internal", "broken").line, "broken");
});

Deno.test("asProblem keeps a problem and wraps anything else with its cause", () => {
  const problem = new Problem("timeout", "late");
  assertEquals(asProblem(problem), problem);
  const wrapped = asProblem(new TypeError("x is not a function"));
  assertEquals(wrapped.code, "internal");
  assertEquals(wrapped.cause instanceof TypeError, true);
  assertEquals(asProblem("text").message, "text");
});

Deno.test("every code of the registry is kebab-case and has a title of its own", () => {
  const titles = Object.values(PROBLEMS).map(({ title }) => title);
  assertEquals(new Set(titles).size, titles.length);
  for (const code of Object.keys(PROBLEMS)) {
    assertEquals(/^[a-z]+(-[a-z]+)*$/.test(code), true, code);
  }
});
