import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure, utf8 } from "../../src/base/mod.ts";
import { foundingConfiguration } from "../../src/raft/configuration.ts";
import {
  type Effects,
  type Message,
  Raft,
  type RaftEvent,
  type Snapshot,
  type SnapshotChunk,
} from "../../src/raft/mod.ts";
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
} from "./lone.ts";

const CONFIGURATION = foundingConfiguration(["m1", "m2", "m3"]);

/** A snapshot of two bytes. */
function snapshot(index: number, term: number, digest = "d"): Snapshot {
  return { index, term, bytes: 2, digest, configuration: CONFIGURATION };
}

/** A chunk of m2's in term 3: an offer, unless data are given. */
function chunk(
  of: Snapshot,
  fields: Partial<SnapshotChunk> = {},
): SnapshotChunk {
  const rest = { offset: 0, data: new Uint8Array(0), round: 1 };
  const envelope = { from: "m2", to: "m1", term: 3 };
  return {
    kind: "snapshotChunk",
    ...envelope,
    snapshot: of,
    ...rest,
    ...fields,
  };
}

function written(
  raft: Raft,
  of: Snapshot,
  offset: number,
  complete = false,
): Effects {
  return raft.step({ kind: "snapshotWritten", snapshot: of, offset, complete });
}

function sent({ sendNow, sendOncePersisted }: Effects): Message[] {
  return [...sendNow, ...sendOncePersisted];
}

/** A leader of term 2 that has committed entries 1 to 4 and holds them durably. */
function committedLeader(): Raft {
  const { raft } = leaderWith(logOf(1, 1));
  propose(raft, "a");
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 4, hintTerm: 2, term: 2 }));
  assertEquals(raft.commitIndex, 4);
  return raft;
}

function taken(index: number, compactTo: number): RaftEvent {
  return { kind: "snapshotTaken", index, compactTo, bytes: 2, digest: "d" };
}

Deno.test("a snapshot taken lets the log drop its beginning, and no more", () => {
  const raft = committedLeader();
  raft.step(taken(3, 2));
  assertEquals([raft.baseIndex, raft.lastIndex], [2, 4]);
  assertEquals([raft.entryAt(2), raft.entryAt(3)?.term], [null, 2]);
  assertEquals(raft.snapshot, {
    ...snapshot(3, 2),
    configuration: CONFIGURATION,
  });
  assertEquals(raft.snapshotHead(4).term, 2);
  // An older one comes too late.
  raft.step(taken(3, 3));
  assertEquals(raft.baseIndex, 2);
});

Deno.test("a snapshot must be committed, durable, and beyond what is dropped", () => {
  const ahead = leaderWith(logOf(1)).raft;
  const cases: [Raft, RaftEvent, string][] = [
    [ahead, taken(1, 0), "committed"],
    [committedLeader(), taken(3, 4), "in the snapshot"],
    [committedLeader(), { ...taken(3, 3), bytes: 0 } as RaftEvent, "bytes"],
  ];
  for (const [raft, event, why] of cases) {
    assertThrows(() => raft.step(event), AssertionFailure, why);
  }
  const { raft } = leaderWith([]);
  for (const from of ["m2", "m3"]) {
    put(raft, appendResponse({ from, matchIndex: 1 }));
  }
  assertEquals([raft.commitIndex, raft.persistedIndex], [1, 0]);
  assertThrows(() => raft.step(taken(1, 1)), AssertionFailure, "durable");
});

Deno.test("a follower behind the log's beginning is offered the snapshot", () => {
  const raft = committedLeader();
  raft.step(taken(4, 4));
  const rejection = { from: "m3", accepted: false, matchIndex: 2, term: 2 };
  const effects = put(
    raft,
    appendResponse({ ...rejection, hintIndex: 1, hintTerm: 1 }),
  );
  const [offer] = effects.sendNow;
  assertEquals(offer?.kind === "snapshotChunk" && offer.snapshot.index, 4);
  assertEquals(raft.followers[1]?.state, "snapshot");
  assertEquals(raft.snapshotsInUse, [4]);
});

Deno.test("a snapshot in use is named until nobody gets it any more", () => {
  const raft = committedLeader();
  raft.step(taken(3, 3));
  const rejection = { from: "m3", accepted: false, matchIndex: 2, term: 2 };
  put(raft, appendResponse({ ...rejection, hintIndex: 1, hintTerm: 1 }));
  raft.step(taken(4, 4));
  assertEquals(raft.snapshotsInUse, [4, 3]);
  // The log is held for who gets the snapshot before.
  assertEquals(raft.baseIndex, 3);
  put(raft, appendResponse({ from: "m3", matchIndex: 3, term: 2 }));
  assertEquals(raft.snapshotsInUse, [4]);
});

