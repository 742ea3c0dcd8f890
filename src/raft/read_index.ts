/**
 * Linearizable reads without writing to the log (thesis §6.4). One round is
 * under way at a time; reads that come meanwhile share the next one, so the
 * messages grow with time, not with the number of reads.
 */

import { LIMITS } from "../base/mod.ts";
import type { Leadership } from "./leadership.ts";
import { reachedByMajority } from "./quorum.ts";
import { startRound } from "./replication.ts";
import type { RaftState } from "./state.ts";

/** Takes a read in, or refuses it when not leading or when too many wait. */
export function receiveRead(state: RaftState, id: number): void {
  const leadership = state.leadership;
  if (
    leadership === null ||
    leadership.waitingReads.length >= LIMITS.pendingReads
  ) {
    state.effects.refuse(id);
    return;
  }
  leadership.waitingReads.push(id);
  startReads(state, leadership);
}

/** Starts a round for the reads that wait, unless one is under way or it is too early. */
export function startReads(state: RaftState, leadership: Leadership): void {
  if (leadership.waitingReads.length === 0) return;
  if (leadership.askedReads !== null) return;
  // §6.4: before it has committed in its own term, a leader may not know of
  // all that its predecessors committed.
  if (state.log.termAt(state.commitIndex) !== state.term) return;
  startRound(state, leadership);
  leadership.askedReads = {
    ids: leadership.waitingReads,
    index: state.commitIndex,
    round: leadership.round,
  };
  leadership.waitingReads = [];
  confirmReads(state, leadership);
}

/** Releases the reads whose round a majority has echoed: nobody else led when it began. */
export function confirmReads(state: RaftState, leadership: Leadership): void {
  const asked = leadership.askedReads;
  if (asked === null) return;
  const echoed = [leadership.round];
  for (const progress of leadership.progress.values()) {
    echoed.push(progress.roundEchoed);
  }
  if (reachedByMajority(echoed) < asked.round) return;
  for (const id of asked.ids) state.effects.readable(id, asked.index);
  leadership.askedReads = null;
  startReads(state, leadership);
}

/** Refuses all reads that wait: this monitor leads no more. */
export function refuseReads(state: RaftState, leadership: Leadership): void {
  for (const id of leadership.askedReads?.ids ?? []) state.effects.refuse(id);
  for (const id of leadership.waitingReads) state.effects.refuse(id);
}
