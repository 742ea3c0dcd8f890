/** Counting the answers to a campaign (thesis §3.4, §9.6). */

import { countVote } from "./election.ts";
import type { VoteResponse } from "./message.ts";
import type { RaftState } from "./state.ts";

/** Counts an answer that belongs to the campaign under way; others are late. */
export function receiveVoteResponse(
  state: RaftState,
  response: VoteResponse,
): void {
  const expected = response.preVote ? "preCandidate" : "candidate";
  if (state.role !== expected) return;
  // A granted pre-vote names the term asked about, which is the one after ours.
  const asked = response.preVote && response.granted
    ? state.term + 1
    : state.term;
  if (response.term !== asked) return;
  countVote(state, response.from, response.granted);
}
