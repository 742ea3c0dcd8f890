/** The history of each key is linearizable (DESIGN.md §10.2). */

import type { ConfigDocument } from "../../../src/cluster/mod.ts";
import { KEYS } from "../../../src/cluster/mod.ts";
import { checkRegister, describe, type Operation } from "../linearizability.ts";
import type { ConfigHistory } from "../workload/config_history.ts";
import type { CommittedLog } from "./committed_log.ts";

/**
 * Judges every key. Of the writes whose outcome no client learned, the log
 * tells which never happened: a value that it does not hold was never there
 * (and if anybody saw it all the same, the durability oracle says so).
 */
export function judgeLinearizability(
  log: CommittedLog,
  history: ConfigHistory,
  violated: (oracle: string, message: string) => void,
): void {
  const written = writtenValues(log);
  const happened = ({ returnedMs, action }: Operation): boolean =>
    returnedMs !== null || action.value === null || written.has(action.value);
  for (const key of history.keys) {
    const judgement = checkRegister(history.of(key).filter(happened));
    if (judgement.kind === "undecided") {
      violated("linearizability", `the history of ${key} is too hard to judge`);
    } else if (judgement.kind === "violation") {
      const { longest, stuck } = judgement;
      violated(
        "linearizability",
        [
          `the history of ${key} has no order; after`,
          ...longest.slice(-6).map((one) => `  ${describe(one)}`),
          "nothing of this can follow:",
          ...stuck.map((one) => `  ${describe(one)}`),
        ].join("\n"),
      );
    }
  }
}

function writtenValues(log: CommittedLog): Set<string> {
  const values = new Set<string>();
  for (const { changes } of log.entries) {
    for (const { key, value } of changes) {
      if (value === null || !key.startsWith(KEYS.config(""))) continue;
      values.add((value as ConfigDocument).value);
    }
  }
  return values;
}
