/** Answering RequestVote, and its question in advance, the pre-vote (thesis §3.4, §3.6.1, §9.6). */

import { becomeFollower, hearsLeader } from "./follower.ts";
import type { VoteRequest } from "./message.ts";
import type { RaftState } from "./state.ts";

/** Handles the request in any term: it alone may ask about a term without starting it. */
export function receiveVoteRequest(
  state: RaftState,
  request: VoteRequest,
): void {
  if (request.preVote) receivePreVote(state, request);
  else receiveVote(state, request);
}

/** §9.6: yes, if the election could be won and nobody is heard leading. Binds to nothing. */
function receivePreVote(state: RaftState, request: VoteRequest): void {
  const granted = request.term > state.term && !hearsLeader(state) &&
    mayVote(state) && isUpToDate(state, request);
  answer(state, request, granted, granted ? request.term : state.term);
}

function receiveVote(state: RaftState, request: VoteRequest): void {
  if (isBound(state, request)) return;
  if (request.term > state.term) becomeFollower(state, request.term);
  const granted = request.term === state.term && state.leader === null &&
    (state.votedFor === null || state.votedFor === request.from) &&
    mayVote(state) && isUpToDate(state, request);
  if (granted) {
    // Ends a pre-vote of its own, and gives the candidate a full timeout (§3.4).
    becomeFollower(state, state.term);
    state.voteFor(request.from);
  }
  answer(state, request, granted, state.term);
}

/**
 * §4.2.3: who hears a leader does not help to depose it, whatever the term;
 * unless the leader itself has asked for the election (§3.10). Without leases
 * that is courtesy. With them it is a promise, and holds even when this monitor
 * came to the candidate's term by another message (§6.4.1).
 */
function isBound(state: RaftState, request: VoteRequest): boolean {
  if (request.transfer === true) return false;
  if (state.promisedTicks > 0) return true;
  return request.term > state.term && hearsLeader(state);
}

/**
 * §4.2.2: votes are given without a look at who is a voter, for the candidate
 * may know of a later configuration. But a monitor that joins with an empty
 * disk may have voted in a life before: it waits until it is a member.
 */
function mayVote(state: RaftState): boolean {
  return state.membership.isListed;
}

/** §3.6.1: the later last term wins, then the longer log. */
function isUpToDate(state: RaftState, request: VoteRequest): boolean {
  const { lastIndex, lastTerm } = state.log;
  return request.lastTerm > lastTerm ||
    (request.lastTerm === lastTerm && request.lastIndex >= lastIndex);
}

/** Only a vote is a promise, and waits for the disk; a pre-vote and a refusal are not. */
function answer(
  state: RaftState,
  request: VoteRequest,
  granted: boolean,
  term: number,
): void {
  const response = {
    kind: "voteResponse",
    from: state.name,
    to: request.from,
    term,
    preVote: request.preVote,
    granted,
  } as const;
  if (granted && !request.preVote) state.effects.sendOncePersisted(response);
  else state.effects.sendNow(response);
}
