/**
 * A claim is one statement about one member: the row that gossip carries. Which
 * of two claims wins is decided here, by a table, and nowhere else.
 */

import type { Member, MemberAddress, MemberName, MemberState } from "./step.ts";

/** What someone says of a member. */
export interface Claim extends Member {
  /** Who first said so. Of a suspicion that names the suspect itself: hearsay from another's table. */
  readonly by: MemberName;
  /** For `failed` and `left`: how long ago; else 0. Lets tombstones expire together. */
  readonly ageTicks: number;
}

/** What to do with a claim: take it, count it as another accuser, drop it, or drop it as a rival's. */
export type Ruling = "accept" | "confirm" | "ignore" | "conflict";

/** What claims are compared by. */
type Compared = Pick<Member, "state" | "incarnation" | "machine" | "address">;

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

/**
 * Decides between what is held of a member and a claim about it. The holder of
 * a name keeps it while it lives, whatever another machine's incarnation.
 */
export function ruling(held: Compared, claim: Compared): Ruling {
  if (isLive(held.state) && isRival(held, claim)) {
    return isLive(claim.state) ? "conflict" : "ignore";
  }
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

/** True when two claims to one name are of different machines, at different places. */
export function isRival(
  one: Pick<Member, "machine" | "address">,
  other: Pick<Member, "machine" | "address">,
): boolean {
  // A machine set up anew keeps its address: two cannot live at one.
  return one.machine !== other.machine &&
    !isSameAddress(one.address, other.address);
}

/** True when both are the same endpoint. */
export function isSameAddress(a: MemberAddress, b: MemberAddress): boolean {
  return a.port === b.port && a.host === b.host;
}
