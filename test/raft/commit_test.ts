import { assertEquals } from "@std/assert";
import { appendResponse, leaderWith, logOf, propose, put } from "./lone.ts";

const FIVE = { voters: ["m1", "m2", "m3", "m4", "m5"] };

Deno.test("an entry is committed when a majority has it durably, in any order", () => {
  const { raft } = leaderWith([]);
  raft.step({ kind: "persisted", sequence: 2 });
  assertEquals(raft.commitIndex, 0);
  const effects = put(raft, appendResponse({ matchIndex: 1 }));
  assertEquals(effects.apply.map(({ kind }) => kind), ["noop"]);
  assertEquals(raft.commitIndex, 1);
});

Deno.test("followers alone can commit before the leader's disk is done", () => {
  const { raft } = leaderWith([]);
  put(raft, appendResponse({ matchIndex: 1 }));
  assertEquals(raft.commitIndex, 0);
  put(raft, appendResponse({ matchIndex: 1, from: "m3" }));
  assertEquals(raft.commitIndex, 1);
  assertEquals(raft.persistedIndex, 0);
});

Deno.test("three of five commit, two do not", () => {
  const { raft } = leaderWith([], FIVE);
  propose(raft, "a", "b");
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 3 }));
  assertEquals(raft.commitIndex, 0);
  put(raft, appendResponse({ matchIndex: 2, from: "m5" }));
  assertEquals(raft.commitIndex, 2);
});

Deno.test("entries of earlier terms are not committed by being counted", () => {
  const { raft } = leaderWith(logOf(1, 1));
  // m2 has the earlier entries durably, but not the leader's own.
  put(raft, appendResponse({ term: 2, matchIndex: 2 }));
  put(raft, appendResponse({ term: 2, matchIndex: 2, from: "m3" }));
  assertEquals(raft.commitIndex, 0);
  const both = { term: 2, matchIndex: 3 };
  put(raft, appendResponse(both));
  const { apply } = put(raft, appendResponse({ ...both, from: "m3" }));
  assertEquals(apply.map(({ index }) => index), [1, 2, 3]);
});

Deno.test("followers are told of a commit as far as they have it, and once", () => {
  const { raft } = leaderWith([]);
  raft.step({ kind: "persisted", sequence: 2 });
  const first = put(raft, appendResponse({ matchIndex: 1 }));
  const notice = {
    kind: "commitNotice",
    from: "m1",
    to: "m2",
    term: 1,
    commitIndex: 1,
  };
  assertEquals<unknown>(first.sendNow, [notice]);
  const again = put(raft, appendResponse({ matchIndex: 1 }));
  assertEquals(again.sendNow, []);
  const third = put(raft, appendResponse({ matchIndex: 1, from: "m3" }));
  assertEquals<unknown>(third.sendNow, [{ ...notice, to: "m3" }]);
});

Deno.test("a commit that the next entries carry needs no notice", () => {
  const { raft } = leaderWith([], { inFlightMax: 1 });
  raft.step({ kind: "persisted", sequence: 2 });
  put(raft, appendResponse({ matchIndex: 1 }));
  propose(raft, "a");
  propose(raft, "b");
  raft.step({ kind: "persisted", sequence: 4 });
  const { sendNow } = put(raft, appendResponse({ matchIndex: 2 }));
  assertEquals(sendNow.map(({ kind }) => kind), ["appendRequest"]);
  const [message] = sendNow;
  assertEquals(message?.kind === "appendRequest" && message.commitIndex, 2);
});

Deno.test("followers suffice when the voters heard lately are a majority without the leader", () => {
  const { raft } = leaderWith([]);
  assertEquals(raft.followersSuffice, false);
  put(raft, appendResponse({ matchIndex: 0 }));
  assertEquals(raft.followersSuffice, false);
  put(raft, appendResponse({ matchIndex: 0, from: "m3" }));
  assertEquals(raft.followersSuffice, true);
  // m2 goes silent for an election timeout.
  for (let tick = 0; tick < 10; tick++) {
    raft.step({ kind: "tick" });
    if (tick === 5) put(raft, appendResponse({ matchIndex: 0, from: "m3" }));
  }
  assertEquals(raft.followersSuffice, false);
});

Deno.test("a monitor that follows or is alone has no followers that suffice", () => {
  const { raft } = leaderWith([], { voters: ["m1"] });
  assertEquals(raft.standing.role, "leader");
  assertEquals(raft.followersSuffice, false);
});
