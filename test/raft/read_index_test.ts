import { assertEquals } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import type { Effects, Raft } from "../../src/raft/mod.ts";
import {
  appendRequest,
  appendResponse,
  followerWith,
  leaderWith,
  logOf,
  OPTIONS,
  propose,
  put,
} from "./lone.ts";

function read(raft: Raft, id: number): Effects {
  return raft.step({ kind: "read", id });
}

/** A leader of term 1 that has committed its empty entry in round 1. */
function servingLeader(): Raft {
  const { raft } = leaderWith([]);
  raft.step({ kind: "persisted", sequence: 2 });
  put(raft, appendResponse({ matchIndex: 1 }));
  assertEquals(raft.commitIndex, 1);
  return raft;
}

Deno.test("a read is refused by who does not lead", () => {
  assertEquals(read(followerWith([]), 5).refused, [5]);
});

Deno.test("a read starts a round and is served by a majority's echo of it", () => {
  const raft = servingLeader();
  const asked = read(raft, 5);
  assertEquals(
    asked.sendNow.map((message) =>
      message.kind === "appendRequest" && message.round
    ),
    [2, 2],
  );
  // An echo of the round before proves nothing.
  const old = put(raft, appendResponse({ matchIndex: 1, round: 1 }));
  assertEquals(old.readable, []);
  const { readable } = put(raft, appendResponse({ matchIndex: 1, round: 2 }));
  assertEquals(readable, [{ id: 5, index: 1 }]);
});

Deno.test("a rejection echoes a round like an acceptance", () => {
  const raft = servingLeader();
  read(raft, 5);
  const rejection = { from: "m3", accepted: false, matchIndex: 1, round: 2 };
  const { readable } = put(
    raft,
    appendResponse({ ...rejection, hintIndex: 0, hintTerm: 0 }),
  );
  assertEquals(readable, [{ id: 5, index: 1 }]);
});

Deno.test("a read under way is served when the only one whose echo it waits for is removed", () => {
  const raft = servingLeader();
  // Found by seed 64: the leader was left alone, and no read was answered any more.
  const remove = (name: string): number => {
    const { persist } = raft.step({
      kind: "changeConfiguration",
      id: 1,
      change: { kind: "remove", name },
    });
    return persist!.sequence;
  };
  const first = remove("m3");
  raft.step({ kind: "persisted", sequence: first });
  put(raft, appendResponse({ matchIndex: 2, round: 1 }));
  assertEquals(raft.commitIndex, 2);
  assertEquals(read(raft, 5).readable, []);
  const second = remove("m2");
  const { readable } = raft.step({ kind: "persisted", sequence: second });
  assertEquals(raft.commitIndex, 3);
  assertEquals(readable, [{ id: 5, index: 2 }]);
  assertEquals(read(raft, 6).readable, [{ id: 6, index: 3 }]);
});

Deno.test("reads that come during a round share the next one", () => {
  const raft = servingLeader();
  read(raft, 5);
  assertEquals(read(raft, 6).sendNow, []);
  assertEquals(read(raft, 7).sendNow, []);
  const next = put(raft, appendResponse({ matchIndex: 1, round: 2 }));
  assertEquals(next.readable, [{ id: 5, index: 1 }]);
  assertEquals(next.sendNow.length, 2);
  const last = put(raft, appendResponse({ matchIndex: 1, round: 3 }));
  assertEquals(last.readable.map(({ id }) => id), [6, 7]);
});

Deno.test("a read waits for what was committed when its round began", () => {
  const raft = servingLeader();
  read(raft, 5);
  propose(raft, "a");
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 2, round: 1 }));
  read(raft, 6);
  const first = put(raft, appendResponse({ matchIndex: 2, round: 2 }));
  assertEquals(first.readable, [{ id: 5, index: 1 }]);
  const second = put(raft, appendResponse({ matchIndex: 2, round: 3 }));
  assertEquals(second.readable, [{ id: 6, index: 2 }]);
});

Deno.test("a round that was lost is made up for by the next heartbeat", () => {
  const raft = servingLeader();
  read(raft, 5);
  raft.step({ kind: "tick" });
  raft.step({ kind: "tick" });
  const { readable } = put(raft, appendResponse({ matchIndex: 1, round: 3 }));
  assertEquals(readable, [{ id: 5, index: 1 }]);
});

Deno.test("a new leader serves no read before an entry of its term is committed", () => {
  const { raft } = leaderWith(logOf(1, 1));
  assertEquals(read(raft, 5).sendNow, []);
  put(raft, appendResponse({ term: 2, matchIndex: 3 }));
  const { readable, sendNow } = raft.step({ kind: "persisted", sequence: 2 });
  assertEquals([raft.commitIndex, readable], [3, []]);
  assertEquals(sendNow.map(({ kind }) => kind), [
    "appendRequest",
    "appendRequest",
  ]);
  const served = put(
    raft,
    appendResponse({ term: 2, matchIndex: 3, round: 2 }),
  );
  assertEquals(served.readable, [{ id: 5, index: 3 }]);
});

Deno.test("a sole voter serves reads at once", () => {
  const raft = followerWith([], { voters: [OPTIONS.name] });
  raft.step({ kind: "tick" });
  raft.step({ kind: "persisted", sequence: 1 });
  raft.step({ kind: "persisted", sequence: 2 });
  assertEquals(read(raft, 5).readable, [{ id: 5, index: 1 }]);
});

Deno.test("a deposed leader refuses the reads that wait, each once", () => {
  const raft = servingLeader();
  read(raft, 5);
  read(raft, 6);
  assertEquals(put(raft, appendRequest({ term: 2 })).refused, [5, 6]);
  assertEquals(put(raft, appendRequest({ term: 3 })).refused, []);
});

Deno.test("too many waiting reads refuse more", () => {
  const raft = servingLeader();
  read(raft, -1);
  for (let id = 0; id < LIMITS.pendingReads; id++) {
    assertEquals(read(raft, id).refused, []);
  }
  assertEquals(read(raft, 77).refused, [77]);
});
