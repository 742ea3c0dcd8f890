/** The guide to the tests names only tests that there are. */

import type { Finding, SourceFile } from "./tree.ts";

const GUIDE = "test/README.md";

/**
 * One for each name in the guide's tables that the file before it does not
 * hold: `FOLDER/FILE_test.ts`: "NAME", "NAME".
 */
export function guideFindings(
  text: string,
  sources: readonly SourceFile[],
): Finding[] {
  const findings: Finding[] = [];
  for (const row of text.split("\n").filter((line) => line.startsWith("|"))) {
    for (const [, path, names] of row.matchAll(/`(\S+_test\.ts)`:([^`]*)/g)) {
      const file = sources.find((one) => one.path === `test/${path}`);
      for (const [quoted] of names!.matchAll(/"[^"]+"/g)) {
        if (file?.text.includes(quoted)) continue;
        findings.push({
          path: GUIDE,
          message: `test/${path} has no test ${quoted}`,
        });
      }
    }
  }
  return findings;
}
