import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../src/base/mod.ts";
import { foundingConfiguration } from "../../src/raft/configuration.ts";
import {
  type ConfigurationChange,
  type Effects,
  type Message,
  Raft,
  type RaftOptions,
} from "../../src/raft/mod.ts";
import {
  appendRequest,
  appendResponse,
  followerWith,
  leaderWith,
  logOf,
  OPTIONS,
  propose,
  put,
  voteRequest,
  voteResponse,
} from "./lone.ts";

/** A leader of term 1 that all have heard of, with its empty entry committed. */
function servingLeader(options: Partial<RaftOptions> = {}): Raft {
  const { raft } = leaderWith([], options);
  raft.step({ kind: "persisted", sequence: 2 });
  for (const from of ["m2", "m3"]) {
    put(raft, appendResponse({ from, matchIndex: 1 }));
  }
  return raft;
}

function change(raft: Raft, change: ConfigurationChange): Effects {
  return raft.step({ kind: "changeConfiguration", id: 7, change });
}

function transfer(raft: Raft, to: string | null): Effects {
  return raft.step({ kind: "transfer", id: 8, to });
}

function kindsTo(effects: Effects, to: string): Message["kind"][] {
  return effects.sendNow.filter((one) => one.to === to).map(({ kind }) => kind);
}

function tick(raft: Raft, times: number): Effects {
  let effects = raft.step({ kind: "tick" });
  for (let left = times - 1; left > 0; left--) {
    effects = raft.step({ kind: "tick" });
  }
  return effects;
}

Deno.test("a removed follower is told until it knows, or for a while", () => {
  const raft = servingLeader();
  change(raft, { kind: "remove", name: "m3" });
  assertEquals(raft.followers.map(({ name, voter }) => [name, voter]), [
    ["m2", true],
    ["m3", false],
  ]);
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 2 }));
  put(raft, appendResponse({ from: "m3", matchIndex: 2 }));
  tick(raft, 1);
  assertEquals(raft.followers.length, 1);
});

Deno.test("a removed follower that is silent is left to itself in the end", () => {
  const raft = servingLeader();
  change(raft, { kind: "remove", name: "m3" });
  raft.step({ kind: "persisted", sequence: 3 });
  for (let time = 0; time < 19; time++) {
    tick(raft, 1);
    put(raft, appendResponse({ matchIndex: 2 }));
  }
  assertEquals(raft.followers.length, 2);
  tick(raft, 1);
  assertEquals(raft.followers.length, 1);
});

Deno.test("answers of a removed or unknown life of a name count for nothing", () => {
  const raft = servingLeader();
  propose(raft, "a");
  raft.step({ kind: "persisted", sequence: 3 });
  put(raft, appendResponse({ matchIndex: 2, incarnation: "b" }));
  assertEquals(raft.commitIndex, 1);
  put(raft, appendResponse({ matchIndex: 2 }));
  assertEquals(raft.commitIndex, 2);
});

Deno.test("a learner's vote and answers count for nothing", () => {
  const founding = foundingConfiguration(["m1", "m2", "m3"])
    .map((member) => ({ ...member, voter: member.name !== "m3" }));
  const raft = followerWith([], { founding });
  while (raft.standing.role === "follower") tick(raft, 1);
  put(raft, voteResponse({ from: "m3", preVote: true }));
  assertEquals(raft.standing.role, "preCandidate");
  put(raft, voteResponse({ preVote: true }));
  assertEquals(raft.standing.role, "candidate");
});

Deno.test("a learner never campaigns, and says when it hears nobody", () => {
  const founding = foundingConfiguration(["m1", "m2"])
    .map((member) => ({ ...member, voter: member.name !== "m1" }));
  const raft = followerWith([], { founding });
  put(raft, appendRequest());
  assertEquals(raft.standing.leader, "m2");
  assertEquals(tick(raft, 21).sendNow, []);
  assertEquals(raft.standing, { role: "follower", term: 1, leader: null });
  assertEquals(put(raft, voteRequest({ term: 2 })).sendOncePersisted.length, 1);
});

Deno.test("a monitor that joins neither campaigns nor votes before it is listed", () => {
  const raft = new Raft({ ...OPTIONS, voters: [], incarnation: "b" });
  assertEquals(tick(raft, 50).sendNow, []);
  const refusal = put(raft, voteRequest({ term: 2 }));
  assertEquals(refusal.sendOncePersisted, []);
  const [answer] = refusal.sendNow;
  assertEquals(
    answer?.kind === "voteResponse" && [answer.granted, answer.incarnation],
    [false, "b"],
  );
});

Deno.test("Raft refuses a lease that outlasts the voters' patience", () => {
  for (const leaseTicks of [9, -1]) {
    assertThrows(
      () => new Raft({ ...OPTIONS, leaseTicks }),
      AssertionFailure,
      "lease",
    );
  }
});

