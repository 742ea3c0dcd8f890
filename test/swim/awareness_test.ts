import { assert, assertEquals } from "@std/assert";
import { Awareness } from "../../src/swim/awareness.ts";
import { addressOf, claim, give, memberKnowing, sent } from "./fixture.ts";

Deno.test("Awareness stretches time by doubts and recovers step by step", () => {
  const awareness = new Awareness(8);
  assertEquals(awareness.stretch(4), 4);
  awareness.doubt(2);
  assertEquals(awareness.stretch(4), 12);
  awareness.succeed();
  assertEquals(awareness.stretch(4), 8);
});

Deno.test("Awareness stays between well and the worst", () => {
  const awareness = new Awareness(8);
  awareness.succeed();
  assertEquals(awareness.score, 0);
  for (let doubt = 0; doubt < 100; doubt++) awareness.doubt(3);
  assertEquals(awareness.score, 8);
});

Deno.test("Awareness knows by its own late ticks that it is short of time, and forgets it slowly", () => {
  const awareness = new Awareness(8);
  awareness.tick(true);
  awareness.tick(true);
  assertEquals([awareness.lateness, awareness.stretch(4)], [2, 12]);
  for (let tick = 0; tick < 3; tick++) awareness.tick(false);
  assertEquals(awareness.lateness, 2);
  // Answers in time prove nothing about this process's share of CPU.
  awareness.succeed();
  awareness.tick(false);
  assertEquals(awareness.lateness, 1);
  for (let tick = 0; tick < 100; tick++) awareness.tick(true);
  awareness.doubt(8);
  assertEquals(awareness.score, 8);
});

Deno.test("a member short of time speaks and probes less often", () => {
  const others = Array.from(
    { length: 20 },
    (_, at) => claim(`w${at + 2}`, "alive", 1),
  );
  const countsOf = (late: boolean): Record<string, number> => {
    const swim = memberKnowing(others);
    const counts: Record<string, number> = { gossip: 0, ping: 0 };
    for (let tick = 0; tick < 40; tick++) {
      // There is always something to tell.
      const claims = [claim("w30", "alive", tick + 1)];
      give(swim, { kind: "gossip", claims }, "w2");
      for (const { message } of sent(swim.step({ kind: "tick", late }))) {
        counts[message.kind] = (counts[message.kind] ?? 0) + 1;
      }
    }
    return counts;
  };
  const [late, punctual] = [countsOf(true), countsOf(false)];
  assert(
    late.gossip! <= punctual.gossip! / 2,
    JSON.stringify([late, punctual]),
  );
  assert(late.ping! < punctual.ping!, JSON.stringify([late, punctual]));
});

Deno.test("a member starved of CPU amid a storm of news accuses nobody whose answer it may not have read, and asks few about him", () => {
  const others = Array.from(
    { length: 100 },
    (_, at) => claim(`w${at + 2}`, "alive", 1),
  );
  const seen = ([true, false] as const).map((late) => {
    const swim = memberKnowing([]);
    for (const one of others) {
      give(swim, { kind: "gossip", claims: [one] }, "w9");
    }
    const seen = { suspects: 0, asked: [] as number[] };
    // Within the storm: some hundred ticks later its news is spent.
    for (let tick = 0; tick < 100; tick++) {
      const effects = swim.step({ kind: "tick", late });
      seen.suspects += effects.changes.filter(({ member }) =>
        member.state === "suspect"
      ).length;
      const asked = sent(effects).filter(({ message }) =>
        message.kind === "pingRequest"
      ).length;
      if (asked > 0) seen.asked.push(asked);
    }
    return seen;
  });
  const [starved, well] = seen;
  assertEquals(starved!.suspects, 0);
  assert(well!.suspects > 0);
  assertEquals(new Set(starved!.asked.slice(1)), new Set([1]));
  // One at the first look, three at the second.
  assertEquals(well!.asked[0], 1);
  assert(well!.asked.some((asked) => asked >= 3));
});

Deno.test("a member starved of CPU still believes a refused port", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  for (let tick = 0; tick < 8; tick++) swim.step({ kind: "tick", late: true });
  const refused = {
    kind: "exchanged",
    with: addressOf("w2"),
    reply: null,
    refused: true,
  } as const;
  swim.step(refused);
  for (let tick = 0; tick < 100; tick++) {
    swim.step({ kind: "tick", late: true });
  }
  assertEquals(swim.member("w2")!.state, "failed");
});

Deno.test("a member starved of CPU amid a storm of news gives suspects longer, as their refutation may lie unread", () => {
  const [late, punctual] = [true, false].map((late) => {
    const crowd = Array.from(
      { length: 100 },
      (_, at) => claim(`w${at + 2}`, "alive", 1),
    );
    const swim = memberKnowing([]);
    for (const one of crowd) {
      give(swim, { kind: "gossip", claims: [one] }, "w9");
    }
    for (let tick = 0; tick < 3; tick++) swim.step({ kind: "tick", late });
    const suspect = claim("w2", "suspect", 1, { by: "w3" });
    give(swim, { kind: "gossip", claims: [suspect] }, "w3");
    let waited = 0;
    while (swim.member("w2")!.state === "suspect") {
      swim.step({ kind: "tick", late });
      waited++;
    }
    return waited;
  });
  assert(late! > punctual!, `${late} and ${punctual} ticks`);
});

Deno.test("a member that is only late accuses as ever", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  for (let tick = 0; tick < 400; tick++) {
    swim.step({ kind: "tick", late: true });
  }
  assert(swim.member("w2")!.state !== "alive");
});

Deno.test("a member short of CPU passes on the less of what others pass on already", () => {
  const others = Array.from(
    { length: 100 },
    (_, at) => claim(`w${at + 2}`, "alive", 1),
  );
  const news = claim("w9", "failed", 1, { by: "w3" });
  const [late, punctual] = [true, false].map((late) => {
    const swim = memberKnowing([]);
    for (const one of others) {
      give(swim, { kind: "gossip", claims: [one] }, "w3");
    }
    swim.step({ kind: "tick", late });
    let sends = 0;
    for (let tick = 0; tick < 60; tick++) {
      give(swim, { kind: "gossip", claims: [news] }, "w3");
      for (const { message } of sent(swim.step({ kind: "tick", late }))) {
        if (!("claims" in message)) continue;
        sends += message.claims.filter(({ name }) => name === "w9").length;
      }
    }
    return sends;
  });
  assert(late! < punctual!, `${late} and ${punctual} sends`);
  assert(late! > 0);
});
