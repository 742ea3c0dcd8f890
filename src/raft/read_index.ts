/**
 * Linearizable reads without writing to the log (thesis §6.4). One round is
 * under way at a time; reads that come meanwhile share the next one, so the
 * messages grow with time, not with the number of reads.
 */

import { LIMITS } from "../base/mod.ts";
import { forwardRead } from "./forwarded_reads.ts";
import type { Leadership, PendingRead } from "./leadership.ts";
import { holdsLease } from "./lease.ts";
import { reachedByVoters } from "./quorum.ts";
import { startRound } from "./replication.ts";
import type { RaftState } from "./state.ts";

/** Takes a read in: the leader serves it, a follower asks its leader. */
export function receiveRead(state: RaftState, id: number): void {
  const { leadership } = state;
  if (leadership === null) forwardRead(state, id);
  else takeRead(state, leadership, { id, from: null });
}

/** Takes in a read of its own or of a follower, or refuses it when too many wait. */
export function takeRead(
  state: RaftState,
  leadership: Leadership,
  read: PendingRead,
): void {
  if (leadership.waitingReads.length >= LIMITS.pendingReads) {
    answerRead(state, read, null);
    return;
  }
  if (hasCommittedInTerm(state) && holdsLease(state, leadership)) {
    answerRead(state, read, state.commitIndex);
    return;
  }
  leadership.waitingReads.push(read);
  startReads(state, leadership);
}

/** Starts a round for the reads that wait, unless one is under way or it is too early. */
export function startReads(state: RaftState, leadership: Leadership): void {
  if (leadership.waitingReads.length === 0) return;
  if (leadership.askedReads !== null) return;
  if (!hasCommittedInTerm(state)) return;
  startRound(state, leadership);
  leadership.askedReads = {
    reads: leadership.waitingReads,
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
  const echoed = reachedByVoters(
    state,
    leadership,
    leadership.round,
    ({ roundEchoed }) => roundEchoed,
  );
  if (echoed < asked.round) return;
  for (const read of asked.reads) answerRead(state, read, asked.index);
  leadership.askedReads = null;
  startReads(state, leadership);
}

/** Refuses all reads that wait: this monitor leads no more. */
export function refuseReads(state: RaftState, leadership: Leadership): void {
  for (const read of leadership.askedReads?.reads ?? []) {
    answerRead(state, read, null);
  }
  for (const read of leadership.waitingReads) answerRead(state, read, null);
}

/**
 * §6.4: before it has committed in its own term, a leader may not know of all
 * that its predecessors committed.
 */
export function hasCommittedInTerm(state: RaftState): boolean {
  return state.log.termAt(state.commitIndex) === state.term;
}

function answerRead(
  state: RaftState,
  { id, from }: PendingRead,
  index: number | null,
): void {
  if (from !== null) {
    state.effects.sendNow({
      kind: "readResponse",
      from: state.name,
      to: from,
      term: state.term,
      number: id,
      index,
    });
  } else if (index === null) state.effects.refuse(id);
  else state.effects.readable(id, index);
}
