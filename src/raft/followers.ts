/** Whom a leader replicates to: the members of the configuration in force (thesis §4.1). */

import { memberOf } from "./configuration.ts";
import { InFlight } from "./in_flight.ts";
import type { Leadership } from "./leadership.ts";
import { Progress } from "./progress.ts";
import { majorityOf } from "./quorum.ts";
import type { RaftState } from "./state.ts";

/** After so many election timeouts a removed monitor is left to itself. */
const LEAVING_TIMEOUTS = 2;

/**
 * Begins with members that are new, also under a known name, and marks those
 * that are members no more: they are still sent the news of it.
 */
export function followMembers(state: RaftState, leadership: Leadership): void {
  const { configuration, index } = state.membership;
  const { progress } = leadership;
  for (const { name, incarnation } of configuration) {
    const known = progress.get(name);
    if (name === state.name) continue;
    if (known?.incarnation === incarnation && known.leaving === null) continue;
    progress.set(name, newProgress(state, leadership, name, incarnation));
  }
  for (const one of progress.values()) {
    if (memberOf(configuration, one.name) !== null) continue;
    one.leaving ??= {
      removalIndex: index,
      untilTick: leadership.ticks +
        LEAVING_TIMEOUTS * state.options.electionTicksMin,
    };
  }
}

/**
 * Lets go of removed monitors. One that knows that its removal is committed
 * does not campaign; one that does not know would ask for pre-votes in vain
 * (thesis §4.2.3), so this is a courtesy with an end.
 */
export function dropLeavers(leadership: Leadership): void {
  for (
    const { name, leaving, matchIndex, commitSent } of leadership.progress
      .values()
  ) {
    if (leaving === null) continue;
    const knows = Math.min(matchIndex, commitSent) >= leaving.removalIndex;
    if (knows || leadership.ticks >= leaving.untilTick) {
      leadership.progress.delete(name);
    }
  }
}

/** What a leader heard is old: until they answer again, no follower counts as responsive. */
export function forgetContacts({ leadership }: RaftState): void {
  for (const progress of leadership?.progress.values() ?? []) {
    progress.heard = false;
  }
}

/** True when a follower has answered within the shortest election timeout. */
export function isResponsive(
  state: RaftState,
  leadership: Leadership,
  progress: Progress,
): boolean {
  return progress.heard &&
    leadership.ticks - progress.contactTick < state.options.electionTicksMin;
}

/** True when the voters that were heard lately can commit without this leader's disk (thesis §10.2.1). */
export function followersSuffice(state: RaftState): boolean {
  const { leadership, membership } = state;
  if (leadership === null) return false;
  const voters = membership.configuration.filter(({ voter }) => voter);
  let count = 0;
  for (const { name } of voters) {
    const progress = leadership.progress.get(name);
    if (progress === undefined) continue;
    if (isResponsive(state, leadership, progress)) count++;
  }
  return count >= majorityOf(voters.length);
}

function newProgress(
  state: RaftState,
  leadership: Leadership,
  name: string,
  incarnation: string,
): Progress {
  const { inFlightMax, appendBytesMax, inFlightBytesMax } = state.options;
  return new Progress(
    name,
    state.log.lastIndex + 1,
    new InFlight(inFlightMax, inFlightBytesMax ?? 4 * appendBytesMax),
    incarnation,
    leadership.ticks,
  );
}
