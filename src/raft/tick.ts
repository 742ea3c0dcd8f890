/** Time: every timer is a count of ticks (thesis §3.4, §3.9, §6.2). */

import { startPreVote } from "./election.ts";
import { becomeFollower } from "./follower.ts";
import { dropLeavers } from "./followers.ts";
import { refuseForwardedReads, tickForwardedReads } from "./forwarded_reads.ts";
import type { Leadership } from "./leadership.ts";
import { advanceMembership } from "./membership_change.ts";
import { reachedByVoters } from "./quorum.ts";
import { startRound } from "./replication.ts";
import type { RaftState } from "./state.ts";
import { tickTransfer } from "./transfer.ts";

/** One period has passed. */
export function receiveTick(state: RaftState): void {
  if (state.promisedTicks > 0) state.promisedTicks -= 1;
  if (state.leadership !== null) {
    tickLeader(state, state.leadership);
    return;
  }
  tickForwardedReads(state);
  state.electionElapsedTicks += 1;
  // §3.4: no leader for a random time; also when a campaign came to nothing.
  if (state.electionElapsedTicks < state.electionTimeoutTicks) return;
  // §4.2.1, §4.2.2: learners and removed monitors wait to be heard of.
  if (state.membership.mayCampaign(state.commitIndex)) startPreVote(state);
  else {
    refuseForwardedReads(state);
    becomeFollower(state, state.term);
  }
}

function tickLeader(state: RaftState, leadership: Leadership): void {
  leadership.ticks += 1;
  if (isCutOff(state, leadership)) {
    becomeFollower(state, state.term);
    return;
  }
  dropLeavers(leadership);
  tickTransfer(state, leadership);
  advanceMembership(state, leadership);
  leadership.heartbeatElapsedTicks += 1;
  if (leadership.heartbeatElapsedTicks >= state.options.heartbeatTicks) {
    startRound(state, leadership);
  }
}

/** §6.2: without an answer from a majority for an election timeout, a leader steps down. */
function isCutOff(state: RaftState, leadership: Leadership): boolean {
  const { ticks } = leadership;
  const contact = reachedByVoters(
    state,
    leadership,
    ticks,
    ({ contactTick }) => contactTick,
  );
  return ticks - contact >= state.options.electionTicksMin;
}
