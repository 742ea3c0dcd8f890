/**
 * The leader's side of a snapshot (thesis §5.3): one chunk at a time, each
 * asked of the driver when the follower wants it, so that memory holds one
 * chunk a follower. Heartbeats ask how far the follower is, and so find what
 * was lost; the follower's answer says where to go on, also after a crash of
 * either side.
 */

import { present } from "../base/mod.ts";
import { noteContact } from "./append_response.ts";
import type { Leadership } from "./leadership.ts";
import type {
  Snapshot,
  SnapshotIdentity,
  SnapshotResponse,
} from "./message.ts";
import type { Progress } from "./progress.ts";
import { confirmReads } from "./read_index.ts";
import type { RaftState } from "./state.ts";
import type { RaftEvent } from "./step.ts";

/** How the transfer to one follower stands. */
export interface SnapshotTransfer {
  readonly snapshot: Snapshot;
  /** The offset that the driver has been asked to read at, or null. */
  reading: number | null;
  /** The chunk on its way: where it ends, and in which round it left. */
  sent: { readonly end: number; readonly round: number } | null;
}

const NO_DATA = new Uint8Array(0);

/** True when both are the same bytes. */
export function isSameSnapshot(
  a: SnapshotIdentity,
  b: SnapshotIdentity,
): boolean {
  return a.index === b.index && a.term === b.term && a.bytes === b.bytes &&
    a.digest === b.digest;
}

/** Begins to send the latest snapshot to a follower that lacks what the log gave up. */
export function startSnapshot(
  state: RaftState,
  leadership: Leadership,
  progress: Progress,
): void {
  const snapshot = present(
    state.snapshot,
    "a snapshot covers what the log lacks",
  );
  progress.sendSnapshot({ snapshot, reading: null, sent: null });
  offerSnapshot(state, leadership, progress);
}

/** Asks a follower how much it has of the snapshot; the heartbeat of this state. */
export function offerSnapshot(
  state: RaftState,
  leadership: Leadership,
  progress: Progress,
): void {
  sendChunk(state, leadership, progress, 0, NO_DATA);
}

/** The follower says how much it has: the next chunk goes from there. */
export function receiveSnapshotResponse(
  state: RaftState,
  response: SnapshotResponse,
): void {
  const leadership = state.leadership;
  const progress = leadership?.progress.get(response.from);
  if (!leadership || progress === undefined) return;
  noteContact(leadership, progress, response.round);
  askForChunk(state, progress, response);
  confirmReads(state, leadership);
}

/** The driver has read a chunk; it goes off, unless it is not wanted any more. */
export function receiveSnapshotRead(
  state: RaftState,
  event: RaftEvent & { readonly kind: "snapshotRead" },
): void {
  const leadership = state.leadership;
  const progress = leadership?.progress.get(event.to);
  const transfer = progress?.transfer ?? null;
  if (!leadership || progress === undefined || transfer === null) return;
  if (transfer.snapshot.index !== event.index) return;
  if (transfer.reading !== event.offset) return;
  transfer.reading = null;
  if (event.data === null || event.data.length === 0) {
    // The bytes are gone: there is a later snapshot, or the next round tries again.
    startSnapshot(state, leadership, progress);
    return;
  }
  const end = event.offset + event.data.length;
  transfer.sent = { end, round: leadership.round };
  sendChunk(state, leadership, progress, event.offset, event.data);
}

function askForChunk(
  state: RaftState,
  progress: Progress,
  response: SnapshotResponse,
): void {
  const { transfer } = progress;
  if (transfer === null || transfer.reading !== null) return;
  if (!isSameSnapshot(transfer.snapshot, response.snapshot)) return;
  if (response.writing) return;
  const { sent } = transfer;
  // An answer to what was asked before the chunk left does not know of it.
  const isOld = sent !== null && response.offset !== sent.end &&
    response.round <= sent.round;
  const left = transfer.snapshot.bytes - response.offset;
  if (isOld || left <= 0) return;
  transfer.sent = null;
  transfer.reading = response.offset;
  const { snapshotChunkBytes, appendBytesMax } = state.options;
  state.effects.readSnapshot({
    to: progress.name,
    index: transfer.snapshot.index,
    offset: response.offset,
    bytes: Math.min(left, snapshotChunkBytes ?? appendBytesMax),
  });
}

function sendChunk(
  state: RaftState,
  leadership: Leadership,
  progress: Progress,
  offset: number,
  data: Uint8Array,
): void {
  state.effects.sendNow({
    kind: "snapshotChunk",
    from: state.name,
    to: progress.name,
    term: state.term,
    snapshot: present(progress.transfer, "a transfer").snapshot,
    offset,
    data,
    round: leadership.round,
  });
}
