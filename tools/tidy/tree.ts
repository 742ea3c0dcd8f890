/** The rules about the tree as a whole: sizes, names, dead files, open ends, READMEs. */

import { EMPTY_NAMES, LINES_PER_FILE_MAX } from "./house.ts";
import { resolve } from "./plugin.ts";

/** A tracked source file. */
export interface SourceFile {
  /** Below the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** Something to mend. */
export interface Finding {
  readonly path: string;
  readonly message: string;
}

/** All findings; `others` are the paths of files that are not TypeScript. */
export function treeFindings(
  sources: readonly SourceFile[],
  others: readonly string[],
): Finding[] {
  return [
    ...sources.flatMap(lengthFindings),
    ...sources.flatMap(nameFindings),
    ...sources.flatMap(openEndFindings),
    ...deadFileFindings(sources),
    ...readmeFindings(sources, others),
    ...topLevelFindings([...sources.map((file) => file.path), ...others]),
  ];
}

/** One responsibility fits a few hundred lines; tables of data are exempt by name. */
export function lengthFindings(file: SourceFile): Finding[] {
  const lines = file.text.split("\n").length - 1;
  if (lines <= LINES_PER_FILE_MAX || file.path.startsWith("test/")) return [];
  return [{
    path: file.path,
    message:
      `${lines} lines, ${LINES_PER_FILE_MAX} at most: is it still one responsibility?`,
  }];
}

/** A file's name is a heading: snake_case, and not a word that says nothing. */
export function nameFindings(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  if (EMPTY_NAMES.test(file.path)) {
    findings.push({ path: file.path, message: "a name that says nothing" });
  }
  if (!/^[a-z0-9_/.]+\.ts$/.test(file.path)) {
    findings.push({ path: file.path, message: "names are snake_case" });
  }
  return findings;
}

/** Nothing is left open in the code. */
export function openEndFindings(file: SourceFile): Finding[] {
  const words = new RegExp(
    ["TO" + "DO", "FIX" + "ME", "XX" + "X"].map((word) => `\\b${word}\\b`)
      .join("|"),
  );
  return file.text.split("\n").flatMap((line, at) =>
    words.test(line)
      ? [{ path: `${file.path}:${at + 1}`, message: "an open end in the code" }]
      : []
  );
}

/** Every file of `src` is reached from `main.ts`; every file of `tools` from a tool's entry or a test. */
export function deadFileFindings(sources: readonly SourceFile[]): Finding[] {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const paths = sources.map((file) => file.path);
  // A test keeps its tools alive, but not the product.
  const product = reachedFrom(paths.filter(isEntry), byPath);
  const tests = paths.filter((path) => path.startsWith("test/"));
  const all = reachedFrom([...paths.filter(isEntry), ...tests], byPath);
  return paths
    .filter((path) =>
      path.startsWith("src/")
        ? !product.has(path)
        : path.startsWith("tools/") && !all.has(path)
    )
    .map((path) => ({ path, message: "nothing imports this file" }));
}

function reachedFrom(
  entries: readonly string[],
  byPath: ReadonlyMap<string, SourceFile>,
): Set<string> {
  const reached = new Set<string>();
  const queue = [...entries];
  while (queue.length > 0) {
    const path = queue.pop()!;
    if (reached.has(path)) continue;
    reached.add(path);
    const file = byPath.get(path);
    if (file === undefined) continue;
    for (const target of importsOf(file)) queue.push(target);
  }
  return reached;
}

/** Where the product and the tools begin. */
function isEntry(path: string): boolean {
  return path === "src/main.ts" ||
    /^tools\/[a-z_]+\/(main|plugin)\.ts$/.test(path) ||
    /^tools\/fixture\/[a-z_]+\.ts$/.test(path) ||
    /^src\/platform\/deno\/std\//.test(path);
}

function importsOf(file: SourceFile): string[] {
  const specifiers = file.text.matchAll(
    /(?:from|import|new URL\()\s*\(?\s*"(\.[^"]+)"/g,
  );
  return [...specifiers].map((match) => resolve(file.path, match[1]!));
}

/** Every room of `src` and every tool says what it is for. */
export function readmeFindings(
  sources: readonly SourceFile[],
  others: readonly string[],
): Finding[] {
  const rooms = new Set<string>();
  for (const { path } of sources) {
    const match = /^(src\/[a-z]+|tools\/(?:sim|bench|tidy))\//.exec(path);
    if (match !== null) rooms.add(match[1]!);
  }
  const present = new Set(others);
  return [...rooms].sort()
    .filter((room) => !present.has(`${room}/README.md`))
    .map((room) => ({ path: room, message: "a room without a README.md" }));
}

/** The top level is fixed by the owner. */
export function topLevelFindings(paths: readonly string[]): Finding[] {
  const allowed = new Set([
    "deno.json",
    "deno.lock",
    "src",
    "test",
    "tools",
    "dist",
    "README.md",
    "LICENSE",
    ".ci",
    ".gitignore",
  ]);
  const tops = new Set(paths.map((path) => path.split("/")[0]!));
  return [...tops].sort()
    .filter((top) => !allowed.has(top))
    .map((top) => ({ path: top, message: "not a part of the top level" }));
}
