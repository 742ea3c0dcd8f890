import { assertEquals } from "@std/assert";
import type { Effects, Raft } from "../../src/raft/mod.ts";
import {
  appendRequest,
  appendResponse,
  followerWith,
  leaderWith,
  OPTIONS,
  put,
} from "./lone.ts";

function tick(raft: Raft, times: number): Effects {
  let effects = raft.step({ kind: "tick" });
  for (let time = 1; time < times; time++) {
    effects = raft.step({ kind: "tick" });
  }
  return effects;
}

Deno.test("a leader's heartbeats come every so many ticks, to everybody", () => {
  const { raft } = leaderWith([], { heartbeatTicks: 3 });
  const sent = [1, 2, 3, 4, 5, 6].map(() => tick(raft, 1).sendNow.length);
  assertEquals(sent, [0, 0, 2, 0, 0, 2]);
});

Deno.test("a leader that nobody answers steps down after the shortest timeout", () => {
  const { raft } = leaderWith([]);
  assertEquals(tick(raft, 9).standing, null);
  const standing = { role: "follower", term: 1, leader: null };
  assertEquals<unknown>(tick(raft, 1).standing, standing);
});

Deno.test("an answer of one of two followers keeps a leader, even a rejection", () => {
  const { raft } = leaderWith([]);
  for (let time = 0; time < 5; time++) {
    tick(raft, 9);
    put(
      raft,
      appendResponse({
        accepted: time % 2 === 0,
        matchIndex: 0,
        hintIndex: 0,
      }),
    );
  }
  assertEquals(raft.standing.role, "leader");
  assertEquals(raft.followers.map(({ silentTicks }) => silentTicks), [0, 45]);
});

Deno.test("an answer of one of four followers does not keep a leader", () => {
  const { raft } = leaderWith([], {
    voters: ["m1", "m2", "m3", "m4", "m5"],
  });
  tick(raft, 9);
  put(raft, appendResponse({ matchIndex: 0 }));
  tick(raft, 1);
  assertEquals(raft.standing.role, "follower");
});

Deno.test("a sole voter leads for ever", () => {
  const raft = followerWith([], { voters: [OPTIONS.name] });
  tick(raft, 1);
  raft.step({ kind: "persisted", sequence: 1 });
  tick(raft, 1000);
  assertEquals(raft.standing.role, "leader");
});

Deno.test("a follower that hears its leader never campaigns", () => {
  const raft = followerWith([]);
  for (let time = 0; time < 20; time++) {
    put(raft, appendRequest());
    tick(raft, 10);
  }
  assertEquals(raft.standing, { role: "follower", term: 1, leader: "m2" });
  tick(raft, 10);
  assertEquals(raft.standing.role, "preCandidate");
});
