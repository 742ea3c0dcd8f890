import { assert, assertEquals } from "@std/assert";
import { SWIM_DEFAULTS } from "../../src/swim/mod.ts";
import type { Claim } from "../../src/swim/claim.ts";
import {
  addressOf,
  claim,
  give,
  machineOf,
  memberKnowing,
  sent,
  ticks,
  ticksUntil,
} from "./fixture.ts";

function gossip(...claims: Claim[]): { kind: "gossip"; claims: Claim[] } {
  return { kind: "gossip", claims };
}

Deno.test("news about a member changes the table, is reported, and passed on", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  const effects = give(swim, gossip(claim("w3", "alive", 4)), "w2");
  assertEquals(effects.changes.map(({ member }) => member), [{
    name: "w3",
    address: addressOf("w3"),
    incarnation: 4,
    machine: machineOf("w3"),
    state: "alive",
    tag: "zone=a",
  }]);
  const { message } = ticksUntil(swim, "gossip");
  assert(message.claims.some(({ name }) => name === "w3"));
});

Deno.test("what is known already is neither reported nor passed on again", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  ticks(swim, 100);
  const rumours = swim.statistics().rumours;
  const effects = give(swim, gossip(claim("w2", "alive", 1)), "w2");
  assertEquals(effects.changes, []);
  assertEquals(swim.statistics().rumours, rumours);
});

Deno.test("old gossip cannot raise the dead; a higher incarnation can, also elsewhere", () => {
  const swim = memberKnowing([claim("w2", "failed", 5)]);
  give(swim, gossip(claim("w2", "alive", 5)), "w3");
  give(swim, gossip(claim("w2", "alive", 4)), "w3");
  assertEquals(swim.member("w2")!.state, "failed");
  const moved = { host: "10.9.9.9", port: 1 };
  give(swim, gossip(claim("w2", "alive", 6, { address: moved })), "w3");
  assertEquals(swim.member("w2")!.state, "alive");
  assertEquals(swim.member("w2")!.address, moved);
});

Deno.test("a failure heard of before its member keeps old gossip about it out", () => {
  const swim = memberKnowing([]);
  give(swim, gossip(claim("w2", "failed", 5)), "w3");
  give(swim, gossip(claim("w2", "alive", 5)), "w3");
  assertEquals(swim.member("w2")!.state, "failed");
});

Deno.test("suspicion that nobody refutes ends in failure, naming the accusers", () => {
  const swim = memberKnowing([
    claim("w2", "alive", 1),
    claim("w3", "alive", 1),
  ]);
  give(swim, gossip(claim("w2", "suspect", 1, { by: "w3" })), "w3");
  const { changes } = ticks(swim, 4 * SWIM_DEFAULTS.suspicionTicksMin);
  const last = changes.filter(({ member }) => member.name === "w2").at(-1)!;
  assertEquals(last.member.state, "failed");
  assert(last.evidence.includes("w3"), last.evidence);
});

Deno.test("suspicion is shorter with independent accusers", () => {
  const waits = [[], ["w3"], ["w3", "w4"], ["w3", "w4", "w5"]].map((more) => {
    const known = Array.from(
      { length: 20 },
      (_, index) => claim(`w${index + 2}`, "alive", 1),
    );
    const swim = memberKnowing(known, { probeIntervalTicks: 10_000 });
    for (const by of ["w1", ...more]) {
      give(swim, gossip(claim("w2", "suspect", 1, { by })), by);
    }
    let waited = 0;
    while (swim.member("w2")!.state === "suspect") {
      ticks(swim, 1);
      waited++;
    }
    return waited;
  });
  assertEquals(waits, waits.toSorted((a, b) => b - a));
  assertEquals(new Set(waits).size, 4);
});

Deno.test("a refutation of higher incarnation ends suspicion", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  give(swim, gossip(claim("w2", "suspect", 1)), "w3");
  give(swim, gossip(claim("w2", "alive", 1)), "w3");
  assertEquals(swim.member("w2")!.state, "suspect", "not by the same one");
  give(swim, gossip(claim("w2", "alive", 2)), "w3");
  assertEquals(swim.member("w2")!.state, "alive");
});

