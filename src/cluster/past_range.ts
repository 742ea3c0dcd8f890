/** A range of keys as it was: the present, with the changes since then undone. */

import type { Change, Versioned } from "./command.ts";
import { isWithin, type Range } from "./ordered_map.ts";

/**
 * The documents of a range before `changes`, which are all that happened to
 * its prefix since, oldest first. `list` answers the range as it is now.
 */
export function rangeBefore(
  changes: readonly Change[],
  range: Range,
  list: (range: Range) => readonly Versioned[],
): Versioned[] {
  const before = new Map<string, Versioned | null>();
  for (const { key, previous } of changes) {
    if (isWithin(key, range) && !before.has(key)) before.set(key, previous);
  }
  const limit = range.limit ?? Infinity;
  // As many more as may turn out to be newer than the past.
  const found = list({ ...range, limit: limit + before.size })
    .filter(({ key }) => !before.has(key));
  for (const document of before.values()) {
    if (document !== null) found.push(document);
  }
  found.sort((a, b) => a.key < b.key ? -1 : 1);
  return found.slice(0, Math.min(limit, found.length));
}
