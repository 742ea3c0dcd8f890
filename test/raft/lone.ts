/** One machine on its own, in the state a test needs, and messages to put to it. */

import { assert, utf8 } from "../../src/base/mod.ts";
import {
  type AppendRequest,
  type AppendResponse,
  type Effects,
  type Entry,
  type Message,
  Raft,
  type RaftOptions,
  type VoteRequest,
  type VoteResponse,
} from "../../src/raft/mod.ts";

/** Options of m1 among three voters, at its very first start. */
export const OPTIONS: RaftOptions = {
  name: "m1",
  voters: ["m1", "m2", "m3"],
  hardState: null,
  entries: [],
  electionTicksMin: 10,
  heartbeatTicks: 2,
  appendBytesMax: 1024,
  inFlightMax: 4,
  seed: 1,
};

/** A command, with its position as its data. */
export function entry(index: number, term: number): Entry {
  return { index, term, kind: "command", data: utf8(`${index}/${term}`) };
}

/** A log with entries of the given terms from index 1 on. */
export function logOf(...terms: number[]): Entry[] {
  return terms.map((term, at) => entry(at + 1, term));
}

/** m1 following nobody, in the term of its last entry. */
export function followerWith(
  entries: readonly Entry[],
  options: Partial<RaftOptions> = {},
): Raft {
  const term = entries.at(-1)?.term ?? 0;
  const hardState = { term, votedFor: null };
  return new Raft({ ...OPTIONS, hardState, entries, ...options });
}

/** m1 leading the term after that of its last entry, with all it has durable but uncommitted. */
export function leaderWith(
  entries: readonly Entry[],
  options: Partial<RaftOptions> = {},
): { raft: Raft; effects: Effects } {
  const raft = followerWith(entries, options);
  while (raft.standing.role === "follower") raft.step({ kind: "tick" });
  const { term } = raft.standing;
  const others = (options.voters ?? OPTIONS.voters).slice(1);
  for (const from of others) {
    put(raft, voteResponse({ from, term: term + 1, preVote: true }));
  }
  let effects = raft.step({ kind: "persisted", sequence: 1 });
  for (const from of others) {
    if (raft.standing.role === "leader") break;
    effects = put(raft, voteResponse({ from, term: term + 1 }));
  }
  assert(raft.standing.role === "leader", "m1 leads");
  return { raft, effects };
}

/** Delivers a message. */
export function put(raft: Raft, message: Message): Effects {
  return raft.step({ kind: "message", message });
}

/** Proposes commands of the given texts. */
export function propose(raft: Raft, ...texts: string[]): Effects {
  const proposals = texts.map((data, at) => ({
    id: at + 1,
    data: utf8(data),
  }));
  return raft.step({ kind: "propose", proposals });
}

/** A vote request of m2 in term 1, changed as given. */
export function voteRequest(fields: Partial<VoteRequest> = {}): VoteRequest {
  return {
    kind: "voteRequest",
    from: "m2",
    to: "m1",
    term: 1,
    preVote: false,
    lastIndex: 0,
    lastTerm: 0,
    ...fields,
  };
}

/** m2's vote in term 1, changed as given. */
export function voteResponse(fields: Partial<VoteResponse> = {}): VoteResponse {
  return {
    kind: "voteResponse",
    from: "m2",
    to: "m1",
    term: 1,
    preVote: false,
    granted: true,
    ...fields,
  };
}

/** A heartbeat of m2 in term 1 from the log's start, changed as given. */
export function appendRequest(
  fields: Partial<AppendRequest> = {},
): AppendRequest {
  return {
    kind: "appendRequest",
    from: "m2",
    to: "m1",
    term: 1,
    previousIndex: 0,
    previousTerm: 0,
    entries: [],
    commitIndex: 0,
    round: 1,
    ...fields,
  };
}

/** m2's acceptance up to `matchIndex` in term 1, changed as given. */
export function appendResponse(
  fields: Partial<AppendResponse> & { matchIndex: number },
): AppendResponse {
  return {
    kind: "appendResponse",
    from: "m2",
    to: "m1",
    term: 1,
    accepted: true,
    hintIndex: fields.matchIndex,
    hintTerm: 1,
    round: 1,
    ...fields,
  };
}
