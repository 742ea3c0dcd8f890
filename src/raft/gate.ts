/**
 * The gate every message passes: who may speak, and where terms are compared
 * once for all (thesis §3.3); then the rule for it, a file each.
 */

import { unreachable } from "../base/mod.ts";
import {
  receiveAppendRequest,
  refuseStaleAppend,
  refuseStaleChunk,
} from "./append_request.ts";
import { receiveAppendResponse } from "./append_response.ts";
import { receiveCommitNotice } from "./commit_notice.ts";
import { memberOf } from "./configuration.ts";
import { becomeFollower } from "./follower.ts";
import { receiveReadRequest, receiveReadResponse } from "./forwarded_reads.ts";
import type { Message } from "./message.ts";
import { receiveSnapshotChunk } from "./snapshot_receipt.ts";
import { receiveSnapshotResponse } from "./snapshot_sending.ts";
import type { RaftState } from "./state.ts";
import { receiveTimeoutNow } from "./transfer.ts";
import { receiveVoteRequest } from "./vote_request.ts";
import { receiveVoteResponse } from "./vote_response.ts";

/**
 * A later term makes a follower, an earlier one is turned away (thesis §3.3).
 * Vote requests pass in any term, for a pre-vote asks about a term without
 * starting it (§9.6), and who hears a leader ignores even a later term
 * (§4.2.3); so does a granted pre-vote, which names the term asked about.
 */
export function receiveMessage(state: RaftState, message: Message): void {
  if (message.to !== state.name || message.from === state.name) return;
  if (isAnswer(message) && !isFromFollower(state, message)) return;
  if (message.kind === "voteRequest") {
    receiveVoteRequest(state, message);
    return;
  }
  if (message.term > state.term && !isGrantedPreVote(message)) {
    becomeFollower(state, message.term);
  }
  if (message.term < state.term) {
    // A leader left behind must learn of the later term; all else is just late.
    if (message.kind === "appendRequest") refuseStaleAppend(state, message);
    if (message.kind === "snapshotChunk") refuseStaleChunk(state, message);
    return;
  }
  dispatch(state, message);
}

function dispatch(
  state: RaftState,
  message: Exclude<Message, { kind: "voteRequest" }>,
): void {
  switch (message.kind) {
    case "voteResponse":
      return receiveVoteResponse(state, message);
    case "appendRequest":
      return receiveAppendRequest(state, message);
    case "appendResponse":
      return receiveAppendResponse(state, message);
    case "commitNotice":
      return receiveCommitNotice(state, message);
    case "snapshotChunk":
      return receiveSnapshotChunk(state, message);
    case "snapshotResponse":
      return receiveSnapshotResponse(state, message);
    case "timeoutNow":
      return receiveTimeoutNow(state);
    case "readRequest":
      return receiveReadRequest(state, message);
    case "readResponse":
      return receiveReadResponse(state, message);
    default:
      return unreachable(message);
  }
}

function isGrantedPreVote(message: Message): boolean {
  return message.kind === "voteResponse" && message.preVote && message.granted;
}

/**
 * Answers count towards majorities. Requests do not: they are taken from
 * anybody, as the sender may know of a later configuration (thesis §4.1).
 */
function isAnswer(message: Message): boolean {
  return message.kind === "voteResponse" ||
    message.kind === "appendResponse" || message.kind === "snapshotResponse";
}

/** True for a member in its present life, and for one that is being removed. */
function isFromFollower(state: RaftState, message: Message): boolean {
  const incarnation = message.incarnation ?? "";
  const known = memberOf(state.membership.configuration, message.from) ??
    state.leadership?.progress.get(message.from);
  return known?.incarnation === incarnation;
}
