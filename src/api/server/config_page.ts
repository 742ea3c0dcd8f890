/** Pages of the users' keys: as of the first page's revision, bounded in items and in bytes. */

import { LIMITS } from "../../base/mod.ts";
import {
  type ClusterState,
  type ConfigDocument,
  KEYS,
  type Versioned,
} from "../../cluster/mod.ts";
import type { ConfigList, ConfigListed } from "../contract/mod.ts";
import { decodeToken, encodeToken, limitOf, type PageQuery } from "./page.ts";
import { configEntry } from "./view.ts";

/** Which keys a client asks for, and what of them. */
export interface ConfigPageQuery extends PageQuery {
  readonly prefix?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
}

/**
 * One page. When the state as of the first page cannot be told any more, the
 * page shows the state as it is now and says so: `consistent` is false.
 */
export function configPageOf(
  state: ClusterState,
  query: ConfigPageQuery,
): ConfigList {
  const limit = limitOf(query);
  const prefix = KEYS.config(query.prefix ?? "");
  const bounds = { from: keyOf(query.from), to: keyOf(query.to) };
  if (query.countOnly === true) {
    const { revision } = state;
    const count = state.count(prefix, bounds);
    return { items: [], revision, count, consistent: true };
  }
  const token = query.pageToken === undefined
    ? null
    : decodeToken(query.pageToken, prefix);
  const revision = token?.revision ?? state.revision;
  const range = { ...bounds, after: token?.after, limit: limit + 1 };
  const past = revision <= state.revision
    ? state.listAt<ConfigDocument>(revision, prefix, range)
    : "compacted";
  const found = past === "compacted"
    ? state.list<ConfigDocument>(prefix, range)
    : past;
  const shown = firstOf(found, limit, query.keysOnly === true);
  const last = shown.at(-1);
  return {
    items: shown.map((entry) => listed(entry, query.keysOnly === true)),
    revision,
    ...(token === null ? { count: state.count(prefix, bounds) } : {}),
    consistent: past !== "compacted",
    ...(shown.length < found.length && last !== undefined
      ? { nextPageToken: encodeToken(revision, last.key) }
      : {}),
  };
}

/** As many as the limits of a page allow, and one at least. */
function firstOf(
  found: readonly Versioned<ConfigDocument>[],
  limit: number,
  keysOnly: boolean,
): readonly Versioned<ConfigDocument>[] {
  if (keysOnly) return found.slice(0, limit);
  let units = 0;
  for (const [at, { value }] of found.entries()) {
    units += value.value.length;
    if (at > 0 && (at === limit || units > LIMITS.pageBytes)) {
      return found.slice(0, at);
    }
  }
  return found;
}

function keyOf(bound: string | undefined): string | undefined {
  return bound === undefined ? undefined : KEYS.config(bound);
}

function listed(
  entry: Versioned<ConfigDocument>,
  keysOnly: boolean,
): ConfigListed {
  const whole = configEntry(entry);
  if (!keysOnly) return whole;
  const { value: _, ...rest } = whole;
  return rest;
}
