/**
 * The follower's side of a snapshot (thesis §5.3): chunks are written one
 * after the other as they come in order; when the whole is durable and right,
 * it takes the place of the log. What was written survives a crash, and goes
 * on with any leader that has the same snapshot.
 */

import { commitTo } from "./commit.ts";
import { hearLeader } from "./follower.ts";
import type { Snapshot, SnapshotChunk, SnapshotIdentity } from "./message.ts";
import { coverBySnapshot, restartLog } from "./persistence.ts";
import { isSameSnapshot } from "./snapshot_sending.ts";
import type { RaftState } from "./state.ts";
import type { RaftEvent } from "./step.ts";

/** The snapshot that is coming in. */
export interface SnapshotReceipt {
  readonly snapshot: SnapshotIdentity;
  /** How much of it is durable. */
  offset: number;
  /** What the driver is writing at present. */
  writing: Snapshot | null;
  /** The round of the chunk that came last. */
  round: number;
}

/** Handles a chunk or an offer of the current term's leader. */
export function receiveSnapshotChunk(
  state: RaftState,
  chunk: SnapshotChunk,
): void {
  hearLeader(state, chunk.from);
  const { snapshot, round } = chunk;
  if (snapshot.index <= state.commitIndex) {
    acceptSnapshot(state, snapshot, round);
    return;
  }
  const receipt = receiptOf(state, snapshot);
  receipt.round = Math.max(receipt.round, round);
  const isNext = receipt.writing === null && chunk.data.length > 0 &&
    chunk.offset === receipt.offset;
  if (isNext) {
    receipt.writing = snapshot;
    const end = chunk.offset + chunk.data.length;
    state.effects.writeSnapshot({
      snapshot,
      offset: chunk.offset,
      data: chunk.data,
      last: end >= snapshot.bytes,
    });
  } else answer(state, snapshot, receipt);
}

/** The driver has written a chunk, or found the whole right or wrong. */
export function receiveSnapshotWritten(
  state: RaftState,
  event: RaftEvent & { readonly kind: "snapshotWritten" },
): void {
  const { receipt } = state;
  const written = receipt?.writing ?? null;
  if (receipt === null || written === null) return;
  if (!isSameSnapshot(written, event.snapshot)) return;
  receipt.writing = null;
  if (event.complete) {
    state.receipt = null;
    install(state, written);
    acceptSnapshot(state, written, receipt.round);
  } else {
    receipt.offset = event.offset;
    answer(state, written, receipt);
  }
}

/**
 * §5.3: a snapshot covers committed entries only. If the log has the last of
 * them, it has them all, and may know more; otherwise all of it is void.
 */
function install(state: RaftState, snapshot: Snapshot): void {
  const { index, term } = snapshot;
  if (index > (state.snapshot?.index ?? 0)) state.snapshot = snapshot;
  if (index <= state.commitIndex) return;
  if (state.log.termAt(index) === term) {
    commitTo(state, index);
    coverBySnapshot(state, index);
    return;
  }
  restartLog(state, snapshot);
  state.commitIndex = index;
  state.effects.restore(snapshot);
}

/** Tells the leader that all which the snapshot covers is here, once it is durable. */
function acceptSnapshot(
  state: RaftState,
  { index, term }: SnapshotIdentity,
  round: number,
): void {
  if (state.role !== "follower" || state.leader === null) return;
  state.verifiedIndex = Math.max(state.verifiedIndex, index);
  state.effects.sendOncePersisted({
    kind: "appendResponse",
    from: state.name,
    to: state.leader,
    term: state.term,
    accepted: true,
    matchIndex: index,
    hintIndex: index,
    hintTerm: term,
    round,
  });
}

/** What is known of this snapshot, or of the one being written; any other one gives way. */
function receiptOf(state: RaftState, snapshot: Snapshot): SnapshotReceipt {
  const { receipt } = state;
  if (
    receipt !== null &&
    (receipt.writing !== null || isSameSnapshot(receipt.snapshot, snapshot))
  ) return receipt;
  const { index, term, bytes, digest } = snapshot;
  state.receipt = {
    snapshot: { index, term, bytes, digest },
    offset: 0,
    writing: null,
    round: 0,
  };
  return state.receipt;
}

/** Says how far the snapshot is. Promises nothing: what is lost is sent again. */
function answer(
  state: RaftState,
  { index, term, bytes, digest }: SnapshotIdentity,
  receipt: SnapshotReceipt,
): void {
  if (state.role !== "follower" || state.leader === null) return;
  state.effects.sendNow({
    kind: "snapshotResponse",
    from: state.name,
    to: state.leader,
    term: state.term,
    snapshot: { index, term, bytes, digest },
    offset: receipt.offset,
    writing: receipt.writing !== null,
    round: receipt.round,
  });
}
