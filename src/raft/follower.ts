/** Following: how a monitor comes to it, and what counts as hearing from a leader. */

import { assert } from "../base/mod.ts";
import type { MonitorName } from "./message.ts";
import { refuseReads } from "./read_index.ts";
import type { RaftState } from "./state.ts";
import { endTransfer } from "./transfer.ts";

/** Follows, in `term` (the current one or a later one), whoever leads it: maybe nobody known. */
export function becomeFollower(state: RaftState, term: number): void {
  if (term > state.term) state.enterTerm(term);
  if (state.leadership !== null) {
    refuseReads(state, state.leadership);
    endTransfer(state, state.leadership);
  }
  state.role = "follower";
  state.leader = null;
  state.campaign = null;
  state.leadership = null;
  state.drawElectionTimeout();
}

/** A message of this term's leader has come (thesis §3.4: a candidate gives way to it). */
export function hearLeader(state: RaftState, leader: MonitorName): void {
  assert(state.role !== "leader", "a term has at most one leader");
  if (state.role !== "follower") becomeFollower(state, state.term);
  assert(
    state.leader === null || state.leader === leader,
    "a term has at most one leader",
  );
  state.leader = leader;
  state.electionElapsedTicks = 0;
  state.promiseLease();
}

/**
 * True when a leader was heard within the shortest election timeout (thesis
 * §4.2.3). With leases that holds across terms and restarts (§6.4.1).
 */
export function hearsLeader(state: RaftState): boolean {
  if (state.promisedTicks > 0) return true;
  return state.leader !== null &&
    (state.role === "leader" ||
      state.electionElapsedTicks < state.options.electionTicksMin);
}
