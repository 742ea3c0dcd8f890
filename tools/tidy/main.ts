/**
 * `deno task tidy`: style as a test. Checks the tree's rules (`tree.ts`); the
 * rules that need a parsed file (`plugin.ts`) run inside `deno lint`, which
 * this calls too. Exits 1 when there is anything to mend.
 */

import { guideFindings } from "./guide.ts";
import { type SourceFile, treeFindings } from "./tree.ts";

async function main(): Promise<number> {
  const paths = await trackedPaths();
  const sources: SourceFile[] = [];
  const others: string[] = [];
  for (const path of paths) {
    if (path.endsWith(".ts")) {
      sources.push({ path, text: await Deno.readTextFile(path) });
    } else others.push(path);
  }
  const findings = [
    ...treeFindings(sources, others),
    ...guideFindings(await Deno.readTextFile("test/README.md"), sources),
  ];
  for (const { path, message } of findings) console.log(`${path}: ${message}`);
  const lint = await new Deno.Command(Deno.execPath(), {
    args: ["lint", "--quiet"],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  console.log(
    `tidy: ${sources.length} files, ${findings.length} findings in the tree, lint ${
      lint.success ? "clean" : "not clean"
    }`,
  );
  return findings.length === 0 && lint.success ? 0 : 1;
}

/** Files that git knows or would add; what is deleted but not committed is left out. */
async function trackedPaths(): Promise<string[]> {
  const listing = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard"],
  }).output();
  const paths = new TextDecoder().decode(listing.stdout).split("\n").sort();
  const present: string[] = [];
  for (const path of paths) {
    if (path === "") continue;
    const stat = await Deno.stat(path).catch(() => null);
    if (stat?.isFile) present.push(path);
  }
  return present;
}

if (import.meta.main) Deno.exit(await main());
