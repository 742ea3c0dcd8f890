/** A member's answer to what others say of it (SWIM §4.2): it alone may raise its incarnation. */

import type { Claim } from "./claim.ts";
import { sameAddress, selfClaim, type SwimState } from "./state.ts";
import { INCARNATION_MAX } from "./wire.ts";

/**
 * Outbids a claim that this member is not alive. A claim of a higher
 * incarnation stems from an earlier life under the same name, and is outbid
 * alike; so a member that restarts with too low a number still gets in.
 */
export function refute(state: SwimState, claim: Claim): void {
  const { self } = state;
  if (self.standing !== "present" || claim.incarnation < self.incarnation) {
    return;
  }
  if (claim.state === "alive" && claim.incarnation === self.incarnation) {
    if (!sameAddress(claim.address, self.address)) {
      state.counters.nameConflicts++;
    }
    return;
  }
  if (claim.incarnation === self.incarnation) {
    // Someone missed this member's answers: perhaps they come too slowly (Lifeguard, LHA-Probe).
    state.awareness.doubt(1);
    state.counters.refutations++;
  }
  raiseIncarnation(state, claim.incarnation);
}

/** Takes an incarnation above the given one and tells everybody. */
export function raiseIncarnation(state: SwimState, above: number): void {
  const { self } = state;
  if (above < self.incarnation || above >= INCARNATION_MAX) return;
  self.incarnation = above + 1;
  state.dissemination.queue(selfClaim(state));
}

/** True for a claim that the receiver itself is not alive, however old. */
export function accuses(state: SwimState, claims: readonly Claim[]): boolean {
  return claims.some((claim) =>
    claim.name === state.self.name && claim.state !== "alive"
  );
}
