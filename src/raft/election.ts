/** Campaigns: the pre-vote and the election itself (thesis §3.4, §9.6). */

import { becomeFollower } from "./follower.ts";
import { refuseForwardedReads } from "./forwarded_reads.ts";
import { becomeLeader } from "./leadership.ts";
import type { MonitorName, VoteRequest } from "./message.ts";
import type { RaftState } from "./state.ts";

/**
 * Asks whether an election could be won, without disturbing anybody: neither
 * this monitor nor those asked change their term (thesis §9.6).
 */
export function startPreVote(state: RaftState): void {
  refuseForwardedReads(state);
  state.role = "preCandidate";
  state.leader = null;
  state.drawElectionTimeout();
  state.campaign = { votes: new Map(), ownVoteSequence: null };
  for (const voter of state.membership.otherVoters) {
    state.effects.sendNow(voteRequest(state, voter, state.term + 1, true));
  }
  countVote(state, state.name, true);
}

/**
 * Enters a new term and asks for votes (thesis §3.4). The requests wait until
 * term, own vote and log are durable: a candidate that forgot its campaign or
 * the end of its log could otherwise win later by votes given to what it was.
 * With `transfer` the leader has asked for it, and nobody need stick to that
 * leader (§3.10).
 */
export function startElection(state: RaftState, transfer = false): void {
  refuseForwardedReads(state);
  state.enterTerm(state.term + 1);
  state.voteFor(state.name);
  state.role = "candidate";
  state.leader = null;
  state.drawElectionTimeout();
  state.campaign = {
    votes: new Map(),
    ownVoteSequence: state.batchSequence + 1,
  };
  for (const voter of state.membership.otherVoters) {
    const request = voteRequest(state, voter, state.term, false);
    state.effects.sendOncePersisted(
      transfer ? { ...request, transfer } : request,
    );
  }
}

/**
 * Counts one answer to the campaign under way, and ends it when it is decided.
 * Only voters count; a candidate about to be removed is none (thesis §4.2.2).
 */
export function countVote(
  state: RaftState,
  voter: MonitorName,
  granted: boolean,
): void {
  const votes = state.campaign?.votes;
  const { voters, majority } = state.membership;
  if (votes === undefined || votes.has(voter)) return;
  if (!voters.includes(voter)) return;
  votes.set(voter, granted);
  let grants = 0;
  for (const grant of votes.values()) if (grant) grants += 1;
  if (grants >= majority) {
    if (state.role === "preCandidate") startElection(state);
    else becomeLeader(state);
  } else if (votes.size - grants > voters.length - majority) {
    becomeFollower(state, state.term);
  }
}

/** Counts the own vote once it is durable (thesis §3.8). */
export function countOwnVote(state: RaftState): void {
  const campaign = state.campaign;
  if (campaign === null || campaign.ownVoteSequence === null) return;
  if (state.persistedSequence < campaign.ownVoteSequence) return;
  campaign.ownVoteSequence = null;
  countVote(state, state.name, true);
}

function voteRequest(
  state: RaftState,
  to: MonitorName,
  term: number,
  preVote: boolean,
): VoteRequest {
  return {
    kind: "voteRequest",
    from: state.name,
    to,
    term,
    preVote,
    lastIndex: state.log.lastIndex,
    lastTerm: state.log.lastTerm,
  };
}
