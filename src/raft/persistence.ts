/** What is durable: batches go to the journal in order and are reported back (thesis §3.8). */

import { assert } from "../base/mod.ts";
import { advanceCommit } from "./commit.ts";
import { countOwnVote } from "./election.ts";
import type { RaftState } from "./state.ts";
import type { PersistBatch } from "./step.ts";

/** What this step has changed, as one batch; null when it changed nothing durable. */
export function takePersistBatch(state: RaftState): PersistBatch | null {
  const first = state.firstChangedIndex;
  if (!state.hardStateChanged && first === null) return null;
  const { log } = state;
  const sequence = ++state.batchSequence;
  const batch: PersistBatch = {
    sequence,
    hardState: state.hardStateChanged ? state.hardState : null,
    entries: first === null ? [] : log.between(first, log.lastIndex),
  };
  if (state.hardStateChanged) state.hardStateSequence = sequence;
  state.pendingBatches.push({ sequence, lastIndex: log.lastIndex });
  state.hardStateChanged = false;
  state.firstChangedIndex = null;
  return batch;
}

/** Notes that all batches up to `sequence` are durable, and counts the own disk. */
export function receivePersisted(state: RaftState, sequence: number): void {
  assert(
    sequence <= state.batchSequence,
    "only what was handed out is durable",
  );
  if (sequence <= state.persistedSequence) return;
  state.persistedSequence = sequence;
  let durable = 0;
  for (const batch of state.pendingBatches) {
    if (batch.sequence > sequence) break;
    state.persistedIndex = batch.lastIndex;
    durable += 1;
  }
  state.pendingBatches.splice(0, durable);
  assert(
    state.persistedIndex <= state.log.lastIndex,
    "nothing is durable that is not in the log",
  );
  countOwnVote(state);
  if (state.leadership !== null) advanceCommit(state, state.leadership);
}

/** Notes that entries from `index` on were cut off: what the disk has there is void. */
export function cutPersisted(state: RaftState, index: number): void {
  state.persistedIndex = Math.min(state.persistedIndex, index - 1);
  for (const batch of state.pendingBatches) {
    batch.lastIndex = Math.min(batch.lastIndex, index - 1);
  }
}
