/**
 * Golden scenarios: `scenario/*.txt` hold scripts and the traces expected of
 * them. To make the traces anew (and to take new files into the list), then
 * read the difference in git:
 *
 *   deno test --allow-read=test/raft/scenario --allow-write=test/raft/scenario test/raft/scenario_test.ts -- --rewrite
 */

import { assert, assertEquals } from "@std/assert";
import { playScenario } from "./scenario.ts";
import { SCENARIOS } from "./scenario/list.ts";

if (Deno.args.includes("--rewrite")) {
  Deno.test("scenarios are rewritten", rewrite);
} else {
  for (const [name, script] of Object.entries(SCENARIOS)) {
    Deno.test(`scenario ${name}`, () => {
      assert(script.startsWith("# "), "a scenario opens with its reason");
      assertEquals(playScenario(script), script);
    });
  }
}

async function rewrite(): Promise<void> {
  const folder = new URL("./scenario/", import.meta.url);
  const names: string[] = [];
  for await (const file of Deno.readDir(folder)) {
    if (file.name.endsWith(".txt")) names.push(file.name.slice(0, -4));
  }
  names.sort();
  for (const name of names) {
    const path = new URL(`${name}.txt`, folder);
    const script = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, playScenario(script));
  }
  await Deno.writeTextFile(new URL("list.ts", folder), listOf(names));
}

/** The list as a module, for tests without permissions cannot read a folder. */
function listOf(names: readonly string[]): string {
  return [
    "// deno-fmt-ignore-file",
    "/** All scenarios by name; written by `scenario_test.ts -- --rewrite`. */",
    "",
    ...names.map((name) =>
      `import ${identifierOf(name)} from "./${name}.txt" with { type: "text" };`
    ),
    "",
    "/** Scripts with their expected traces. */",
    "export const SCENARIOS: Readonly<Record<string, string>> = {",
    ...names.map((name) => `  "${name}": ${identifierOf(name)},`),
    "};",
    "",
  ].join("\n");
}

function identifierOf(name: string): string {
  return name.replaceAll(
    /_([a-z])/g,
    (_, letter: string) => letter.toUpperCase(),
  );
}
