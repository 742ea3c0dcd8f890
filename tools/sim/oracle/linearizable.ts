/** The history of each key is linearizable (DESIGN.md §10.2). */

import { checkRegister, describe } from "../linearizability.ts";
import type { ConfigHistory } from "../workload/config_history.ts";

/** Judges every key. */
export function judgeLinearizability(
  history: ConfigHistory,
  violated: (oracle: string, message: string) => void,
): void {
  for (const key of history.keys) {
    const judgement = checkRegister(history.of(key));
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
