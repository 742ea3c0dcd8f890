/** The leader's side of replication: answers to AppendEntries (thesis §3.5, §6.4, §10.2.1). */

import { assert } from "../base/mod.ts";
import { advanceCommit } from "./commit.ts";
import type { Leadership } from "./leadership.ts";
import type { AppendResponse } from "./message.ts";
import type { Progress } from "./progress.ts";
import { confirmReads } from "./read_index.ts";
import { sendEntries } from "./replication.ts";
import type { RaftState } from "./state.ts";
import { advanceTransfer } from "./transfer.ts";

/** So many rejections in a row are usual; after more, terms are not skipped one by one. */
const LEAPS_AFTER = 3;

/** Handles an answer of the current term. */
export function receiveAppendResponse(
  state: RaftState,
  response: AppendResponse,
): void {
  const leadership = state.leadership;
  const progress = leadership?.progress.get(response.from);
  if (!leadership || progress === undefined) return;
  // Even a rejection shows that the follower is in our term at this round.
  noteContact(leadership, progress, response.round);
  if (response.accepted) {
    assert(
      response.hintIndex <= state.log.lastIndex,
      "a follower's log agrees only as far as the leader's own log goes",
    );
    const advanced = progress.acknowledge(
      response.matchIndex,
      response.hintIndex,
    );
    progress.catchUp.note(
      progress.matchIndex,
      state.log.lastIndex,
      leadership.ticks,
    );
    if (advanced) advanceCommit(state, leadership);
  } else if (progress.rejectionIsNews(response.matchIndex)) {
    progress.probeFrom(nextAfterRejection(state, progress, response));
  }
  sendEntries(state, leadership, progress);
  confirmReads(state, leadership);
  advanceTransfer(state, leadership);
}

/** Notes any answer of this term, which may confirm the leadership (thesis §6.2, §6.4). */
export function noteContact(
  leadership: Leadership,
  progress: Progress,
  round: number,
): void {
  progress.heard = true;
  progress.contactTick = leadership.ticks;
  progress.roundEchoed = Math.max(progress.roundEchoed, round);
}

/**
 * Where the logs may agree at the latest: at the follower's hint, but not
 * within a term later than the hint's (thesis §3.5). Each rejection skips at
 * least one index and usually all that is left of a term; and, lest many short
 * terms take a round trip each, at least twice as much as the one before.
 */
function nextAfterRejection(
  state: RaftState,
  progress: Progress,
  response: AppendResponse,
): number {
  const agreesAtMost = state.log.lastIndexOfTermAtMost(
    Math.min(response.hintIndex, response.matchIndex - 1),
    response.hintTerm,
  );
  const { rejections } = progress;
  const leap = rejections < LEAPS_AFTER ? 0 : 2 ** rejections;
  // A leap may go too far, but not so far that it takes a snapshot.
  const leapt = Math.max(response.matchIndex - leap, state.log.baseIndex);
  const next = leap === 0 ? agreesAtMost : Math.min(agreesAtMost, leapt);
  return Math.max(next, progress.matchIndex) + 1;
}