Deno.test("with leases, who hears a leader is bound to it even in a later term", () => {
  for (const leaseTicks of [0, 8]) {
    const raft = followerWith([], { leaseTicks });
    tick(raft, 10);
    put(raft, appendRequest());
    const stray: Message = {
      kind: "readRequest",
      from: "m3",
      to: "m1",
      term: 3,
      number: 1,
    };
    put(raft, stray);
    assertEquals(raft.standing.term, 3);
    const ask = voteRequest({ from: "m3", term: 3 });
    tick(raft, 9);
    const isBound = put(raft, ask).sendOncePersisted.length === 0;
    assertEquals(isBound, leaseTicks > 0);
    tick(raft, 1);
    assertEquals(put(raft, ask).sendOncePersisted.length, 1);
  }
});

Deno.test("a transfer waits until the successor has everything", () => {
  const raft = servingLeader();
  propose(raft, "a");
  assertEquals(kindsTo(transfer(raft, "m2"), "m2"), []);
  const done = put(raft, appendResponse({ matchIndex: 2 }));
  assertEquals(kindsTo(done, "m2"), ["timeoutNow"]);
  // It may have been lost: asked again at each tick.
  assertEquals(kindsTo(tick(raft, 1), "m2"), ["timeoutNow"]);
});

Deno.test("a transfer is declined where it cannot come to anything", () => {
  const raft = servingLeader();
  const reasonFor = (to: string | null): string | undefined =>
    transfer(raft, to).declined?.[0]?.reason;
  assertEquals(reasonFor("m1"), "is-leader");
  assertEquals(reasonFor("m9"), "unknown-name");
  tick(raft, 9);
  put(raft, appendResponse({ matchIndex: 1 }));
  tick(raft, 2);
  assertEquals(reasonFor("m3"), "not-responsive");
  assertEquals(
    transfer(followerWith([]), null).declined?.[0]?.reason,
    "not-leader",
  );
});

Deno.test("no change of members is made during a transfer", () => {
  const raft = servingLeader();
  transfer(raft, "m2");
  const declined = change(raft, { kind: "remove", name: "m3" }).declined;
  assertEquals(declined, [{ id: 7, reason: "transfer-pending" }]);
});

Deno.test("who is asked to campaign does so at once, if it is a voter", () => {
  const ask: Message = { kind: "timeoutNow", from: "m2", to: "m1", term: 1 };
  const raft = followerWith(logOf(1));
  put(raft, appendRequest({ previousIndex: 1, previousTerm: 1 }));
  const { sendOncePersisted } = put(raft, ask);
  assertEquals(raft.standing.role, "candidate");
  assertEquals(
    sendOncePersisted.map((one) => one.kind === "voteRequest" && one.transfer),
    [true, true],
  );
  const joining = new Raft({ ...OPTIONS, voters: [] });
  put(joining, ask);
  assertEquals(joining.standing.role, "follower");
});

Deno.test("a read at a follower is answered by the leader's word for this question only", () => {
  const raft = followerWith(logOf(1));
  put(raft, appendRequest({ previousIndex: 1, previousTerm: 1 }));
  const [question] = raft.step({ kind: "read", id: 4 }).sendNow;
  if (question?.kind !== "readRequest") throw new Error("no question");
  const answer = (number: number, index: number | null): Message => ({
    kind: "readResponse",
    from: "m2",
    to: "m1",
    term: 1,
    number,
    index,
  });
  const { number } = question;
  assertEquals(put(raft, answer(number - 1, 1)).readable, []);
  assertEquals(put(raft, answer(number, 1)).readable, [{ id: 4, index: 1 }]);
  assertEquals(put(raft, answer(number, 1)).readable, []);
  raft.step({ kind: "read", id: 5 });
  assertEquals(put(raft, answer(number + 1, null)).refused, [5]);
});

Deno.test("questions of another life of a monitor have other numbers", () => {
  const numbers = [1, 2].map((seed) => {
    const raft = followerWith([], { seed });
    put(raft, appendRequest());
    const [question] = raft.step({ kind: "read", id: 4 }).sendNow;
    return question?.kind === "readRequest" ? question.number : null;
  });
  assertEquals(numbers[0] === numbers[1], false);
  assertEquals(numbers.every(Number.isSafeInteger), true);
});

Deno.test("many short terms are skipped in few round trips", () => {
  const terms = Array.from({ length: 1000 }, (_, at) => 2 * at + 2);
  const { raft } = leaderWith(logOf(...terms));
  const { term } = raft.standing;
  let effects = put(raft, appendResponse({ term, matchIndex: 0 }));
  let probes = 0;
  // A follower whose terms all differ, each a little lower than the leader's.
  for (let asked = 1000; asked > 0; probes++) {
    const rejection = { term, accepted: false, matchIndex: asked };
    effects = put(
      raft,
      appendResponse({
        ...rejection,
        hintIndex: asked - 1,
        hintTerm: 2 * asked - 1,
      }),
    );
    const [next] = effects.sendNow;
    if (next?.kind !== "appendRequest") throw new Error("no probe");
    asked = next.previousIndex;
  }
  assertEquals(probes <= 12, true, `${probes} probes`);
});
