import { assertEquals } from "@std/assert";
import type { Raft } from "../../src/raft/mod.ts";
import { followerWith, logOf, OPTIONS, put, voteResponse } from "./lone.ts";

const FIVE = { voters: ["m1", "m2", "m3", "m4", "m5"] };

function tickUntilCampaign(raft: Raft): number {
  let ticks = 0;
  while (raft.standing.role === "follower") {
    raft.step({ kind: "tick" });
    ticks += 1;
  }
  return ticks;
}

function candidateOfFive(): Raft {
  const raft = followerWith(logOf(2), FIVE);
  tickUntilCampaign(raft);
  for (const from of ["m2", "m3"]) {
    put(raft, voteResponse({ from, term: 3, preVote: true }));
  }
  assertEquals(raft.standing, { role: "candidate", term: 3, leader: null });
  return raft;
}

Deno.test("election timeouts lie above the minimum, up to twice of it, and vary", () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 300; seed++) {
    seen.add(tickUntilCampaign(followerWith([], { seed })));
  }
  const range = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
  assertEquals([...seen].sort((a, b) => a - b), range);
});

Deno.test("equal seeds give equal timeouts", () => {
  const ticks = [7, 7].map((seed) =>
    tickUntilCampaign(followerWith([], { seed }))
  );
  assertEquals(ticks[0], ticks[1]);
});

Deno.test("a pre-vote asks about the next term and starts none", () => {
  const raft = followerWith(logOf(2, 2), { electionTicksMin: 3 });
  let effects = raft.step({ kind: "tick" });
  while (effects.sendNow.length === 0) effects = raft.step({ kind: "tick" });
  assertEquals(effects.persist, null);
  assertEquals(effects.sendNow[1], {
    kind: "voteRequest",
    from: "m1",
    to: "m3",
    term: 3,
    preVote: true,
    lastIndex: 2,
    lastTerm: 2,
  });
  assertEquals(raft.standing, { role: "preCandidate", term: 2, leader: null });
});

Deno.test("a candidate persists its term and vote before it asks", () => {
  const raft = followerWith([]);
  tickUntilCampaign(raft);
  const granted = voteResponse({ term: 1, preVote: true });
  const { persist, sendNow, sendOncePersisted } = put(raft, granted);
  assertEquals(persist?.hardState, { term: 1, votedFor: "m1" });
  assertEquals(sendNow, []);
  assertEquals(sendOncePersisted.map(({ to }) => to), ["m2", "m3"]);
});

Deno.test("a candidate's own vote counts only once it is durable", () => {
  const raft = candidateOfFive();
  put(raft, voteResponse({ from: "m2", term: 3 }));
  put(raft, voteResponse({ from: "m3", term: 3 }));
  assertEquals(raft.standing.role, "candidate");
  raft.step({ kind: "persisted", sequence: 1 });
  assertEquals(raft.standing, { role: "leader", term: 3, leader: "m1" });
});

Deno.test("each voter counts once", () => {
  const raft = candidateOfFive();
  raft.step({ kind: "persisted", sequence: 1 });
  for (let time = 0; time < 5; time++) put(raft, voteResponse({ term: 3 }));
  assertEquals(raft.standing.role, "candidate");
  // The first word of a voter stands.
  put(raft, voteResponse({ from: "m3", term: 3, granted: false }));
  put(raft, voteResponse({ from: "m3", term: 3 }));
  assertEquals(raft.standing.role, "candidate");
  put(raft, voteResponse({ from: "m4", term: 3 }));
  assertEquals(raft.standing.role, "leader");
});

Deno.test("a campaign that cannot be won any more ends", () => {
  const raft = candidateOfFive();
  for (const from of ["m2", "m3"]) {
    put(raft, voteResponse({ from, term: 3, granted: false }));
  }
  assertEquals(raft.standing.role, "candidate");
  put(raft, voteResponse({ from: "m4", term: 3, granted: false }));
  assertEquals(raft.standing, { role: "follower", term: 3, leader: null });
});

Deno.test("a candidate without an answer asks in advance again, in its term", () => {
  const raft = candidateOfFive();
  for (let tick = 0; tick < 20; tick++) raft.step({ kind: "tick" });
  assertEquals(raft.standing, { role: "preCandidate", term: 3, leader: null });
});

Deno.test("a sole voter elects itself at its first tick", () => {
  const raft = followerWith([], { voters: [OPTIONS.name] });
  const { persist } = raft.step({ kind: "tick" });
  assertEquals(persist?.hardState, { term: 1, votedFor: "m1" });
  assertEquals(raft.standing.role, "candidate");
  raft.step({ kind: "persisted", sequence: 1 });
  assertEquals(raft.standing.role, "leader");
});
