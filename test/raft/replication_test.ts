import { assertEquals } from "@std/assert";
import type { AppendRequest, Effects, Raft } from "../../src/raft/mod.ts";
import { appendResponse, leaderWith, logOf, propose, put } from "./lone.ts";

/** What goes to m2: `previous index/term [indexes] commit`, a word each. */
function toM2({ sendNow }: Effects): string[] {
  return sendNow
    .filter((message): message is AppendRequest =>
      message.kind === "appendRequest" && message.to === "m2"
    )
    .map(({ previousIndex, previousTerm, entries, commitIndex }) => {
      const indexes = entries.map(({ index }) => index).join(" ");
      return `${previousIndex}/${previousTerm} [${indexes}] ${commitIndex}`;
    });
}

function tick(raft: Raft, times: number): Effects {
  let effects = raft.step({ kind: "tick" });
  for (let time = 1; time < times; time++) {
    effects = raft.step({ kind: "tick" });
  }
  return effects;
}

/** A leader of term 1 whose empty entry m2 has. */
function leaderFollowedByM2(
  options: Parameters<typeof leaderWith>[1] = {},
): Raft {
  const { raft } = leaderWith([], options);
  put(raft, appendResponse({ matchIndex: 1 }));
  return raft;
}

Deno.test("a new leader sends its empty entry at once, before its own disk has it", () => {
  const { raft, effects } = leaderWith(logOf(1, 1));
  assertEquals(toM2(effects), ["2/1 [3] 0"]);
  assertEquals(effects.persist?.entries.map(({ kind }) => kind), ["noop"]);
  assertEquals(raft.persistedIndex, 2);
  assertEquals(raft.followers[0], {
    name: "m2",
    state: "probe",
    matchIndex: 0,
    lagEntries: 3,
    nextIndex: 3,
    silentTicks: 0,
    voter: true,
    caughtUp: false,
  });
});

Deno.test("a follower in probe gets nothing more before it answers, but heartbeats", () => {
  const { raft } = leaderWith(logOf(1));
  assertEquals(toM2(propose(raft, "a")), []);
  assertEquals(toM2(tick(raft, 2)), ["1/1 [] 0"]);
});

Deno.test("a follower that follows gets entries as they come", () => {
  const raft = leaderFollowedByM2();
  assertEquals(toM2(propose(raft, "a")), ["1/1 [2] 0"]);
  assertEquals(toM2(propose(raft, "b", "c")), ["2/1 [3 4] 0"]);
});

Deno.test("the window of messages holds entries back until an answer", () => {
  const raft = leaderFollowedByM2({ inFlightMax: 2 });
  assertEquals(toM2(propose(raft, "a")).length, 1);
  assertEquals(toM2(propose(raft, "b")).length, 1);
  assertEquals(toM2(propose(raft, "c")), []);
  assertEquals(toM2(propose(raft, "d")), []);
  const effects = put(raft, appendResponse({ matchIndex: 2 }));
  assertEquals(toM2(effects), ["3/1 [4 5] 0"]);
});

Deno.test("the window of bytes holds entries back until an answer", () => {
  const raft = leaderFollowedByM2({ inFlightMax: 99, inFlightBytesMax: 100 });
  assertEquals(toM2(propose(raft, "x".repeat(200))), ["1/1 [2] 0"]);
  assertEquals(toM2(propose(raft, "b")), []);
  const effects = put(raft, appendResponse({ matchIndex: 2 }));
  assertEquals(toM2(effects), ["2/1 [3] 0"]);
});

Deno.test("the window of bytes is four full messages unless given", () => {
  const raft = leaderFollowedByM2({ inFlightMax: 99, appendBytesMax: 50 });
  const sent = Array.from(
    { length: 9 },
    () => toM2(propose(raft, "x".repeat(34))).length,
  );
  assertEquals(sent, [1, 1, 1, 1, 0, 0, 0, 0, 0]);
});

Deno.test("a batch is split by the bytes that a message may hold", () => {
  const raft = leaderFollowedByM2({ appendBytesMax: 40 });
  const effects = propose(raft, "a", "b", "c", "d", "e");
  assertEquals(toM2(effects), ["1/1 [2 3] 0", "3/1 [4 5] 0", "5/1 [6] 0"]);
});

Deno.test("a heartbeat follows on the last entry sent", () => {
  const raft = leaderFollowedByM2();
  propose(raft, "a", "b");
  assertEquals(toM2(tick(raft, 1)), []);
  assertEquals(toM2(tick(raft, 1)), ["3/1 [] 0"]);
});

Deno.test("a rejection sends the leader back to where the follower is", () => {
  const raft = leaderFollowedByM2();
  propose(raft, "a", "b", "c");
  const rejection = appendResponse({
    matchIndex: 4,
    accepted: false,
    hintIndex: 2,
    hintTerm: 1,
  });
  assertEquals(toM2(put(raft, rejection)), ["2/1 [3 4] 0"]);
  assertEquals(raft.followers[0]?.state, "probe");
  // The same again is no news, and neither is a rejection of what matched.
  assertEquals(toM2(put(raft, rejection)), []);
  assertEquals(toM2(put(raft, { ...rejection, matchIndex: 1 })), []);
});

Deno.test("each rejection skips what is left of a term", () => {
  // The leader's log: terms 1 1 3 3 3 5 5 and its own 6. m2 rejects index 7.
  // deno-fmt-ignore
  const cases: [number, number, string][] = [
    // hint's index and term, what the leader sends then
    [9, 5, "6/5 [7 8] 0"],
    [7, 4, "5/3 [6 7 8] 0"],
    [4, 3, "4/3 [5 6 7 8] 0"],
    [4, 2, "2/1 [3 4 5 6 7 8] 0"],
    [1, 1, "1/1 [2 3 4 5 6 7 8] 0"],
    [0, 0, "0/0 [1 2 3 4 5 6 7 8] 0"],
  ];
  for (const [hintIndex, hintTerm, sent] of cases) {
    const { raft } = leaderWith(logOf(1, 1, 3, 3, 3, 5, 5));
    const effects = put(
      raft,
      appendResponse({
        term: 6,
        accepted: false,
        matchIndex: 7,
        hintIndex,
        hintTerm,
      }),
    );
    assertEquals(toM2(effects), [sent]);
  }
});

Deno.test("an answer from nowhere or of another term moves nothing", () => {
  const raft = leaderFollowedByM2();
  propose(raft, "a");
  for (
    const stray of [{ from: "m9" }, { from: "m1" }, { to: "m2" }, { term: 0 }]
  ) put(raft, appendResponse({ matchIndex: 2, ...stray }));
  assertEquals(raft.followers.map(({ matchIndex }) => matchIndex), [1, 0]);
});

Deno.test("entries are handed on by reference, never copied", () => {
  const raft = leaderFollowedByM2();
  const data = new Uint8Array([1, 2, 3]);
  const { sendNow, persist } = raft.step({
    kind: "propose",
    proposals: [{ id: 1, data }],
  });
  const [message] = sendNow;
  const sent = message?.kind === "appendRequest" ? message.entries[0] : null;
  assertEquals(sent?.data === data, true);
  assertEquals(persist?.entries[0]?.data === data, true);
});
