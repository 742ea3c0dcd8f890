/** Time: every timer is a count of ticks (thesis §3.4, §3.9, §6.2). */

import { startPreVote } from "./election.ts";
import { becomeFollower } from "./follower.ts";
import type { Leadership } from "./leadership.ts";
import { reachedByMajority } from "./quorum.ts";
import { startRound } from "./replication.ts";
import type { RaftState } from "./state.ts";

/** One period has passed. */
export function receiveTick(state: RaftState): void {
  if (state.leadership !== null) {
    tickLeader(state, state.leadership);
    return;
  }
  state.electionElapsedTicks += 1;
  // §3.4: no leader for a random time; also when a campaign came to nothing.
  if (state.electionElapsedTicks >= state.electionTimeoutTicks) {
    startPreVote(state);
  }
}

function tickLeader(state: RaftState, leadership: Leadership): void {
  leadership.ticks += 1;
  if (isCutOff(state, leadership)) {
    becomeFollower(state, state.term);
    return;
  }
  leadership.heartbeatElapsedTicks += 1;
  if (leadership.heartbeatElapsedTicks >= state.options.heartbeatTicks) {
    startRound(state, leadership);
  }
}

/** §6.2: without an answer from a majority for an election timeout, a leader steps down. */
function isCutOff(state: RaftState, leadership: Leadership): boolean {
  const contacts = [leadership.ticks];
  for (const progress of leadership.progress.values()) {
    contacts.push(progress.contactTick);
  }
  const silentTicks = leadership.ticks - reachedByMajority(contacts);
  return silentTicks >= state.options.electionTicksMin;
}
