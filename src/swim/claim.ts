/**
 * A claim is one statement about one member: the row that gossip carries. Which
 * of two claims wins is decided here, by a table, and nowhere else.
 */

import type { Member, MemberName, MemberState } from "./step.ts";

/** What someone says of a member. */
export interface Claim extends Member {
  /** Who first said so. Of a suspicion that names the suspect itself: hearsay from another's table. */
  readonly by: MemberName;
  /** For `failed` and `left`: how long ago; else 0. Lets tombstones expire together. */
  readonly ageTicks: number;
}

/** What to do with a claim: take it, count it as another accuser, or drop it. */
export type Ruling = "accept" | "confirm" | "ignore";

type Condition = "newer" | "newer or equal" | "newer, or confirms";

/**
 * Which incarnation a claim (column) needs to override what is held (row):
 * SWIM §4.2, but a failure is outlived by a higher incarnation (in the paper a
 * confirmed failure is final), and `left`, which only the member itself says
 * first, beats a failure of the same incarnation. Thus claims are totally
 * ordered by incarnation, then alive < suspect < failed < left, and all members
 * converge whatever the order of arrival.
 */
const OVERRIDES: Record<MemberState, Record<MemberState, Condition>> = {
  alive: {
    alive: "newer",
    suspect: "newer or equal",
    failed: "newer or equal",
    left: "newer or equal",
  },
  suspect: {
    alive: "newer",
    suspect: "newer, or confirms",
    failed: "newer or equal",
    left: "newer or equal",
  },
  failed: {
    alive: "newer",
    suspect: "newer",
    failed: "newer",
    left: "newer or equal",
  },
  left: {
    alive: "newer",
    suspect: "newer",
    failed: "newer",
    left: "newer",
  },
};

/** Decides between what is held of a member and a claim about it. */
export function ruling(
  held: { readonly state: MemberState; readonly incarnation: number },
  claim: { readonly state: MemberState; readonly incarnation: number },
): Ruling {
  if (claim.incarnation > held.incarnation) return "accept";
  if (claim.incarnation < held.incarnation) return "ignore";
  switch (OVERRIDES[held.state][claim.state]) {
    case "newer":
      return "ignore";
    case "newer or equal":
      return "accept";
    case "newer, or confirms":
      return "confirm";
  }
}

/** True for members that take part: probed, gossiped to, counted in `n`. */
export function isLive(state: MemberState): boolean {
  return state === "alive" || state === "suspect";
}
