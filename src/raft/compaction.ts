/** Giving up the log's beginning for a snapshot (thesis §5.1). */

import { assert, present } from "../base/mod.ts";
import { isResponsive } from "./followers.ts";
import type { RaftState } from "./state.ts";
import type { RaftEvent } from "./step.ts";

/** Entries kept at most for followers that get a snapshot, if not told otherwise. */
const HELD_BYTES = 64 * 1024 * 1024;

/** A snapshot of this monitor's own state is durable; each takes its own (thesis §5.1). */
export function receiveSnapshotTaken(
  state: RaftState,
  event: RaftEvent & { readonly kind: "snapshotTaken" },
): void {
  const { index, compactTo, bytes, digest } = event;
  assert(index <= state.commitIndex, "a snapshot covers what is committed");
  // Or the journal's end could be of an overwritten log, and nothing before it
  // would be left to show that.
  assert(index <= state.persistedIndex, "a snapshot covers what is durable");
  assert(compactTo <= index, "what is given up is in the snapshot");
  assert(bytes > 0, "a snapshot has bytes");
  // One that came from the leader meanwhile covers more.
  if (index <= (state.snapshot?.index ?? 0)) return;
  const term = present(state.log.termAt(index), "the term of what is covered");
  const configuration = state.membership.at(index);
  state.snapshot = { index, term, bytes, digest, configuration };
  const base = Math.min(compactTo, heldFrom(state));
  state.log.compactTo(base);
  state.membership.compactTo(base);
}

/**
 * A follower that gets a snapshot needs the entries behind it, or it would
 * need the next snapshot at once; but it cannot hold up too much.
 */
function heldFrom(state: RaftState): number {
  const { leadership, log, options } = state;
  let held = Infinity;
  for (const progress of leadership?.progress.values() ?? []) {
    if (progress.transfer === null) continue;
    if (!isResponsive(state, leadership!, progress)) continue;
    held = Math.min(held, progress.transfer.snapshot.index);
  }
  if (held === Infinity) return held;
  return Math.max(held, log.indexWithin(options.heldBytesMax ?? HELD_BYTES));
}
