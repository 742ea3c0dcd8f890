/** Commands on their way into the leader's log (thesis §3.5). */

import { LIMITS } from "../base/mod.ts";
import type { Leadership } from "./leadership.ts";
import { entryBytes } from "./log.ts";
import type { Entry } from "./message.ts";
import { replicate } from "./replication.ts";
import type { RaftState } from "./state.ts";
import type { Proposal } from "./step.ts";

/**
 * Appends commands and sends them off, without waiting for the own disk
 * (thesis §10.2.1); refuses them when not leading, and when too much is
 * uncommitted already, or when the lead is being handed over.
 */
export function receiveProposals(
  state: RaftState,
  proposals: readonly Proposal[],
): void {
  const leadership = state.leadership;
  // §3.10: a leader that hands over takes nothing new, so that its successor catches up.
  const takes = leadership !== null && leadership.transfer === null;
  for (const { id, data } of proposals) {
    // Whatever its size: what comes after a refused command is refused too.
    if (!takes || !hasRoom(state, leadership)) {
      state.effects.refuse(id);
      continue;
    }
    const entry = appendOwnEntry(state, leadership, "command", data);
    state.effects.accept(id, entry.index, entry.term);
  }
  if (leadership !== null) replicate(state, leadership);
}

/** Puts an entry of the leader's own at the end of its log. */
export function appendOwnEntry(
  state: RaftState,
  leadership: Leadership,
  kind: Entry["kind"],
  data: Uint8Array,
): Entry {
  const index = state.log.lastIndex + 1;
  const entry: Entry = { index, term: state.term, kind, data };
  state.append(entry);
  leadership.uncommittedBytes += entryBytes(data);
  return entry;
}

function hasRoom(state: RaftState, leadership: Leadership): boolean {
  const uncommitted = state.log.lastIndex - state.commitIndex;
  return uncommitted < LIMITS.uncommittedEntries &&
    leadership.uncommittedBytes < LIMITS.uncommittedBytes;
}
