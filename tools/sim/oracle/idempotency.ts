/**
 * Idempotency keys apply once (DESIGN.md §10.2): of all entries that carry a
 * key, one at most changes anything; and as each value is written by one
 * operation only, each value is written at one revision only.
 */

import type { ConfigDocument } from "../../../src/cluster/mod.ts";
import { KEYS } from "../../../src/cluster/mod.ts";
import type { CommittedLog } from "./committed_log.ts";

/** Judges the whole log. */
export function judgeIdempotency(
  log: CommittedLog,
  violated: (oracle: string, message: string) => void,
): void {
  const effective = new Map<string, number>();
  const values = new Map<string, number>();
  for (const { entry, transaction, result, changes } of log.entries) {
    const key = transaction?.idempotency?.key;
    if (
      key !== undefined && result?.kind === "committed" && !result.repeated
    ) {
      const earlier = effective.get(key);
      if (earlier !== undefined) {
        violated(
          "idempotency",
          `key ${key} took effect in entries ${earlier} and ${entry.index}`,
        );
      }
      effective.set(key, entry.index);
    }
    for (const change of changes) {
      if (!change.key.startsWith(KEYS.config("")) || change.value === null) {
        continue;
      }
      const { value } = change.value as ConfigDocument;
      const earlier = values.get(value);
      if (earlier !== undefined) {
        violated(
          "idempotency",
          `${value.slice(0, 20)} was written at revisions ${earlier} and ` +
            `${change.revision}`,
        );
      }
      values.set(value, change.revision);
    }
  }
}
