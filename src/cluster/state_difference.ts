/** What a state that is replaced whole looks like to those who follow its changes. */

import type { Change } from "./command.ts";
import type { ClusterState } from "./state.ts";

/** All that differs, as changes of the revision of `after`; in key order, deletions last. */
export function changesBetween(
  before: ClusterState,
  after: ClusterState,
): Change[] {
  const { revision } = after;
  const changes: Change[] = [];
  for (const { key, value, revision: changedAt } of after.list("")) {
    const previous = before.get(key);
    if (previous?.revision === changedAt) continue;
    changes.push({ revision, key, value, previous, atMs: null });
  }
  for (const previous of before.list("")) {
    const { key } = previous;
    if (after.get(key) !== null) continue;
    changes.push({ revision, key, value: null, previous, atMs: null });
  }
  return changes;
}
