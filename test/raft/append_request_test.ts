import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../src/base/mod.ts";
import type {
  AppendResponse,
  Effects,
  Message,
  Raft,
} from "../../src/raft/mod.ts";
import {
  appendRequest,
  entry,
  followerWith,
  leaderWith,
  logOf,
  put,
} from "./lone.ts";

function termsOf(raft: Raft): number[] {
  return Array.from(
    { length: raft.lastIndex },
    (_, at) => raft.entryAt(at + 1)!.term,
  );
}

function responseIn({ sendNow, sendOncePersisted }: Effects): AppendResponse {
  const [message] = [...sendNow, ...sendOncePersisted];
  if (message?.kind !== "appendResponse") throw new Error("no answer");
  return message;
}

Deno.test("entries are persisted, and acknowledged only after that", () => {
  const raft = followerWith(logOf(1));
  const entries = [entry(2, 1), entry(3, 2)];
  const request = { term: 2, previousIndex: 1, previousTerm: 1, entries };
  const effects = put(raft, appendRequest(request));
  assertEquals(effects.sendNow, []);
  assertEquals(effects.persist, {
    sequence: 1,
    hardState: { term: 2, votedFor: null },
    entries,
  });
  const { accepted, matchIndex } = responseIn(effects);
  assertEquals([accepted, matchIndex], [true, 3]);
  assertEquals(raft.standing, { role: "follower", term: 2, leader: "m2" });
});

Deno.test("entries that are there already are not written again, nor is what follows cut", () => {
  const raft = followerWith(logOf(1, 1, 1, 1));
  const entries = [entry(2, 1), entry(3, 1)];
  const request = { previousIndex: 1, previousTerm: 1, entries };
  const effects = put(raft, appendRequest(request));
  assertEquals(effects.persist, null);
  assertEquals(termsOf(raft), [1, 1, 1, 1]);
  assertEquals(responseIn(effects).matchIndex, 3);
});

Deno.test("an entry that differs goes with all that follow it", () => {
  const raft = followerWith(logOf(1, 1, 2, 2, 2));
  const entries = [entry(2, 1), entry(3, 3)];
  const request = { term: 3, previousIndex: 1, previousTerm: 1, entries };
  const { persist } = put(raft, appendRequest(request));
  assertEquals(termsOf(raft), [1, 1, 3]);
  assertEquals(persist?.entries, [entry(3, 3)]);
  assertEquals(raft.persistedIndex, 2);
});

Deno.test("a committed entry is never replaced: that would be a bug", () => {
  const raft = followerWith(logOf(1, 1));
  put(
    raft,
    appendRequest({ previousIndex: 2, previousTerm: 1, commitIndex: 2 }),
  );
  const entries = [entry(2, 3)];
  const request = { term: 3, previousIndex: 1, previousTerm: 1, entries };
  assertThrows(
    () => put(raft, appendRequest(request)),
    AssertionFailure,
    "committed entries stay",
  );
});

Deno.test("what does not follow on the log is rejected with a hint", () => {
  // deno-fmt-ignore
  const cases: [number[], number, number, number, number][] = [
    // terms of the log, previous index and term, hinted index and term
    [[],              3, 1, 0, 0],
    [[1, 1],          5, 1, 2, 1],
    [[1, 1, 4, 4],    9, 6, 4, 4],
    [[1, 1, 4, 4, 4], 4, 3, 2, 1],
    [[2, 2, 4],       2, 1, 0, 0],
  ];
  for (const [terms, previousIndex, previousTerm, index, term] of cases) {
    const raft = followerWith(logOf(...terms));
    const request = appendRequest({ term: 7, previousIndex, previousTerm });
    const effects = put(raft, request);
    const { accepted, hintIndex, hintTerm, matchIndex } = responseIn(effects);
    assertEquals(accepted, false);
    assertEquals(matchIndex, previousIndex);
    assertEquals([hintIndex, hintTerm], [index, term]);
    assertEquals(effects.sendNow.length, 1);
    assertEquals(termsOf(raft), terms);
  }
});

Deno.test("a follower commits only as far as the message shows the logs to agree", () => {
  const raft = followerWith(logOf(1, 1, 1, 1));
  const entries = [entry(2, 1)];
  const request = { previousIndex: 1, previousTerm: 1, entries };
  const { apply } = put(raft, appendRequest({ ...request, commitIndex: 4 }));
  assertEquals(apply, [entry(1, 1), entry(2, 1)]);
  assertEquals(raft.commitIndex, 2);
});

