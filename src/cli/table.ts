/** Tables for people: upper-case headers, two spaces, no borders. */

/** One column of a listing. */
export interface Column<T> {
  readonly header: string;
  /** The cell; null or an empty text is shown as `-`. */
  readonly cell: (item: T) => string | number | null;
  /** Only shown by `-o wide`. */
  readonly wide?: boolean;
}

/** The table as text, each line with its newline; nothing but headers when there are no items. */
export function tableOf<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  headers: boolean,
): string {
  const rows = items.map((item) =>
    columns.map((column) => cellOf(column.cell(item)))
  );
  if (headers) rows.unshift(columns.map((column) => column.header));
  const widths = columns.map((_, at) =>
    Math.max(0, ...rows.map((row) => row[at]!.length))
  );
  return rows.map((row) =>
    row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd() + "\n"
  ).join("");
}

/** `NAME: value` lines, aligned. */
export function factsOf(
  facts: readonly (readonly [name: string, value: string | number | null])[],
): string {
  const width = Math.max(...facts.map(([name]) => name.length)) + 1;
  return facts.map(([name, value]) =>
    `${`${name}:`.padEnd(width)}  ${cellOf(value)}\n`
  ).join("");
}

/** One line, whatever a value holds. */
function cellOf(value: string | number | null): string {
  if (value === null || value === "") return "-";
  // deno-lint-ignore no-control-regex
  return String(value).replace(/[\x00-\x1f\x7f]+/g, " ");
}
