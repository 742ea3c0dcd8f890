/** Wishes about members before a consensus that a test plays. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import type {
  ConfigurationChange,
  Declined,
  FollowerView,
  Standing,
} from "../../src/raft/mod.ts";
import { MemberChanges } from "../../src/runtime/quorum/member_changes.ts";
import { encodePlace } from "../../src/runtime/quorum/member_place.ts";
import { QuorumMembers } from "../../src/runtime/quorum/quorum_members.ts";
import type { MemberChange } from "../../src/runtime/mod.ts";
import { FakeClock } from "./fake_ports.ts";

const PLACE = { address: "10.0.0.9", raftPort: 1, apiPort: 2 };
const REMOVE: MemberChange = { kind: "remove", name: "m3" };

Deno.test("changeMembers asks again what is refused for a moment, and gives up in the end", async () => {
  const rig = new Rig();
  rig.answers.push("term-not-committed", "change-pending", "transfer-pending");
  const done = rig.changes.changeMembers(REMOVE);
  await rig.clock.turn(1_000);
  await done;
  assertEquals(rig.asked.length, 4);

  for (
    const [reason, code] of [
      ["change-pending", "change-pending"],
      ["transfer-pending", "change-pending"],
      ["term-not-committed", "no-leader"],
    ] as const
  ) {
    rig.always = reason;
    const refused = assertRejects(
      () => rig.changes.changeMembers(REMOVE),
      Problem,
    );
    await rig.clock.turn(10_000);
    const problem = await refused;
    assertEquals(problem.code, code);
    assertEquals(problem.details.retryAfterSeconds, 1);
    assert(problem.remedy !== "");
  }
});

Deno.test("changeMembers trusts a leader's word of who is silent once it has led for a while", async () => {
  const rig = new Rig();
  rig.answers.push("would-lose-quorum", "would-lose-quorum");
  const done = rig.changes.changeMembers(REMOVE);
  await rig.clock.turn(1_000);
  await done;
  assertEquals(rig.asked.length, 3);

  await rig.clock.turn(5_000);
  rig.answers.push("would-lose-quorum");
  const problem = await assertRejects(
    () => rig.changes.changeMembers(REMOVE),
    Problem,
  );
  assertEquals(problem.code, "change-refused");
  assertEquals(rig.asked.length, 4);
  // A new term counts anew.
  rig.lead(false);
  rig.lead(true);
  rig.answers.push("not-responsive");
  const again = rig.changes.transferLead("m2");
  await rig.clock.turn(1_000);
  await again;
});

Deno.test("every reason for a refusal has words, and a code of its own kind", async () => {
  const codes: [Declined, string][] = [
    ["not-leader", "no-leader"],
    ["unknown-name", "monitor-not-found"],
    ["already-member", "name-in-use"],
    ["already-voter", "change-refused"],
    ["not-a-voter", "change-refused"],
    ["too-many-members", "change-refused"],
    ["not-caught-up", "change-refused"],
    ["last-voter", "change-refused"],
    ["would-lose-quorum", "change-refused"],
    ["is-leader", "change-refused"],
    ["not-responsive", "change-refused"],
    ["timed-out", "change-refused"],
  ];
  const rig = new Rig();
  await rig.clock.turn(5_000);
  for (const [reason, code] of codes) {
    rig.always = reason;
    const acts: (() => Promise<unknown>)[] = [
      () => rig.changes.changeMembers(REMOVE),
      () => rig.changes.transferLead("m3"),
    ];
    if (reason === "not-responsive" || reason === "timed-out") {
      acts.push(() => rig.changes.transferLead(null));
    }
    for (const act of acts) {
      const problem = await assertRejects(act, Problem);
      assertEquals(problem.code, code, reason);
      assert(!problem.line.includes("null"), problem.line);
      assert(!problem.message.includes(reason), problem.message);
    }
  }
});

Deno.test("changeMembers carries the place, and finds done what is done", async () => {
  const rig = new Rig();
  rig.silentTicks = 100;
  await rig.changes.changeMembers({
    kind: "add",
    name: "m4",
    ...PLACE,
    incarnation: "x",
    promote: true,
    replaces: "m2",
  });
  await rig.changes.changeMembers({
    kind: "replace",
    name: "m2",
    ...PLACE,
    incarnation: "y",
  });
  await rig.changes.changeMembers({ kind: "update", name: "m2", ...PLACE });
  const data = encodePlace(PLACE);
  assertEquals(rig.asked, [
    {
      kind: "add",
      name: "m4",
      data,
      incarnation: "x",
      promote: true,
      replaces: "m2",
    },
    { kind: "replace", name: "m2", data, incarnation: "y" },
    { kind: "update", name: "m2", data },
  ]);
  // The founder m3 is a member in this very life.
  await rig.changes.changeMembers({
    kind: "add",
    name: "m3",
    ...PLACE,
    incarnation: "",
    promote: true,
    replaces: null,
  });
  assertEquals(rig.asked.length, 3);
});

Deno.test("only a silent monitor is replaced by another life of its name", async () => {
  const rig = new Rig();
  rig.silentTicks = 39;
  const replace: MemberChange = {
    kind: "replace",
    name: "m3",
    ...PLACE,
    incarnation: "x",
  };
  const problem = await assertRejects(
    () => rig.changes.changeMembers(replace),
    Problem,
  );
  assertEquals([problem.code, rig.asked], ["name-in-use", []]);
  rig.silentTicks = 40;
  await rig.changes.changeMembers(replace);
  assertEquals(rig.asked.length, 1);
  rig.lead(false);
  const elsewhere = await assertRejects(
    () => rig.changes.changeMembers(replace),
    Problem,
  );
  assertEquals(elsewhere.code, "no-leader");
});

Deno.test("transferLead waits until it is known who leads, though not for ever", async () => {
  const rig = new Rig();
  const done = rig.changes.transferLead("m2");
  rig.standing = { role: "follower", term: 2, leader: null };
  await rig.clock.turn(100);
  rig.standing = { role: "follower", term: 3, leader: "m3" };
  await rig.clock.turn(100);
  assertEquals(await done, "m3");
  rig.standing = { role: "leader", term: 4, leader: "m1" };
  const unknown = assertRejects(() => rig.changes.transferLead("m2"), Problem);
  rig.standing = { role: "follower", term: 4, leader: null };
  await rig.clock.turn(6_000);
  assertEquals((await unknown).code, "outcome-unknown");
});

Deno.test("MemberChanges.close ends what waits", async () => {
  const rig = new Rig();
  rig.always = "change-pending";
  const waiting = assertRejects(
    () => rig.changes.changeMembers(REMOVE),
    Problem,
  );
  await rig.clock.turn(10);
  rig.changes.close();
  assertEquals((await waiting).code, "no-leader");
  assertEquals(rig.clock.waiting, 0);
});

class Rig {
  readonly clock = new FakeClock();
  readonly asked: (ConfigurationChange | string)[] = [];
  /** What consensus says, one after the other; then `always`. */
  readonly answers: Declined[] = [];
  always: Declined | null = null;
  standing: Standing = { role: "leader", term: 1, leader: "m1" };
  silentTicks = 0;
  readonly changes: MemberChanges;

  constructor() {
    const configuration = ["m1", "m2", "m3"].map((name) => ({
      name,
      voter: true,
      data: "",
      incarnation: "",
      promote: false,
      replaces: null,
    }));
    this.changes = new MemberChanges({
      clock: this.clock,
      name: "m1",
      members: new QuorumMembers({
        name: "m1",
        incarnation: "",
        places: new Map(),
        known: [{ index: 0, configuration }],
      }),
      loop: {
        standing: () => this.standing,
        change: (change) => this.#answer(change),
        transfer: (to) => this.#answer(String(to)),
      },
      followers: () => ["m2", "m3"].map((name) => this.#view(name)),
    });
    this.lead(true);
  }

  lead(leads: boolean): void {
    this.standing = leads
      ? { role: "leader", term: this.standing.term + 1, leader: "m1" }
      : { role: "follower", term: this.standing.term + 1, leader: "m2" };
    this.changes.standingChanged(this.standing);
  }

  #answer(asked: ConfigurationChange | string): Promise<Declined | null> {
    this.asked.push(asked);
    return Promise.resolve(this.answers.shift() ?? this.always);
  }

  #view(name: string): FollowerView {
    return {
      name,
      state: "replicate",
      matchIndex: 1,
      nextIndex: 2,
      lagEntries: 0,
      silentTicks: this.silentTicks,
      voter: true,
      caughtUp: true,
    };
  }
}
