/**
 * Two living machines of one name. The others keep to the one they heard of
 * first; the two call one another until each knows, and never outbid each
 * other. A machine is _established_ when the monitors admitted it, or after it
 * has lived among others in peace for a while. A newcomer yields to it; of two
 * newcomers one yields by their numbers; two established ones are for the
 * monitors to judge, whose refusal ends one of them.
 */

import { type Claim, isRival, isSameAddress } from "./claim.ts";
import { leave } from "./leaving.ts";
import { memberOf, selfClaim, type SwimState } from "./state.ts";
import type { Member, MemberAddress } from "./step.ts";
import { type Datagram, encodeMessage } from "./wire.ts";

/** Between two calls at a rival's door, and how many there are for each time it is heard of. */
const CALL_TICKS = 10;
const CALLS = 5;

/** So long a newcomer must have lived undisputed among others: far longer than news takes to all. */
const PEACE_TICKS = 100;

/** Another machine is said to live under this name: it is called. */
export function noteRival(state: SwimState, to: MemberAddress): void {
  state.counters.nameConflicts++;
  state.due.establishment = state.now + PEACE_TICKS;
  state.rivalry = { to, calls: CALLS };
}

/** Calls the rival, and counts the time of peace. */
export function tickRivalry(state: SwimState): void {
  if (!state.self.established && state.table.liveCount > 0) {
    const { due } = state;
    if (due.establishment === Infinity) {
      due.establishment = state.now + PEACE_TICKS;
    }
    state.self.established = state.now >= due.establishment;
  }
  const { rivalry } = state;
  if (rivalry === null || state.now < state.due.dispute) return;
  state.due.dispute = state.now + CALL_TICKS;
  if (--rivalry.calls === 0) state.rivalry = null;
  call(state, rivalry.to, false);
}

/** A rival spoke itself: decides who goes, and answers a call. */
export function onDispute(
  state: SwimState,
  dispute: Datagram & { kind: "dispute" },
): void {
  const rival = dispute.claims[0]!;
  const { self } = state;
  if (self.standing !== "present" || !isOther(self, rival)) return;
  if (!dispute.answer) call(state, rival.address, true);
  state.due.establishment = state.now + PEACE_TICKS;
  const yields = !self.established &&
    (dispute.established || precedes(rival, self));
  report(state, rival, yields);
  if (yields) leave(state);
}

function isOther(
  self: SwimState["self"],
  rival: Claim,
): boolean {
  return rival.name === self.name && rival.state === "alive" &&
    (isRival(rival, self) || !isSameAddress(rival.address, self.address));
}

/** Each rival once: a dispute may last until the monitors can be reached. */
function report(state: SwimState, rival: Claim, yields: boolean): void {
  const known = `${rival.machine} ${rival.address.host} ${rival.address.port}`;
  if (known === state.knownRival && !yields) return;
  state.knownRival = known;
  state.effects.dispute = { rival: memberOf(rival), yields };
}

function call(state: SwimState, to: MemberAddress, answer: boolean): void {
  // Without news: it is nothing to them that do not share a view.
  const bytes = encodeMessage({
    kind: "dispute",
    established: state.self.established,
    answer,
    claims: [selfClaim(state)],
  });
  state.effects.send.push({ to, bytes });
}

/** A total order over machines and their places: both sides come to the same end. */
function precedes(
  one: Pick<Member, "machine" | "address">,
  other: Pick<Member, "machine" | "address">,
): boolean {
  if (one.machine !== other.machine) return one.machine < other.machine;
  if (one.address.host !== other.address.host) {
    return one.address.host < other.address.host;
  }
  return one.address.port < other.address.port;
}
