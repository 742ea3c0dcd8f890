/** Sending AppendEntries: batched, pipelined, and before the own disk is done (thesis §3.5, §10.2). */

import { present } from "../base/mod.ts";
import type { Leadership } from "./leadership.ts";
import { noteRoundStart } from "./lease.ts";
import type { Entry } from "./message.ts";
import type { Progress } from "./progress.ts";
import { offerSnapshot, startSnapshot } from "./snapshot_sending.ts";
import type { RaftState } from "./state.ts";

const NO_ENTRIES: readonly Entry[] = Object.freeze([]);

/** Sends every follower what it lacks, as far as its window allows. */
export function replicate(state: RaftState, leadership: Leadership): void {
  for (const progress of leadership.progress.values()) {
    sendEntries(state, leadership, progress);
  }
}

/**
 * Sends one follower what it lacks, as far as its window allows; a snapshot
 * where the log no longer holds it (thesis §5.3).
 */
export function sendEntries(
  state: RaftState,
  leadership: Leadership,
  progress: Progress,
): void {
  if (!progress.paused && progress.nextIndex <= state.log.baseIndex) {
    startSnapshot(state, leadership, progress);
  }
  while (!progress.paused && progress.nextIndex <= state.log.lastIndex) {
    const batch = state.log.batchFrom(
      progress.nextIndex,
      state.options.appendBytesMax,
    );
    sendAppend(state, leadership, progress, batch.entries);
    progress.noteSent(batch.entries.at(-1)!.index, batch.bytes);
  }
}

/**
 * Starts a round: an empty AppendEntries to everybody, whatever is in flight.
 * It asserts the leadership (thesis §3.4), confirms reads (§6.4) and finds
 * losses: it follows on the last entry sent, so a follower that missed one
 * rejects it and says how far it is. A follower that gets a snapshot is asked
 * how far it is with that.
 */
export function startRound(state: RaftState, leadership: Leadership): void {
  leadership.round += 1;
  leadership.heartbeatElapsedTicks = 0;
  noteRoundStart(state, leadership);
  for (const progress of leadership.progress.values()) {
    if (progress.state === "snapshot") {
      offerSnapshot(state, leadership, progress);
    } else if (progress.nextIndex <= state.log.baseIndex) {
      startSnapshot(state, leadership, progress);
    } else sendAppend(state, leadership, progress, NO_ENTRIES);
  }
}

/** Tells followers of commits that no AppendEntries of this step told them. */
export function sendCommitNotices(
  state: RaftState,
  leadership: Leadership,
): void {
  for (const progress of leadership.progress.values()) {
    const commitIndex = Math.min(state.commitIndex, progress.matchIndex);
    if (commitIndex <= progress.commitSent) continue;
    progress.commitSent = commitIndex;
    state.effects.sendNow({
      kind: "commitNotice",
      from: state.name,
      to: progress.name,
      term: state.term,
      commitIndex,
    });
  }
}

function sendAppend(
  state: RaftState,
  leadership: Leadership,
  progress: Progress,
  entries: readonly Entry[],
): void {
  const previousIndex = progress.nextIndex - 1;
  progress.commitSent = Math.max(
    progress.commitSent,
    Math.min(state.commitIndex, previousIndex + entries.length),
  );
  state.effects.sendNow({
    kind: "appendRequest",
    from: state.name,
    to: progress.name,
    term: state.term,
    previousIndex,
    previousTerm: present(state.log.termAt(previousIndex), "a previous term"),
    entries,
    commitIndex: state.commitIndex,
    round: leadership.round,
  });
}
