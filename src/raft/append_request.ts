/** The follower's side of replication: AppendEntries (thesis §3.5, figure 3.1). */

import { assert } from "../base/mod.ts";
import { commitTo } from "./commit.ts";
import { hearLeader } from "./follower.ts";
import type {
  AppendRequest,
  AppendResponse,
  Entry,
  SnapshotChunk,
} from "./message.ts";
import { truncateFrom } from "./persistence.ts";
import type { RaftState } from "./state.ts";

/** Handles AppendEntries of the current term's leader. */
export function receiveAppendRequest(
  state: RaftState,
  request: AppendRequest,
): void {
  hearLeader(state, request.from);
  const { baseIndex } = state.log;
  // What the snapshot covers is committed, so any leader's log has the same.
  const isCovered = request.previousIndex < baseIndex;
  if (
    !isCovered &&
    state.log.termAt(request.previousIndex) !== request.previousTerm
  ) {
    rejectAppend(state, request);
    return;
  }
  const lastIndex = request.previousIndex + request.entries.length;
  const seenIndex = Math.max(lastIndex, baseIndex);
  takeEntries(
    state,
    isCovered
      ? request.entries.slice(baseIndex - request.previousIndex)
      : request.entries,
  );
  state.verifiedIndex = Math.max(state.verifiedIndex, seenIndex);
  // §3.5: committed, but only as far as this very message shows the logs to agree.
  commitTo(state, Math.min(request.commitIndex, seenIndex));
  acceptAppend(state, request, seenIndex);
}

/** Tells the leader of an earlier term that its time is over (thesis §3.3). */
export function refuseStaleAppend(
  state: RaftState,
  request: AppendRequest,
): void {
  assert(request.term < state.term, "only an earlier term is refused");
  rejectAppend(state, request);
}

/** The same where the leader of an earlier term sends a snapshot. */
export function refuseStaleChunk(state: RaftState, chunk: SnapshotChunk): void {
  assert(chunk.term < state.term, "only an earlier term is refused");
  const { index, term } = chunk.snapshot;
  rejectAppend(state, { ...chunk, previousIndex: index, previousTerm: term });
}

/**
 * §3.5: an entry that differs (same index, another term) is removed with all
 * that follow it; entries that are there already stay, as the message may be
 * late and the log longer by now.
 */
function takeEntries(state: RaftState, entries: readonly Entry[]): void {
  const { log } = state;
  for (const entry of entries) {
    const term = log.termAt(entry.index);
    if (term === entry.term) continue;
    if (term !== null) {
      assert(
        entry.index > state.commitIndex,
        "committed entries stay for ever",
      );
      truncateFrom(state, entry.index);
    }
    assert(entry.term <= state.term, "no entry is of a term to come");
    state.append(entry);
  }
}

/**
 * Entries are acknowledged once they are durable. A heartbeat's answer
 * promises only what is durable already, so that contact and reads
 * (thesis §6.2, §6.4) need not wait for the disk.
 */
function acceptAppend(
  state: RaftState,
  request: AppendRequest,
  seenIndex: number,
): void {
  const isHeartbeat = request.entries.length === 0;
  const matchIndex = isHeartbeat
    ? Math.min(seenIndex, state.persistedIndex)
    : seenIndex;
  const response: AppendResponse = {
    kind: "appendResponse",
    from: state.name,
    to: request.from,
    term: state.term,
    accepted: true,
    matchIndex,
    hintIndex: seenIndex,
    hintTerm: state.log.termAt(seenIndex) ?? 0,
    round: request.round,
  };
  // The term must be durable too: a follower that fell back into an earlier
  // one could let that term's leader overwrite what it promised to keep.
  if (isHeartbeat && state.hardStateIsDurable) state.effects.sendNow(response);
  else state.effects.sendOncePersisted(response);
}

/**
 * Names the last place where the logs could agree: entries of terms later than
 * the leader's previous one cannot be in its log before it (thesis §3.5, on
 * skipping a whole term at a time). Promises nothing, so it goes at once.
 */
function rejectAppend(
  state: RaftState,
  request: Pick<
    AppendRequest,
    "from" | "previousIndex" | "previousTerm" | "round"
  >,
): void {
  const { log } = state;
  const hintIndex = log.lastIndexOfTermAtMost(
    Math.min(request.previousIndex, log.lastIndex),
    request.previousTerm,
  );
  state.effects.sendNow({
    kind: "appendResponse",
    from: state.name,
    to: request.from,
    term: state.term,
    accepted: false,
    matchIndex: request.previousIndex,
    hintIndex,
    hintTerm: log.termAt(hintIndex) ?? 0,
    round: request.round,
  });
}