Deno.test("an old commit index takes nothing back", () => {
  const raft = followerWith(logOf(1, 1));
  const request = { previousIndex: 2, previousTerm: 1 };
  put(raft, appendRequest({ ...request, commitIndex: 2 }));
  const { apply } = put(raft, appendRequest({ ...request, commitIndex: 1 }));
  assertEquals([apply.length, raft.commitIndex], [0, 2]);
});

Deno.test("a heartbeat is answered at once with what is durable, and what is seen", () => {
  const raft = followerWith(logOf(1));
  const entries = [entry(2, 1), entry(3, 1)];
  put(raft, appendRequest({ previousIndex: 1, previousTerm: 1, entries }));
  const heartbeat = appendRequest({
    previousIndex: 3,
    previousTerm: 1,
    round: 8,
  });
  const before = put(raft, heartbeat);
  assertEquals(before.sendOncePersisted, []);
  const answer = responseIn(before);
  assertEquals([answer.accepted, answer.round], [true, 8]);
  assertEquals([answer.matchIndex, answer.hintIndex], [1, 3]);
  raft.step({ kind: "persisted", sequence: 1 });
  assertEquals(responseIn(put(raft, heartbeat)).matchIndex, 3);
});

Deno.test("a heartbeat of a term that is not durable yet waits for the disk", () => {
  const raft = followerWith([]);
  const first = put(raft, appendRequest({ term: 5 }));
  assertEquals([first.sendNow.length, first.sendOncePersisted.length], [0, 1]);
  const second = put(raft, appendRequest({ term: 5 }));
  assertEquals(second.persist, null);
  assertEquals(second.sendOncePersisted.length, 1);
  raft.step({ kind: "persisted", sequence: 1 });
  assertEquals(put(raft, appendRequest({ term: 5 })).sendNow.length, 1);
});

Deno.test("a leader of an earlier term is told the later one, and nothing else happens", () => {
  const raft = followerWith(logOf(4));
  const entries = [entry(1, 3)];
  const effects = put(raft, appendRequest({ term: 3, entries }));
  const { accepted, term } = responseIn(effects);
  assertEquals([accepted, term], [false, 4]);
  assertEquals([effects.persist, effects.standing], [null, null]);
  assertEquals(termsOf(raft), [4]);
});

Deno.test("a candidate gives way to the leader of its term", () => {
  const raft = followerWith([]);
  while (raft.standing.role === "follower") raft.step({ kind: "tick" });
  put(raft, appendRequest({ term: 0 }));
  assertEquals(raft.standing, { role: "follower", term: 0, leader: "m2" });
});

Deno.test("two leaders in one term would be a bug", () => {
  const { raft } = leaderWith([]);
  assertThrows(
    () => put(raft, appendRequest({ term: 1 })),
    AssertionFailure,
    "at most one leader",
  );
  const follower = followerWith([]);
  put(follower, appendRequest({ term: 1, from: "m2" }));
  assertThrows(
    () => put(follower, appendRequest({ term: 1, from: "m3" })),
    AssertionFailure,
    "at most one leader",
  );
});

/** m2's word that everything up to `commitIndex` is committed. */
function commitNotice(commitIndex: number): Message {
  return { kind: "commitNotice", from: "m2", to: "m1", term: 1, commitIndex };
}

Deno.test("a commit notice commits, and counts as hearing the leader", () => {
  const raft = followerWith(logOf(1, 1));
  put(raft, appendRequest({ previousIndex: 2, previousTerm: 1 }));
  const effects = put(raft, commitNotice(1));
  assertEquals(effects.apply, [entry(1, 1)]);
  assertEquals(effects.sendNow, []);
  assertEquals(raft.standing.leader, "m2");
});

Deno.test("a commit notice counts only as far as the logs are known to agree in this term", () => {
  const raft = followerWith(logOf(1, 1));
  assertEquals(put(raft, commitNotice(2)).apply, []);
  put(raft, appendRequest({ previousIndex: 1, previousTerm: 1 }));
  assertEquals(put(raft, commitNotice(5)).apply, [entry(1, 1)]);
  // Another leader's log may differ where this one's agreed.
  const next = followerWith(logOf(1, 1));
  put(next, appendRequest({ previousIndex: 2, previousTerm: 1 }));
  const notice = { ...commitNotice(2), term: 2, from: "m3" };
  assertEquals(put(next, notice).apply, []);
});
