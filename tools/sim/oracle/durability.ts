/**
 * An acknowledged write is never lost, and nobody is shown what was never
 * written: each acknowledgement and each sighting stands in the committed log
 * under its revision (DESIGN.md §10.2).
 */

import { type ConfigDocument, KEYS } from "../../../src/cluster/mod.ts";
import type { ConfigHistory, Sighting } from "../workload/config_history.ts";
import type { CommittedLog } from "./committed_log.ts";

/** Judges all acknowledgements and sightings. */
export function judgeDurability(
  log: CommittedLog,
  history: ConfigHistory,
  violated: (oracle: string, message: string) => void,
): void {
  const written = new Map<string, string>();
  for (const { changes } of log.entries) {
    for (const { key, revision, value } of changes) {
      if (value === null) continue;
      written.set(`${revision} ${key}`, (value as ConfigDocument).value);
    }
  }
  const stands = ({ key, value, revision }: Sighting): boolean =>
    written.get(`${revision} ${KEYS.config(key)}`) === value;
  for (const write of history.acknowledged) {
    if (stands(write)) continue;
    violated("durability", `acknowledged, but not committed: ${show(write)}`);
  }
  for (const read of history.seen) {
    if (stands(read)) continue;
    violated("durability", `read, but never committed: ${show(read)}`);
  }
}

function show({ key, value, revision }: Sighting): string {
  return `${key} = ${value.slice(0, 20)} at revision ${revision}`;
}
