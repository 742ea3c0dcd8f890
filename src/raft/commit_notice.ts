/** The follower's side of a commit that no AppendEntries carried (thesis §3.5). */

import { commitTo } from "./commit.ts";
import { hearLeader } from "./follower.ts";
import type { CommitNotice } from "./message.ts";
import type { RaftState } from "./state.ts";

/** Handles a notice of the current term's leader. */
export function receiveCommitNotice(
  state: RaftState,
  notice: CommitNotice,
): void {
  hearLeader(state, notice.from);
  // What was acknowledged in this term is still here, unless a monitor of the
  // same name acknowledged it and lost its disk.
  commitTo(state, Math.min(notice.commitIndex, state.verifiedIndex));
}
