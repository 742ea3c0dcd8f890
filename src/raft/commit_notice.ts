/** The follower's side of a commit that no AppendEntries carried (thesis §3.5). */

import { assert } from "../base/mod.ts";
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
  assert(
    notice.commitIndex <= state.log.lastIndex,
    "entries acknowledged as durable are still in the log",
  );
  commitTo(state, notice.commitIndex);
}
