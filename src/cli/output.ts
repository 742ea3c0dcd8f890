/**
 * What commands print: one listing or one item, in the format asked for. The
 * JSON is a contract: `kind` and `version` say which; a change of meaning
 * raises the version.
 */

import type { Terminal } from "../platform/mod.ts";
import { usage } from "./arguments.ts";
import { nearest } from "./suggestion.ts";
import { type Column, tableOf } from "./table.ts";

/** The formats. */
export const FORMATS = ["table", "wide", "json", "jsonl", "name"] as const;

/** One of the formats. */
export type Format = typeof FORMATS[number];

/** How to print. */
export interface OutputOptions {
  readonly format: Format;
  readonly headers: boolean;
}

/** Many things of one kind. */
export interface Listing<T> {
  readonly kind: string;
  readonly items: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly name: (item: T) => string;
}

/** One thing. `text` is what people see. */
export interface Single<T> {
  readonly kind: string;
  readonly item: T;
  readonly name: string;
  readonly text: (wide: boolean) => string;
}

/** The version of the JSON of every kind so far. */
const JSON_VERSION = 1;

/** The format of a name; throws Problem `usage`. */
export function formatOf(text: string, origin: string): Format {
  if ((FORMATS as readonly string[]).includes(text)) return text as Format;
  const near = nearest(text, FORMATS);
  throw usage(
    `${origin} ${JSON.stringify(text)} is not an output format`,
    near === null ? `use ${FORMATS.join(", ")}` : `did you mean ${near}?`,
  );
}

/** Prints a listing. */
export async function printListing<T>(
  terminal: Terminal,
  options: OutputOptions,
  listing: Listing<T>,
): Promise<void> {
  await terminal.write(listingText(options, listing));
}

/** Prints one item. */
export async function printSingle<T>(
  terminal: Terminal,
  options: OutputOptions,
  single: Single<T>,
): Promise<void> {
  await terminal.write(singleText(options, single));
}

function listingText<T>(options: OutputOptions, listing: Listing<T>): string {
  const { kind, items, columns, name } = listing;
  switch (options.format) {
    case "json":
      return json({ kind: `${kind}List`, version: JSON_VERSION, items });
    case "jsonl":
      return items.map((item) => jsonLine(kind, item)).join("");
    case "name":
      return items.map((item) => `${name(item)}\n`).join("");
    case "wide":
      return tableOf(items, columns, options.headers);
    case "table":
      return tableOf(
        items,
        columns.filter((column) => !column.wide),
        options.headers,
      );
  }
}

function singleText<T>(options: OutputOptions, single: Single<T>): string {
  const { kind, item, name, text } = single;
  switch (options.format) {
    case "json":
      return json({ kind, version: JSON_VERSION, item });
    case "jsonl":
      return jsonLine(kind, item);
    case "name":
      return `${name}\n`;
    case "wide":
    case "table":
      return text(options.format === "wide");
  }
}

/** One item as one line, for streams. */
export function jsonLine(kind: string, item: unknown): string {
  return JSON.stringify({ kind, version: JSON_VERSION, item }) + "\n";
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
