/**
 * A watcher sees each revision once, in order, without a gap, or is told that
 * it was compacted (DESIGN.md §10.6): what it was shown is exactly what the
 * committed log holds for the span it watched.
 */

import type { ConfigDocument } from "../../../src/cluster/mod.ts";
import { KEYS } from "../../../src/cluster/mod.ts";
import type {
  Shown,
  Watched,
  WatchHistory,
} from "../workload/watch_history.ts";
import type { CommittedLog } from "./committed_log.ts";

/** Judges all spans. */
export function judgeWatches(
  log: CommittedLog,
  history: WatchHistory,
  violated: (oracle: string, message: string) => void,
): void {
  const prefix = KEYS.config("");
  const all: Shown[] = [];
  for (const { changes } of log.entries) {
    for (const { revision, key, value } of changes) {
      if (!key.startsWith(prefix)) continue;
      all.push({
        revision,
        key: key.slice(prefix.length),
        value: value === null ? null : (value as ConfigDocument).value,
      });
    }
  }
  for (const span of history.spans) judgeSpan(span, all, violated);
}

function judgeSpan(
  span: Watched,
  all: readonly Shown[],
  violated: (oracle: string, message: string) => void,
): void {
  const due = all.filter(({ revision }) =>
    revision > span.from && revision <= span.reached
  );
  for (let at = 0; at < Math.max(due.length, span.shown.length); at++) {
    const expected = due[at];
    const shown = span.shown[at];
    if (
      expected?.revision === shown?.revision && expected?.key === shown?.key &&
      expected?.value === shown?.value
    ) continue;
    violated(
      "watches",
      `${span.watcher} (${span.from}, ${span.reached}] was shown ` +
        `${show(shown)} where ${show(expected)} was due`,
    );
    return;
  }
}

function show(shown: Shown | undefined): string {
  return shown === undefined
    ? "nothing"
    : `${shown.key} = ${shown.value?.slice(0, 12)} at ${shown.revision}`;
}
