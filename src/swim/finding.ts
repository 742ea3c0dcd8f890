/**
 * What the monitors found out about a member. Their probe and their verdict
 * weigh more than gossip's, but not more than the member itself: a higher
 * incarnation outlives a verdict here as there (DESIGN.md §6).
 */

import { isLive } from "./claim.ts";
import { learn } from "./learning.ts";
import { raiseIncarnation } from "./refutation.ts";
import { claimOf, type SwimState } from "./state.ts";
import type { SwimEvent } from "./step.ts";

/** Takes one finding in; what it says of other incarnations than the present one is old. */
export function onFinding(
  state: SwimState,
  { name, incarnation, finding }: SwimEvent & { kind: "finding" },
): void {
  if (state.self.standing !== "present") return;
  if (name === state.self.name) {
    // Someone suspects this life: only a higher incarnation clears it everywhere.
    if (incarnation === state.self.incarnation) {
      raiseIncarnation(state, incarnation, "suspect");
    }
    return;
  }
  const held = state.table.get(name);
  if (held === undefined || !isLive(held.state)) return;
  if (finding === "answers") {
    if (held.incarnation === incarnation) {
      state.suspicions.prolong(name, state.now);
    }
  } else if (held.incarnation <= incarnation) {
    const claim = {
      ...claimOf(state, held),
      incarnation,
      state: "failed" as const,
      by: state.self.name,
    };
    learn(state, claim, "self", "pronounced dead by the monitors");
  }
}
