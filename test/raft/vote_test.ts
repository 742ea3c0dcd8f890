import { assertEquals } from "@std/assert";
import type { Effects, RaftOptions } from "../../src/raft/mod.ts";
import {
  appendRequest,
  followerWith,
  logOf,
  put,
  voteRequest,
  voteResponse,
} from "./lone.ts";

/** What was answered to a vote request, and whether it waits for the disk. */
function answerIn(effects: Effects): string {
  const [now, later] = [effects.sendNow[0], effects.sendOncePersisted[0]];
  const message = now ?? later;
  if (message?.kind !== "voteResponse") return "nothing";
  return `${message.granted ? "granted" : "refused"} term ${message.term} ` +
    (now === undefined ? "once persisted" : "now");
}

Deno.test("a vote goes to whose log is at least as up to date", () => {
  // deno-fmt-ignore
  const cases: [number, number, boolean][] = [
    // last term, last index, granted by a log that ends at 3/5
    [4, 9, false],
    [5, 2, false],
    [5, 3, true],
    [5, 4, true],
    [6, 1, true],
  ];
  for (const [lastTerm, lastIndex, granted] of cases) {
    for (const preVote of [true, false]) {
      const raft = followerWith(logOf(1, 5, 5));
      const request = { term: 7, lastTerm, lastIndex, preVote };
      const answer = answerIn(put(raft, voteRequest(request)));
      assertEquals(answer.startsWith("granted"), granted, `${lastIndex}`);
    }
  }
});

Deno.test("a vote is given once in a term, and again to the same candidate", () => {
  const raft = followerWith([]);
  const first = put(raft, voteRequest({ term: 3 }));
  assertEquals(answerIn(first), "granted term 3 once persisted");
  assertEquals(first.persist?.hardState, { term: 3, votedFor: "m2" });
  const other = put(raft, voteRequest({ term: 3, from: "m3" }));
  assertEquals(answerIn(other), "refused term 3 now");
  assertEquals(other.persist, null);
  const again = put(raft, voteRequest({ term: 3 }));
  assertEquals(answerIn(again), "granted term 3 once persisted");
  assertEquals(again.persist, null);
  const later = put(raft, voteRequest({ term: 4, from: "m3" }));
  assertEquals(later.persist?.hardState, { term: 4, votedFor: "m3" });
});

Deno.test("a vote in the current term is persisted like one in a new term", () => {
  const raft = followerWith(logOf(1), {
    hardState: { term: 4, votedFor: null },
  });
  const request = voteRequest({ term: 4, lastIndex: 1, lastTerm: 1 });
  const effects = put(raft, request);
  assertEquals(answerIn(effects), "granted term 4 once persisted");
  assertEquals(effects.persist?.hardState, { term: 4, votedFor: "m2" });
});

Deno.test("a vote found in the journal binds after a restart", () => {
  const hardState = { term: 3, votedFor: "m3" };
  const options: Partial<RaftOptions> = { hardState };
  const refused = put(followerWith([], options), voteRequest({ term: 3 }));
  assertEquals(answerIn(refused), "refused term 3 now");
  const request = voteRequest({ term: 3, from: "m3" });
  const again = put(followerWith([], options), request);
  assertEquals(answerIn(again), "granted term 3 once persisted");
});

Deno.test("a vote of an earlier term is refused with the later one", () => {
  const raft = followerWith(logOf(5));
  const request = voteRequest({ term: 4, lastIndex: 9, lastTerm: 4 });
  assertEquals(answerIn(put(raft, request)), "refused term 5 now");
});

Deno.test("a pre-vote changes nothing and binds to nothing", () => {
  const raft = followerWith([]);
  for (const from of ["m2", "m3", "m2"]) {
    const effects = put(raft, voteRequest({ term: 7, preVote: true, from }));
    assertEquals(answerIn(effects), "granted term 7 now");
    assertEquals([effects.persist, effects.standing], [null, null]);
  }
  assertEquals(raft.standing.term, 0);
});

Deno.test("a pre-vote for the current term is refused", () => {
  const raft = followerWith(logOf(5));
  const request = { term: 5, preVote: true, lastIndex: 9, lastTerm: 5 };
  assertEquals(answerIn(put(raft, voteRequest(request))), "refused term 5 now");
});

Deno.test("who hears a leader refuses pre-votes and ignores votes, until it is silent", () => {
  const raft = followerWith([]);
  put(raft, appendRequest({ term: 1, from: "m3" }));
  for (let tick = 0; tick < 9; tick++) raft.step({ kind: "tick" });
  const preVote = voteRequest({ term: 2, preVote: true });
  assertEquals(answerIn(put(raft, preVote)), "refused term 1 now");
  const ignored = put(raft, voteRequest({ term: 2 }));
  assertEquals(answerIn(ignored), "nothing");
  assertEquals([ignored.persist, ignored.standing], [null, null]);
  raft.step({ kind: "tick" });
  assertEquals(answerIn(put(raft, preVote)), "granted term 2 now");
  const vote = put(raft, voteRequest({ term: 2 }));
  assertEquals(answerIn(vote), "granted term 2 once persisted");
});

Deno.test("a monitor that votes gives up its own pre-vote and waits anew", () => {
  const raft = followerWith([]);
  while (raft.standing.role === "follower") raft.step({ kind: "tick" });
  put(raft, voteRequest({ term: 1 }));
  assertEquals(raft.standing.role, "follower");
  for (let tick = 0; tick < 10; tick++) raft.step({ kind: "tick" });
  assertEquals(raft.standing.role, "follower");
});

Deno.test("a granted pre-vote of an earlier campaign does not count", () => {
  const raft = followerWith(logOf(4));
  while (raft.standing.role === "follower") raft.step({ kind: "tick" });
  put(raft, voteResponse({ term: 4, preVote: true }));
  assertEquals(raft.standing.role, "preCandidate");
  put(raft, voteResponse({ term: 5, preVote: true }));
  assertEquals(raft.standing, { role: "candidate", term: 5, leader: null });
});

Deno.test("a refusal of a later term makes a follower of that term", () => {
  const raft = followerWith([]);
  while (raft.standing.role === "follower") raft.step({ kind: "tick" });
  const refusal = voteResponse({ term: 6, preVote: true, granted: false });
  const { standing, persist } = put(raft, refusal);
  assertEquals(standing, { role: "follower", term: 6, leader: null });
  assertEquals(persist?.hardState, { term: 6, votedFor: null });
});
