import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../src/base/mod.ts";
import { type Message, Raft, type RaftOptions } from "../../src/raft/mod.ts";
import {
  appendRequest,
  appendResponse,
  entry,
  followerWith,
  leaderWith,
  logOf,
  OPTIONS,
  propose,
  put,
  voteRequest,
  voteResponse,
} from "./lone.ts";

Deno.test("Raft starts as a follower of nobody, at what the journal holds", () => {
  const hardState = { term: 7, votedFor: "m3" };
  const raft = new Raft({ ...OPTIONS, hardState, entries: logOf(1, 5) });
  assertEquals(raft.standing, { role: "follower", term: 7, leader: null });
  assertEquals(
    [raft.commitIndex, raft.lastIndex, raft.persistedIndex],
    [0, 2, 2],
  );
  assertEquals(raft.followers, []);
});

Deno.test("Raft hands committed entries out again after a restart, from the first on", () => {
  const raft = followerWith(logOf(1, 1, 1));
  const request = { previousIndex: 3, previousTerm: 1, commitIndex: 2 };
  const { apply } = put(raft, appendRequest(request));
  assertEquals(apply, [entry(1, 1), entry(2, 1)]);
});

Deno.test("Raft refuses options and journals that contradict themselves", () => {
  const cases: [Partial<RaftOptions>, string][] = [
    [{ voters: ["m2", "m3"] }, "one of the voters"],
    [{ voters: ["m1", "m1"] }, "distinct names"],
    [{ heartbeatTicks: 0 }, "at least a tick"],
    [{ heartbeatTicks: 10 }, "several heartbeats fit"],
    [{ appendBytesMax: 0 }, "room for an entry"],
    [{ inFlightMax: 0 }, "may be in flight"],
    [{ inFlightBytesMax: 0 }, "may be in flight"],
    [{ entries: logOf(1) }, "later than its hard state"],
    [{ entries: [entry(2, 0)] }, "no gap"],
  ];
  for (const [options, why] of cases) {
    assertThrows(
      () => new Raft({ ...OPTIONS, ...options }),
      AssertionFailure,
      why,
    );
  }
});

Deno.test("Raft.step ignores strangers' answers, itself, and what is meant for others", () => {
  const raft = followerWith([]);
  const stray: Message[] = [
    appendResponse({ term: 9, from: "m9", matchIndex: 1 }),
    voteResponse({ term: 9, from: "m9", granted: false }),
    voteResponse({ term: 9, incarnation: "b", granted: false }),
    appendRequest({ term: 9, from: "m1" }),
    appendRequest({ term: 9, to: "m3" }),
    voteRequest({ term: 9, to: "m3" }),
  ];
  for (const message of stray) {
    const { sendNow, sendOncePersisted, persist } = put(raft, message);
    assertEquals([sendNow, sendOncePersisted, persist], [[], [], null]);
  }
  assertEquals(raft.standing.term, 0);
});

Deno.test("Raft.step takes requests of strangers: they may know of a later configuration", () => {
  const raft = followerWith([]);
  const vote = put(raft, voteRequest({ term: 3, from: "m9" }));
  assertEquals(vote.sendOncePersisted.length, 1);
  const append = put(raft, appendRequest({ term: 4, from: "m9" }));
  assertEquals(append.standing?.leader, "m9");
});

Deno.test("Raft.step tells its standing when it changes, and only then", () => {
  const raft = followerWith([]);
  const first = put(raft, appendRequest());
  const standing = { role: "follower", term: 1, leader: "m2" };
  assertEquals<unknown>(first.standing, standing);
  assertEquals<unknown>(raft.standing, standing);
  assertEquals(put(raft, appendRequest()).standing, null);
});

Deno.test("Raft.step numbers batches one by one and gives nothing twice", () => {
  const { raft } = leaderWith([]);
  assertEquals(propose(raft, "a").persist?.sequence, 3);
  const idle = raft.step({ kind: "tick" });
  assertEquals([idle.persist, idle.sendNow, idle.accepted], [null, [], []]);
  const { sequence, entries, hardState } = propose(raft, "b").persist!;
  assertEquals([sequence, entries.length, hardState], [4, 1, null]);
});

Deno.test("Raft.step hears of durable batches late, together, or twice", () => {
  const { raft } = leaderWith([]);
  propose(raft, "a");
  propose(raft, "b");
  raft.step({ kind: "persisted", sequence: 3 });
  assertEquals(raft.persistedIndex, 2);
  raft.step({ kind: "persisted", sequence: 2 });
  assertEquals(raft.persistedIndex, 2);
  raft.step({ kind: "persisted", sequence: 4 });
  assertEquals(raft.persistedIndex, 3);
  assertThrows(
    () => raft.step({ kind: "persisted", sequence: 5 }),
    AssertionFailure,
    "only what was handed out",
  );
});

Deno.test("Raft counts nothing as durable that was cut off meanwhile", () => {
  const raft = followerWith(logOf(1));
  const after = { previousIndex: 1, previousTerm: 1 };
  const lost = [entry(2, 1), entry(3, 1), entry(4, 1)];
  put(raft, appendRequest({ ...after, entries: lost }));
  const kept = [entry(2, 2)];
  put(
    raft,
    appendRequest({ ...after, term: 2, from: "m3", entries: kept }),
  );
  raft.step({ kind: "persisted", sequence: 1 });
  assertEquals(raft.persistedIndex, 1);
  raft.step({ kind: "persisted", sequence: 2 });
  assertEquals(raft.persistedIndex, 2);
});

Deno.test("a message of a later term makes a follower of a leader", () => {
  const { raft } = leaderWith([]);
  const { standing, persist } = put(raft, appendRequest({ term: 4 }));
  assertEquals(standing, { role: "follower", term: 4, leader: "m2" });
  assertEquals(persist?.hardState, { term: 4, votedFor: null });
});
