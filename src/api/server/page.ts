/** Pages of a list: sorted by key, with an opaque token to go on from. */

import { Problem, text, utf8 } from "../../base/mod.ts";
import type { ClusterState, Document, Versioned } from "../../cluster/mod.ts";
import { type Page, PAGE_LIMIT_MAX } from "../contract/mod.ts";

/** Which page a client asks for. */
export interface PageQuery {
  readonly limit?: number | undefined;
  readonly pageToken?: string | undefined;
}

/**
 * One page of the documents under a prefix, or of those that are `wanted`, as `view` shows them. Each page
 * reads the state as it is then; all of them repeat the first one's revision,
 * so that a watch from there misses nothing.
 */
export function pageOf<T extends Document, View>(
  state: ClusterState,
  prefix: string,
  query: PageQuery,
  view: (document: Versioned<T>) => View,
  wanted?: (document: T) => boolean,
): Page<View> {
  const limit = limitOf(query);
  const from = query.pageToken === undefined
    ? null
    : decodeToken(query.pageToken, prefix);
  const range = from === null ? {} : { after: from.after };
  // What is not wanted takes no place on a page.
  const found = wanted === undefined
    ? state.list<T>(prefix, { ...range, limit: limit + 1 })
    : state.list<T>(prefix, range).filter(({ value }) => wanted(value));
  const revision = from?.revision ?? state.revision;
  const items = found.slice(0, limit);
  return {
    items: items.map(view),
    revision,
    ...(found.length > limit
      ? { nextPageToken: encodeToken(revision, items.at(-1)!.key) }
      : {}),
  };
}

/** How many items a page may have; throws Problem `malformed-request`. */
export function limitOf(query: PageQuery): number {
  const limit = query.limit ?? PAGE_LIMIT_MAX;
  if (limit >= 1 && limit <= PAGE_LIMIT_MAX) return limit;
  throw malformed(
    "limit",
    `a page has 1 to ${PAGE_LIMIT_MAX} items, not ${limit}`,
    "give a limit in between",
  );
}

/** Where a list goes on: the first page's revision, and the last key shown. */
export function encodeToken(revision: number, after: string): string {
  const binary = String.fromCharCode(...utf8(`${revision} ${after}`));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}

/** What {@link encodeToken} took; throws Problem `malformed-request`. */
export function decodeToken(
  token: string,
  prefix: string,
): { revision: number; after: string } {
  let plain = "";
  try {
    const binary = atob(token.replaceAll("-", "+").replaceAll("_", "/"));
    plain = text(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  } catch {
    // Falls through to the refusal below.
  }
  const match = /^(\d{1,15}) (.*)$/s.exec(plain);
  if (match === null || !match[2]!.startsWith(prefix)) {
    throw malformed("pageToken", "the page token is not one of this list");
  }
  return { revision: Number(match[1]), after: match[2]! };
}

function malformed(
  field: string,
  message: string,
  remedy = "ask for the first page",
): Problem {
  return new Problem("malformed-request", message, remedy, {
    errors: [{ pointer: `/query/${field}`, message }],
  });
}
