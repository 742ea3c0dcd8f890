/**
 * A leader whose process is gone while its host is up. Its port says so at
 * once, where silence takes an election timeout to say the same. Not in the
 * thesis, and safe: it only makes a follower ask for pre-votes early (§9.6),
 * and whoever still hears the leader, or has promised it a lease (§6.4.1),
 * gives none.
 */

import type { MonitorName } from "./message.ts";
import type { RaftState } from "./state.ts";

/**
 * All followers learn of it at about the same time: lots decide who asks
 * first, so that votes are seldom split.
 */
const LOTS = 3;

/** The port of `name` is refused. */
export function receiveGone(state: RaftState, name: MonitorName): void {
  if (state.role !== "follower" || state.leader !== name) return;
  const { electionTicksMin } = state.options;
  if (state.electionElapsedTicks >= electionTicksMin) return;
  state.electionElapsedTicks = electionTicksMin;
  state.electionTimeoutTicks = electionTicksMin + 1 + state.prng.below(LOTS);
}