Deno.test("chunks are taken in order, each once, and another snapshot gives way", () => {
  const raft = followerWith(logOf(1));
  const first = chunk(snapshot(9, 2), { data: utf8("x") });
  assertEquals(put(raft, first).writeSnapshot?.offset, 0);
  // While that is being written nothing else is.
  assertEquals(put(raft, first).writeSnapshot, undefined);
  assertEquals(
    put(raft, chunk(snapshot(9, 2, "e"), { data: utf8("y") })).writeSnapshot,
    undefined,
  );
  const [answer] = sent(written(raft, snapshot(9, 2), 1));
  assertEquals(answer?.kind === "snapshotResponse" && answer.offset, 1);
  assertEquals(put(raft, first).writeSnapshot, undefined);
  const last = chunk(snapshot(9, 2), { offset: 1, data: utf8("y") });
  assertEquals(put(raft, last).writeSnapshot?.last, true);
  written(raft, snapshot(9, 2), 1);
  // The same place, but other bytes: they do not go on where these end.
  const digest = chunk(snapshot(9, 2, "e"), { offset: 1, data: utf8("y") });
  assertEquals(put(raft, digest).writeSnapshot, undefined);
  const other = chunk(snapshot(12, 2), { data: utf8("z") });
  assertEquals(put(raft, other).writeSnapshot?.snapshot.index, 12);
});

Deno.test("a complete snapshot takes the log's place, durably, before it is acknowledged", () => {
  const raft = followerWith(logOf(1, 1));
  put(raft, chunk(snapshot(9, 2), { data: utf8("xy") }));
  const effects = written(raft, snapshot(9, 2), 2, true);
  assertEquals(effects.restore, snapshot(9, 2));
  assertEquals(effects.persist?.restart, { index: 9, term: 2 });
  assertEquals(effects.sendNow, []);
  const [answer] = effects.sendOncePersisted;
  assertEquals(
    answer?.kind === "appendResponse" && [answer.accepted, answer.matchIndex],
    [true, 9],
  );
  assertEquals([raft.baseIndex, raft.commitIndex, raft.lastIndex], [9, 9, 9]);
  const more = { previousIndex: 9, previousTerm: 2, entries: [entry(10, 3)] };
  const next = put(raft, appendRequest({ ...more, term: 3, commitIndex: 10 }));
  assertEquals(next.apply, [entry(10, 3)]);
});

Deno.test("a snapshot of what the log has commits it, and keeps what follows", () => {
  const raft = followerWith(logOf(1, 1, 1));
  put(raft, chunk(snapshot(2, 1), { data: utf8("xy") }));
  const effects = written(raft, snapshot(2, 1), 2, true);
  assertEquals([effects.restore, effects.persist], [undefined, null]);
  assertEquals(effects.apply, [entry(1, 1), entry(2, 1)]);
  assertEquals([raft.baseIndex, raft.lastIndex], [0, 3]);
});

Deno.test("a snapshot that the log has overtaken changes nothing", () => {
  const raft = followerWith(logOf(1));
  put(raft, chunk(snapshot(3, 2), { data: utf8("xy") }));
  const entries = [entry(2, 1), entry(3, 2), entry(4, 2)];
  const more = { previousIndex: 1, previousTerm: 1, entries };
  put(raft, appendRequest({ ...more, term: 3, commitIndex: 4 }));
  raft.step({ kind: "persisted", sequence: 2 });
  raft.step(taken(4, 4));
  const effects = written(raft, snapshot(3, 2), 2, true);
  assertEquals([effects.restore, effects.apply], [undefined, []]);
  assertEquals([raft.baseIndex, raft.commitIndex], [4, 4]);
  assertEquals(raft.snapshot?.index, 4);
});

Deno.test("a snapshot of what is committed already is acknowledged at once", () => {
  const raft = followerWith(logOf(1, 1));
  const all = { previousIndex: 2, previousTerm: 1, commitIndex: 2 };
  put(raft, appendRequest(all));
  const effects = put(raft, chunk(snapshot(1, 1), { data: utf8("xy") }));
  assertEquals(effects.writeSnapshot, undefined);
  const [answer] = sent(effects);
  assertEquals(answer?.kind === "appendResponse" && answer.matchIndex, 1);
});

