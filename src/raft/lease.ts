/**
 * Reads without a round, by a lease (thesis §6.4.1): who echoes a round will
 * not help to elect another leader for the shortest election timeout from when
 * it heard of the round, which is after the round began. What this asks of
 * clocks is written at `RaftOptions.leaseTicks`.
 */

import type { Leadership } from "./leadership.ts";
import { reachedByVoters } from "./quorum.ts";
import type { RaftState } from "./state.ts";

/** The first round that began at a tick of the leader. */
export interface RoundStart {
  readonly round: number;
  readonly tick: number;
}

/** Notes when the latest round began, and forgets what a lease cannot rest on any more. */
export function noteRoundStart(state: RaftState, leadership: Leadership): void {
  const leaseTicks = state.options.leaseTicks ?? 0;
  if (leaseTicks === 0) return;
  const { ticks, round } = leadership;
  const starts = leadership.roundStarts;
  if (starts.at(-1)?.tick === ticks) return;
  leadership.roundStarts = starts.filter(({ tick }) =>
    ticks - tick < leaseTicks
  );
  leadership.roundStarts.push({ round, tick: ticks });
}

/** True when no other leader can have been elected yet. */
export function holdsLease(state: RaftState, leadership: Leadership): boolean {
  const leaseTicks = state.options.leaseTicks ?? 0;
  if (leaseTicks === 0 || leadership.leaseIsVoid) return false;
  if (!state.leasesAreKept) return false;
  const { ticks, roundStarts } = leadership;
  const began = reachedByVoters(
    state,
    leadership,
    ticks,
    ({ roundEchoed }) =>
      roundStarts.findLast(({ round }) => round <= roundEchoed)?.tick ??
        -Infinity,
  );
  return ticks - began < leaseTicks;
}
