/** The leader's side of replication: answers to AppendEntries (thesis §3.5, §6.4, §10.2.1). */

import { assert } from "../base/mod.ts";
import { advanceCommit } from "./commit.ts";
import type { AppendResponse } from "./message.ts";
import type { Progress } from "./progress.ts";
import { confirmReads } from "./read_index.ts";
import { sendEntries } from "./replication.ts";
import type { RaftState } from "./state.ts";

/** Handles an answer of the current term. */
export function receiveAppendResponse(
  state: RaftState,
  response: AppendResponse,
): void {
  const leadership = state.leadership;
  const progress = leadership?.progress.get(response.from);
  if (!leadership || progress === undefined) return;
  // Even a rejection shows that the follower is in our term at this round.
  progress.contactTick = leadership.ticks;
  progress.roundEchoed = Math.max(progress.roundEchoed, response.round);
  if (response.accepted) {
    assert(
      response.hintIndex <= state.log.lastIndex,
      "a follower's log agrees only as far as the leader's own log goes",
    );
    const advanced = progress.acknowledge(
      response.matchIndex,
      response.hintIndex,
    );
    if (advanced) advanceCommit(state, leadership);
  } else if (progress.rejectionIsNews(response.matchIndex)) {
    progress.probeFrom(nextAfterRejection(state, progress, response));
  }
  sendEntries(state, leadership, progress);
  confirmReads(state, leadership);
}

/**
 * Where the logs may agree at the latest: at the follower's hint, but not
 * within a term later than the hint's (thesis §3.5). Each rejection skips at
 * least one index and usually all that is left of a term.
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
  return Math.max(agreesAtMost, progress.matchIndex) + 1;
}