Deno.test("the round of an earlier term's chunk is not echoed in a later one", () => {
  const raft = followerWith(logOf(1));
  put(raft, chunk(snapshot(9, 2), { data: utf8("x"), round: 70 }));
  put(raft, appendRequest({ term: 4, from: "m3", previousIndex: 1 }));
  const [answer] = sent(written(raft, snapshot(9, 2), 1));
  assertEquals(answer?.kind === "snapshotResponse" && answer.round, 0);
});

Deno.test("a leader of an earlier term learns of the later one from its chunk", () => {
  const raft = followerWith(logOf(5));
  const [answer] = sent(put(raft, chunk(snapshot(9, 2))));
  assertEquals(
    answer?.kind === "appendResponse" && [answer.accepted, answer.term],
    [false, 5],
  );
});

Deno.test("an append that begins before the snapshot agrees with it", () => {
  const given = { snapshot: snapshot(3, 1), entries: [] };
  const raft = followerWith([], {
    ...given,
    hardState: { term: 1, votedFor: null },
  });
  const late = { previousIndex: 1, previousTerm: 1 };
  const whole = put(
    raft,
    appendRequest({
      ...late,
      entries: [entry(2, 1), entry(3, 1), entry(4, 1)],
    }),
  );
  assertEquals(whole.persist?.entries, [entry(4, 1)]);
  const older = put(raft, appendRequest({ ...late, entries: [entry(2, 1)] }));
  const [answer] = sent(older);
  assertEquals(
    answer?.kind === "appendResponse" && [answer.accepted, answer.hintIndex],
    [true, 3],
  );
});

Deno.test("Raft starts behind a snapshot, with what the journal has after it", () => {
  const hardState = { term: 2, votedFor: null };
  const start = (...terms: number[]): Raft =>
    new Raft({
      ...OPTIONS,
      hardState,
      snapshot: snapshot(2, 1),
      entries: logOf(...terms),
    });
  const placeOf = (raft: Raft): number[] => [
    raft.baseIndex,
    raft.commitIndex,
    raft.lastIndex,
  ];
  assertEquals(placeOf(start(1, 1, 2)), [1, 2, 3]);
  assertEquals(placeOf(start(1, 1)), [1, 2, 2]);
  assertEquals(placeOf(start()), [2, 2, 2]);
  // A journal that ends before, or differs, or is empty: nothing in it counts.
  for (const stale of [start(), start(1), start(1, 2, 2)]) {
    assertEquals(placeOf(stale), [2, 2, 2]);
    const { persist } = stale.step({ kind: "tick" });
    assertEquals(persist?.restart, { index: 2, term: 1 });
  }
});

Deno.test("Raft starts in the term of a snapshot that was durable before the term", () => {
  const raft = new Raft({ ...OPTIONS, snapshot: snapshot(2, 7) });
  assertEquals(raft.standing.term, 7);
  const { persist } = raft.step({ kind: "tick" });
  assertEquals(persist?.hardState, { term: 7, votedFor: null });
});

Deno.test("Raft goes on with a snapshot that was coming in, unless all bytes are there", () => {
  for (const [offset, expected] of [[1, 1], [2, 0]] as const) {
    const raft = new Raft({
      ...OPTIONS,
      partialSnapshot: { snapshot: snapshot(9, 2), offset },
    });
    const [answer] = sent(put(raft, chunk(snapshot(9, 2))));
    assertEquals(
      answer?.kind === "snapshotResponse" && answer.offset,
      expected,
    );
  }
});

Deno.test("compaction waits for a follower with a snapshot only so long", () => {
  const { raft } = leaderWith(logOf(1, 1), { heldBytesMax: 20 });
  raft.step({ kind: "persisted", sequence: 2 });
  put(raft, appendResponse({ matchIndex: 3, hintTerm: 2, term: 2 }));
  raft.step(taken(3, 3));
  const rejection = { from: "m3", accepted: false, matchIndex: 2, term: 2 };
  put(raft, appendResponse({ ...rejection, hintIndex: 1, hintTerm: 1 }));
  propose(raft, "a", "b", "c");
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 6, hintTerm: 2, term: 2 }));
  raft.step(taken(6, 6));
  // Only the last entry, of 17 bytes, is spared.
  assertEquals(raft.baseIndex, 5);
});
