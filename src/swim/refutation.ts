/** A member's answer to what others say of it (SWIM §4.2): it alone may raise its incarnation. */

import { type Claim, isLive, isRival, isSameAddress } from "./claim.ts";
import { noteRival } from "./rivalry.ts";
import { selfClaim, type SwimState } from "./state.ts";
import type { MemberState } from "./step.ts";
import { INCARNATION_MAX } from "./wire.ts";

/** So many living lives of its own machine a member outbids; more are a copy of it that does likewise. */
const OUTBIDS_MAX = 8;

/**
 * Outbids a claim that this member is not alive. A claim of a higher
 * incarnation stems from an earlier life under the same name, and is outbid
 * alike; so a member that restarts with too low a number still gets in. What
 * lives under this name on another machine is disputed, never outbid.
 */
export function refute(state: SwimState, claim: Claim): void {
  const { self } = state;
  if (self.standing !== "present") return;
  if (isRival(self, claim) && isLive(claim.state)) {
    return noteRival(state, claim.address);
  }
  if (claim.incarnation < self.incarnation) return;
  if (claim.state === "alive") return outbid(state, claim);
  if (claim.incarnation === self.incarnation) {
    // Someone missed this member's answers: perhaps they come too slowly (Lifeguard, LHA-Probe).
    state.awareness.doubt(1);
    state.counters.refutations++;
  }
  raiseIncarnation(state, claim.incarnation, claim.state);
}

/** Takes an incarnation above the given one, under which it was held to be in state `before`, and tells everybody. */
export function raiseIncarnation(
  state: SwimState,
  above: number,
  before: MemberState,
): void {
  const { self } = state;
  if (above < self.incarnation || above >= INCARNATION_MAX) return;
  self.incarnation = above + 1;
  state.dissemination.queue(selfClaim(state), before);
}

/** True for a claim that the receiver itself is not alive, however old. */
export function accuses(state: SwimState, claims: readonly Claim[]): boolean {
  return claims.some((claim) =>
    claim.name === state.self.name && claim.state !== "alive"
  );
}

/** Another life of this machine, or one before it at the same place. */
function outbid(state: SwimState, claim: Claim): void {
  const { self } = state;
  const here = isSameAddress(claim.address, self.address);
  if (claim.incarnation === self.incarnation) {
    if (claim.machine === self.machine) {
      if (!here) noteRival(state, claim.address);
      return;
    }
  } else if (!here && state.outbids++ >= OUTBIDS_MAX) {
    return noteRival(state, claim.address);
  }
  raiseIncarnation(state, claim.incarnation, claim.state);
}
