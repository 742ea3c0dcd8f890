/**
 * GlusterFS 10.3's table of volume options: which translator gets which of
 * them under which name. The order of its rows is the order of the passes
 * over a graph, and so of the lines of a volume file (VOLGEN.md §2). The data
 * are written by `tools/fixture/option_map.ts`.
 */

import { assert } from "../../base/mod.ts";
import rows from "./option_map.json" with { type: "json" };

/** One row; a key may have several. */
export interface OptionRow {
  readonly key: string;
  /** The type of the translators that get it. */
  readonly voltype: string;
  /** The translator's own option; a leading `!` asks for special handling. */
  readonly target: string;
  /** What is written when the option is not set; null writes nothing. */
  readonly value: string | null;
  /** A sum of {@link OPTION_FLAGS}. */
  readonly flags: number;
  /** The version of GlusterFS that brought it, e.g. 30600 for 3.6. */
  readonly opVersion: number;
  /** True when the translator takes the option as a truth value. */
  readonly boolean: boolean;
  /** True when it is set for the whole cluster, not for a volume. */
  readonly clusterWide: boolean;
}

/** What a row's flags mean. */
export const OPTION_FLAGS = {
  /** Even a reset by force is needed to remove it. */
  forceToReset: 1,
  /** It adds or removes a translator. */
  xlatorToggle: 2,
  /** Clients must understand it: it raises the client-op-version. */
  affectsClients: 4,
  neverReset: 8,
} as const;

/** All rows, in their order. */
export const OPTION_MAP: readonly OptionRow[] = rows.map(toRow);

const FIRST_ROW = firstRows(OPTION_MAP);

/** The first row of a key, or undefined when there is no such option. */
export function optionRow(key: string): OptionRow | undefined {
  return FIRST_ROW.get(key);
}

/** Fields by `|`: key, voltype, option, value, flags, op-version, boolean, scope. */
function toRow(line: string): OptionRow {
  const fields = line.split("|");
  assert(fields.length === 8, "a row of the option map has eight fields");
  const [key, voltype, option, value, flags, opVersion, boolean, scope] =
    fields as [string, string, string, string, string, string, string, string];
  return {
    key,
    voltype,
    target: option === "" ? key.slice(key.lastIndexOf(".") + 1) : option,
    value: value === "" ? null : value,
    flags: Number(flags),
    opVersion: Number(opVersion),
    boolean: boolean === "boolean",
    clusterWide: scope === "cluster",
  };
}

function firstRows(
  all: readonly OptionRow[],
): ReadonlyMap<string, OptionRow> {
  const first = new Map<string, OptionRow>();
  for (const row of all) if (!first.has(row.key)) first.set(row.key, row);
  return first;
}
