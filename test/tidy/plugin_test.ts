import { assertEquals } from "@std/assert";
import plugin, { floorFault } from "../../tools/tidy/plugin.ts";

/** Messages of one rule for a file with this text. */
function findings(rule: string, path: string, text: string): string[] {
  return Deno.lint.runPlugin(plugin, `/repo/${path}`, text)
    .filter((finding) => finding.id === `gmon/${rule}`)
    .map((finding) => finding.message);
}

Deno.test("floors allow imports downwards through mod.ts and inside a room", () => {
  assertEquals(floorFault("src/raft/raft.ts", "src/base/mod.ts"), null);
  assertEquals(floorFault("src/raft/raft.ts", "src/raft/log.ts"), null);
  assertEquals(
    floorFault("src/cli/command/monitor.ts", "src/daemon/mod.ts"),
    null,
  );
});

Deno.test("floors refuse imports upwards, sideways, past mod.ts and out of src", () => {
  for (
    const [path, target] of [
      ["src/base/heap.ts", "src/raft/mod.ts"],
      ["src/raft/raft.ts", "src/swim/mod.ts"],
      ["src/swim/swim.ts", "src/gluster/mod.ts"],
      ["src/daemon/monitor.ts", "src/cli/mod.ts"],
      ["src/raft/raft.ts", "src/base/heap.ts"],
      ["src/base/heap.ts", "tools/sim/main.ts"],
      ["src/base/heap.ts", "test/base/heap_test.ts"],
      ["src/base/heap.ts", "src/cellar/mod.ts"],
    ] as const
  ) {
    assertEquals(
      typeof floorFault(path, target),
      "string",
      `${path} ${target}`,
    );
  }
});

Deno.test("floors sees static, dynamic and re-exporting imports", () => {
  for (
    const text of [
      `import { x } from "../raft/mod.ts";`,
      `export * from "../raft/mod.ts";`,
      `export { x } from "../raft/mod.ts";`,
      `const x = await import("../raft/mod.ts");`,
    ]
  ) assertEquals(findings("floors", "src/base/a.ts", text).length, 1, text);
});

Deno.test("doors let each dependency in at one place only", () => {
  const hono = `import { Hono } from "hono";`;
  assertEquals(findings("doors", "src/api/server/routes.ts", hono), []);
  assertEquals(findings("doors", "src/runtime/a.ts", hono).length, 1);
  const node = `import { spawn } from "node:child_process";`;
  assertEquals(findings("doors", "src/platform/deno/processes.ts", node), []);
  assertEquals(findings("doors", "src/runtime/a.ts", node).length, 1);
});

Deno.test("purity bans the world, time and asynchrony in pure floors", () => {
  for (
    const text of [
      "const a = Deno.args;",
      "const a = new Date();",
      "const a = Date.now();",
      "const a = Math.random();",
      "setTimeout(() => {}, 1);",
      "console.log(1);",
      "async function f(): Promise<void> {}",
      "const f = async () => {};",
      "await g();",
    ]
  ) {
    assertEquals(
      findings("purity", "src/raft/a.ts", text).length > 0,
      true,
      text,
    );
  }
});

Deno.test("purity lets pass names that are not the global", () => {
  for (
    const text of [
      "const a = row.Date;",
      "const a = { Date: 1 };",
      "const text = 'Deno.args';",
      "// Deno.args",
      "type A = { Deno: number };",
    ]
  ) assertEquals(findings("purity", "src/raft/a.ts", text), [], text);
});

Deno.test("purity lets floors above be asynchronous, but not ambient", () => {
  const path = "src/runtime/a.ts";
  assertEquals(
    findings("purity", path, "async function f() { await g(); }"),
    [],
  );
  for (
    const text of [
      "setTimeout(() => {}, 1);",
      "AbortSignal.timeout(5);",
      "crypto.randomUUID();",
      "Date.now();",
      "fetch('x');",
    ]
  ) assertEquals(findings("purity", path, text).length > 0, true, text);
  assertEquals(
    findings("purity", "src/platform/deno/clock.ts", "Date.now();"),
    [],
  );
});

Deno.test("function-length counts a factory without its inner functions", () => {
  const filler = "  step();\n".repeat(60);
  const factory =
    `function make() {\n${filler}\n  function inner() {\n${filler}\n  }\n}\n`;
  assertEquals(findings("function-length", "src/raft/a.ts", factory), []);
  const long = `function long() {\n${filler}${filler}}\n`;
  assertEquals(findings("function-length", "src/raft/a.ts", long).length, 1);
});

Deno.test("docstrings are asked of exports in src only", () => {
  assertEquals(
    findings("docstrings", "src/raft/a.ts", "export const a = 1;").length,
    1,
  );
  assertEquals(
    findings("docstrings", "src/raft/a.ts", "/** One. */\nexport const a = 1;"),
    [],
  );
  assertEquals(
    findings("docstrings", "tools/sim/a.ts", "export const a = 1;"),
    [],
  );
});
