/** When entries are committed (thesis §3.5, §3.6.2). */

import { assert } from "../base/mod.ts";
import type { Leadership } from "./leadership.ts";
import { entryBytes } from "./log.ts";
import type { Entry } from "./message.ts";
import { reachedByVoters } from "./quorum.ts";
import { confirmReads, startReads } from "./read_index.ts";
import type { RaftState } from "./state.ts";

/**
 * The leader's rule: what a majority holds durably is committed, if it is of
 * the leader's own term; earlier entries are committed along with it, never
 * by being counted themselves (thesis §3.6.2). The leader's own disk counts
 * like any other and may come last (thesis §10.2.1).
 */
export function advanceCommit(state: RaftState, leadership: Leadership): void {
  const index = reachedByVoters(
    state,
    leadership,
    state.persistedIndex,
    ({ matchIndex }) => matchIndex,
  );
  if (index <= state.commitIndex) return;
  if (state.log.termAt(index) !== state.term) return;
  for (const entry of commitTo(state, index)) {
    if (entry.term === state.term) {
      leadership.uncommittedBytes -= entryBytes(entry.data);
    }
  }
  assert(leadership.uncommittedBytes >= 0, "bytes are given back once");
  // Where a leader is left alone, no echo will come any more.
  confirmReads(state, leadership);
  startReads(state, leadership);
}

/** Commits up to `index`, if that is news, and hands the entries on to be applied. */
export function commitTo(state: RaftState, index: number): readonly Entry[] {
  if (index <= state.commitIndex) return [];
  assert(index <= state.log.lastIndex, "only entries in the log are committed");
  const entries = state.log.between(state.commitIndex + 1, index);
  state.commitIndex = index;
  state.effects.apply(entries);
  return entries;
}
