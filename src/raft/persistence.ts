/** What is durable: batches go to the journal in order and are reported back (thesis §3.8). */

import { assert } from "../base/mod.ts";
import { advanceCommit } from "./commit.ts";
import { countOwnVote } from "./election.ts";
import type { Snapshot } from "./message.ts";
import type { RaftState } from "./state.ts";
import type { PersistBatch } from "./step.ts";

/** What this step has changed, as one batch; null when it changed nothing durable. */
export function takePersistBatch(state: RaftState): PersistBatch | null {
  const first = state.firstChangedIndex;
  const restart = state.restart;
  if (!state.hardStateChanged && first === null && restart === null) {
    return null;
  }
  const { log } = state;
  const sequence = ++state.batchSequence;
  const batch: PersistBatch = {
    sequence,
    hardState: state.hardStateChanged ? state.hardState : null,
    entries: first === null ? [] : log.between(first, log.lastIndex),
    ...(restart === null ? {} : { restart }),
  };
  if (state.hardStateChanged) state.hardStateSequence = sequence;
  state.pendingBatches.push({ sequence, lastIndex: log.lastIndex });
  state.hardStateChanged = false;
  state.firstChangedIndex = null;
  state.restart = null;
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
    // A snapshot may be ahead of the journal.
    state.persistedIndex = Math.max(state.persistedIndex, batch.lastIndex);
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

/** Cuts off entries from `index` on: what the disk has there is void (thesis §3.5). */
export function truncateFrom(state: RaftState, index: number): void {
  state.log.truncateFrom(index);
  state.membership.truncateFrom(index);
  state.verifiedIndex = Math.min(state.verifiedIndex, index - 1);
  state.persistedIndex = Math.min(state.persistedIndex, index - 1);
  for (const batch of state.pendingBatches) {
    batch.lastIndex = Math.min(batch.lastIndex, index - 1);
  }
}

/** Notes that a durable snapshot covers everything up to `index` (thesis §5.1). */
export function coverBySnapshot(state: RaftState, index: number): void {
  state.persistedIndex = Math.max(state.persistedIndex, index);
  for (const batch of state.pendingBatches) {
    batch.lastIndex = Math.max(batch.lastIndex, index);
  }
}

/** Puts a snapshot in place of the whole log (thesis §5.3). */
export function restartLog(
  state: RaftState,
  { index, term, configuration }: Snapshot,
): void {
  state.log.reset(index, term);
  state.membership.reset(index, configuration);
  state.persistedIndex = index;
  for (const batch of state.pendingBatches) batch.lastIndex = index;
  state.firstChangedIndex = null;
  state.restart = { index, term };
}
