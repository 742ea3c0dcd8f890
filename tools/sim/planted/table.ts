/** The table of planted bugs in README.md, which is written, not typed. */

import type { Planted } from "./planted.ts";

/** A bug, and the first seed that caught it. */
export interface PlantedRow {
  readonly planted: Planted;
  readonly first: { readonly seed: number; readonly oracle: string } | null;
}

const README = new URL("../README.md", import.meta.url);
const BEGIN =
  "<!-- planted bugs: deno task simulate --planted all --rewrite -->";
const END = "<!-- end of planted bugs -->";

/** Replaces what stands between the two marks. */
export async function rewriteTable(rows: readonly PlantedRow[]): Promise<void> {
  const text = await Deno.readTextFile(README);
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`${README.pathname} has no place for the table`);
  }
  const before = text.slice(0, begin);
  const after = text.slice(end);
  await Deno.writeTextFile(
    README,
    `${before}${BEGIN}\n\n${tableOf(rows)}\n\n${after}`,
  );
}

/** Aligned as `deno fmt` would. */
export function tableOf(rows: readonly PlantedRow[]): string {
  const cells = [
    ["bug", "what it does", "first seed", "by", "at most"],
    ...rows.map(({ planted, first }) => [
      `\`${planted.name}\``,
      planted.about,
      String(first?.seed ?? "none"),
      first === null ? "" : `\`${first.oracle}\``,
      String(planted.seedsMax),
    ]),
  ];
  const widths = cells[0]!.map((_, column) =>
    Math.max(...cells.map((row) => row[column]!.length))
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join("\n");
}