Deno.test("an accused member raises its incarnation and says so in its very answer", () => {
  const swim = memberKnowing([]);
  const effects = give(swim, {
    kind: "ping",
    sequence: 1,
    from: "w2",
    to: "w1",
    claims: [claim("w1", "suspect", 10)],
  }, "w2");
  assertEquals(swim.incarnation, 11);
  const [ack] = sent(effects);
  assert(ack!.message.kind === "ack");
  assertEquals(ack!.message.claims[0]!.incarnation, 11);
  assertEquals(swim.statistics().refutations, 1);
  assertEquals(swim.statistics().health, 1, "it was perhaps too slow");
});

Deno.test("an outdated accusation is answered again without a new incarnation", () => {
  const swim = memberKnowing([]);
  const ping = {
    kind: "ping",
    sequence: 1,
    from: "w2",
    to: "w1",
    claims: [claim("w1", "failed", 9)],
  } as const;
  const [ack] = sent(give(swim, ping, "w2"));
  assert(ack!.message.kind === "ack");
  assertEquals(ack!.message.claims.map(({ state }) => state), ["alive"]);
  assertEquals(swim.incarnation, 10);
});

Deno.test("a member learns of an earlier life of higher incarnation and outbids it", () => {
  const swim = memberKnowing([]);
  give(swim, gossip(claim("w1", "failed", 400)), "w2");
  assertEquals(swim.incarnation, 401);
  give(swim, gossip(claim("w1", "alive", 500)), "w2");
  assertEquals(swim.incarnation, 501);
  assertEquals(swim.statistics().health, 0, "no fault of this life");
});

Deno.test("raise takes an incarnation above the given one, never a lower one", () => {
  const swim = memberKnowing([]);
  swim.step({ kind: "raise", above: 20 });
  assertEquals(swim.incarnation, 21);
  swim.step({ kind: "raise", above: 3 });
  assertEquals(swim.incarnation, 21);
});

Deno.test("who pings while held to have failed is told so in the answer", () => {
  const swim = memberKnowing([claim("w2", "failed", 3)]);
  const ping = {
    kind: "ping",
    sequence: 1,
    from: "w2",
    to: "w1",
    claims: [],
  } as const;
  while (swim.statistics().rumours > 0) give(swim, ping, "w2");
  const [ack] = sent(give(swim, ping, "w2"));
  assert(ack!.message.kind === "ack");
  const told = ack!.message.claims.map(({ name, state }) => `${name} ${state}`);
  assertEquals(told, ["w2 failed"], "also when it is no news any more");
});

Deno.test("a goodbye is believed, outlasts a failure, and is followed by silence", () => {
  const swim = memberKnowing([
    claim("w2", "alive", 1),
    claim("w3", "alive", 1),
  ]);
  const farewell = sent(swim.step({ kind: "leave" }));
  assertEquals(new Set(farewell.map(({ to }) => to)), new Set(["w2", "w3"]));
  assert(
    farewell.every(({ message }) =>
      message.kind === "gossip" && message.claims[0]!.state === "left"
    ),
  );
  ticks(swim, 10);
  assert(swim.silent);
  const after = give(swim, {
    kind: "ping",
    sequence: 1,
    from: "w2",
    to: "w1",
    claims: [],
  }, "w2");
  assertEquals(after.send, []);

  const witness = memberKnowing([claim("w2", "failed", 1)]);
  give(witness, gossip(claim("w2", "left", 1, { by: "w2" })), "w2");
  assertEquals(witness.member("w2")!.state, "left");
  give(witness, gossip(claim("w2", "failed", 1)), "w3");
  assertEquals(witness.member("w2")!.state, "left");
});

Deno.test("a member that leaves does not refute its own goodbye", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  swim.step({ kind: "leave" });
  give(swim, gossip(claim("w1", "left", 10, { by: "w1" })), "w2");
  assertEquals(swim.incarnation, 10);
  assertEquals(swim.member("w1")!.state, "left");
});

Deno.test("a full table refuses newcomers and counts them", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)], { membersMax: 2 });
  const effects = give(
    swim,
    gossip(claim("w3", "alive", 1), claim("w4", "alive", 1)),
    "w2",
  );
  assertEquals(effects.changes.map(({ member }) => member.name), ["w3"]);
  assertEquals(swim.statistics().refusedMembers, 1);
});

Deno.test("members lists oneself and everybody else, sorted", () => {
  const swim = memberKnowing([
    claim("w3", "failed", 1),
    claim("w2", "alive", 1),
  ]);
  assertEquals(
    swim.members().map(({ name, state }) => `${name} ${state}`),
    ["w1 alive", "w2 alive", "w3 failed"],
  );
  assertEquals(swim.member("w7"), null);
});
