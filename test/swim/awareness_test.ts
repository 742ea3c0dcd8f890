import { assert, assertEquals } from "@std/assert";
import { Awareness } from "../../src/swim/awareness.ts";
import { claim, memberKnowing, sent } from "./fixture.ts";

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
