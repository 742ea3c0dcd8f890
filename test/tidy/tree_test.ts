import { assertEquals } from "@std/assert";
import {
  deadFileFindings,
  lengthFindings,
  nameFindings,
  openEndFindings,
  readmeFindings,
  topLevelFindings,
} from "../../tools/tidy/tree.ts";

Deno.test("lengthFindings allows 400 lines and no more, tests aside", () => {
  const lines = (count: number): string => "x\n".repeat(count);
  assertEquals(lengthFindings({ path: "src/a.ts", text: lines(400) }), []);
  assertEquals(
    lengthFindings({ path: "src/a.ts", text: lines(401) }).length,
    1,
  );
  assertEquals(lengthFindings({ path: "test/a.ts", text: lines(401) }), []);
});

Deno.test("nameFindings refuses names that say nothing or are not snake_case", () => {
  for (
    const path of ["src/raft/utils.ts", "src/misc/a.ts", "src/raft/voteReq.ts"]
  ) assertEquals(nameFindings({ path, text: "" }).length, 1, path);
  assertEquals(nameFindings({ path: "src/raft/commit.ts", text: "" }), []);
});

Deno.test("openEndFindings finds what was left for later", () => {
  const text = "a\n// TO" + "DO: later\n";
  assertEquals(openEndFindings({ path: "src/a.ts", text }).length, 1);
  assertEquals(openEndFindings({ path: "src/a.ts", text: "a\n" }), []);
});

Deno.test("deadFileFindings follows imports from main.ts, not from tests", () => {
  const sources = [
    { path: "src/main.ts", text: `import { a } from "./base/mod.ts";` },
    { path: "src/base/mod.ts", text: `export * from "./a.ts";` },
    { path: "src/base/a.ts", text: `await import("./lazy.ts");` },
    { path: "src/base/lazy.ts", text: "" },
    { path: "src/base/dead.ts", text: "" },
    {
      path: "test/base/dead_test.ts",
      text: `import "../../src/base/dead.ts";`,
    },
  ];
  assertEquals(
    deadFileFindings(sources).map((finding) => finding.path),
    ["src/base/dead.ts"],
  );
});

Deno.test("readmeFindings asks every room for a README", () => {
  const sources = [{ path: "src/raft/a.ts", text: "" }];
  assertEquals(readmeFindings(sources, []).length, 1);
  assertEquals(readmeFindings(sources, ["src/raft/README.md"]), []);
});

Deno.test("topLevelFindings keeps the top level as the owner fixed it", () => {
  assertEquals(topLevelFindings(["src/a.ts", "deno.json", "dist/x"]), []);
  assertEquals(topLevelFindings(["docs/a.md"]).length, 1);
});
