import { assertEquals } from "@std/assert";
import type { Message, Standing } from "../../src/raft/mod.ts";
import { QuorumContact } from "../../src/runtime/quorum/quorum_contact.ts";

const FOLLOWER: Standing = { role: "follower", term: 4, leader: "m2" };
const LEADER: Standing = { role: "leader", term: 4, leader: "m1" };

Deno.test("QuorumContact knows nothing before the first word of a leader", () => {
  const rig = new Rig(3);
  assertEquals(rig.contact.ageMs(FOLLOWER), null);
  rig.contact.heard(append("m3", 4, 0), FOLLOWER);
  assertEquals(rig.contact.ageMs(FOLLOWER), null, "m3 does not lead");
  rig.contact.heard(append("m2", 3, 0), FOLLOWER);
  assertEquals(rig.contact.ageMs(FOLLOWER), null, "of an old term");
});

Deno.test("QuorumContact counts a follower's age from the last word whose commits it has applied", () => {
  const rig = new Rig(3);
  rig.contact.heard(append("m2", 4, 0), FOLLOWER);
  rig.nowMs += 30;
  assertEquals(rig.contact.ageMs(FOLLOWER), 30);
  rig.contact.heard(append("m2", 4, 5), FOLLOWER);
  rig.nowMs += 20;
  rig.contact.heard(append("m2", 4, 9), FOLLOWER);
  assertEquals(rig.contact.ageMs(FOLLOWER), 50, "entry 5 is not applied");
  rig.contact.applied({ index: 4, term: 3 });
  assertEquals(rig.contact.ageMs(FOLLOWER), 50);
  rig.contact.applied({ index: 5, term: 3 });
  assertEquals(rig.contact.ageMs(FOLLOWER), 20, "as of the word of entry 5");
  rig.nowMs += 1000;
  const alone: Standing = { role: "preCandidate", term: 4, leader: null };
  assertEquals(rig.contact.ageMs(alone), 1020, "it grows without a leader");
});

Deno.test("QuorumContact counts a leader's age from the last answers of a majority", () => {
  const rig = new Rig(5);
  rig.contact.applied({ index: 1, term: 4 });
  rig.contact.heard(answer("m2", 4), LEADER);
  rig.nowMs += 10;
  assertEquals(rig.contact.ageMs(LEADER), null, "one of two that are needed");
  rig.contact.heard(answer("m3", 4), LEADER);
  rig.nowMs += 10;
  assertEquals(rig.contact.ageMs(LEADER), 20);
  rig.contact.heard(answer("m2", 4), LEADER);
  assertEquals(rig.contact.ageMs(LEADER), 10);
  const next: Standing = { role: "leader", term: 6, leader: "m1" };
  rig.contact.heard(answer("m4", 6), next);
  rig.contact.heard(answer("m5", 6), next);
  assertEquals(rig.contact.ageMs(next), 10, "nothing of its term is applied");
  rig.contact.applied({ index: 2, term: 6 });
  assertEquals(rig.contact.ageMs(next), 0);
});

Deno.test("QuorumContact of an only monitor is always level", () => {
  const rig = new Rig(1);
  assertEquals(rig.contact.ageMs(LEADER), null, "before its first entry");
  rig.contact.applied({ index: 1, term: 4 });
  rig.nowMs += 500;
  assertEquals(rig.contact.ageMs(LEADER), 0);
});

class Rig {
  nowMs = 1000;
  readonly contact: QuorumContact;

  constructor(voters: number) {
    const clock = { nowMs: (): number => this.nowMs };
    const names = Array.from({ length: voters }, (_, at) => `m${at + 1}`);
    this.contact = new QuorumContact(clock, () => names);
  }
}

function append(from: string, term: number, commitIndex: number): Message {
  return {
    kind: "appendRequest",
    from,
    to: "m1",
    term,
    previousIndex: 0,
    previousTerm: 0,
    entries: [],
    commitIndex,
    round: 1,
  };
}

function answer(from: string, term: number): Message {
  return {
    kind: "appendResponse",
    from,
    to: "m1",
    term,
    accepted: true,
    matchIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    round: 1,
  };
}
