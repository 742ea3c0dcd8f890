import { assertEquals } from "@std/assert";
import { LIMITS, utf8 } from "../../src/base/mod.ts";
import type { Effects, Raft } from "../../src/raft/mod.ts";
import {
  appendRequest,
  appendResponse,
  followerWith,
  leaderWith,
  propose,
  put,
} from "./lone.ts";

function proposeSizes(raft: Raft, sizes: readonly number[]): Effects {
  const proposals = sizes.map((size, at) => ({
    id: at,
    data: new Uint8Array(size),
  }));
  return raft.step({ kind: "propose", proposals });
}

Deno.test("proposals get consecutive places in the leader's term, in one batch", () => {
  const { raft } = leaderWith([]);
  const { accepted, refused, persist } = propose(raft, "a", "b");
  assertEquals(accepted, [
    { id: 1, index: 2, term: 1 },
    { id: 2, index: 3, term: 1 },
  ]);
  assertEquals(refused, []);
  assertEquals(persist?.entries.map(({ data }) => data), [
    utf8("a"),
    utf8("b"),
  ]);
});

Deno.test("proposals are refused by who does not lead", () => {
  const raft = followerWith([]);
  assertEquals(propose(raft, "a", "b").refused, [1, 2]);
  while (raft.standing.role === "follower") raft.step({ kind: "tick" });
  const { refused, persist } = propose(raft, "a");
  assertEquals([refused, persist], [[1], null]);
});

Deno.test("no proposals are nothing to do", () => {
  const { raft } = leaderWith([]);
  const { sendNow, persist } = propose(raft);
  assertEquals([sendNow, persist], [[], null]);
});

Deno.test("too many uncommitted entries refuse more, until some are committed", () => {
  const { raft } = leaderWith([]);
  const many = Array<number>(LIMITS.uncommittedEntries).fill(0);
  const first = proposeSizes(raft, many);
  // One place is taken by the leader's empty entry.
  assertEquals(first.refused, [LIMITS.uncommittedEntries - 1]);
  assertEquals(proposeSizes(raft, [0]).accepted, []);
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 2 }));
  assertEquals(proposeSizes(raft, [0, 0, 0]).accepted.length, 2);
});

Deno.test("too many uncommitted bytes refuse more, in order, until some are committed", () => {
  const { raft } = leaderWith([]);
  const huge = LIMITS.uncommittedBytes;
  const { accepted, refused } = proposeSizes(raft, [5, huge, 7, 1]);
  assertEquals(accepted.map(({ id }) => id), [0, 1]);
  assertEquals(refused, [2, 3]);
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 3 }));
  for (let time = 0; time < 3; time++) {
    const round = proposeSizes(raft, [huge]);
    assertEquals(round.accepted.length, 1);
    assertEquals(proposeSizes(raft, [1]).refused, [0]);
    raft.step({ kind: "persisted", sequence: 4 + time });
    put(raft, appendResponse({ matchIndex: raft.lastIndex }));
  }
});

Deno.test("a leader that is deposed refuses from then on", () => {
  const { raft } = leaderWith([]);
  put(raft, appendRequest({ term: 9 }));
  assertEquals(propose(raft, "a").refused, [1]);
});
