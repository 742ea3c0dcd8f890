import { assertEquals } from "@std/assert";
import { SWIM_DEFAULTS } from "../../src/swim/mod.ts";
import { suspicionTicksMin } from "../../src/swim/suspicion.ts";
import { claim, give, memberKnowing, ticks, ticksUntil } from "./fixture.ts";

const KNOWN = ["w2", "w3", "w4", "w5", "w6"].map((name) =>
  claim(name, "alive", 5)
);

Deno.test("whom the monitors pronounced dead has failed at once, and the others hear of it", () => {
  for (const incarnation of [5, 6]) {
    const swim = memberKnowing(KNOWN);
    const { changes } = swim.step({
      kind: "finding",
      name: "w2",
      incarnation,
      finding: "dead",
    });
    assertEquals(
      changes.map(({ member, evidence }) => [
        member.name,
        member.state,
        member.incarnation,
        evidence,
      ]),
      [["w2", "failed", incarnation, "pronounced dead by the monitors"]],
    );
    const { message } = ticksUntil(swim, "gossip");
    assertEquals(message.claims[0]!.state, "failed");
  }
});

Deno.test("a verdict on an earlier life harms none that came back", () => {
  const swim = memberKnowing(KNOWN);
  const finding = { kind: "finding", name: "w2", finding: "dead" } as const;
  assertEquals(swim.step({ ...finding, incarnation: 4 }).changes, []);
  swim.step({ ...finding, incarnation: 5 });
  give(swim, { kind: "gossip", claims: [claim("w2", "alive", 6)] }, "w2");
  assertEquals(swim.step({ ...finding, incarnation: 5 }).changes, []);
  assertEquals(swim.member("w2")!.state, "alive");
});

Deno.test("a finding about a stranger, or one who left, is nothing", () => {
  const swim = memberKnowing([claim("w2", "left", 5, { by: "w2" })]);
  for (const name of ["w2", "w77"]) {
    const effects = swim.step({
      kind: "finding",
      name,
      incarnation: 9,
      finding: "dead",
    });
    assertEquals(effects.changes, []);
  }
  assertEquals(swim.member("w2")!.state, "left");
});

Deno.test("a suspect that the monitors heard gets the longest time again", () => {
  const waits = [false, true].map((heard) => {
    const swim = memberKnowing(KNOWN, { probeIntervalTicks: 10_000 });
    for (const by of ["w1", "w4", "w5", "w6"]) {
      const claims = [claim("w2", "suspect", 5, { by })];
      give(swim, { kind: "gossip", claims }, by);
    }
    const finding = {
      kind: "finding",
      name: "w2",
      finding: "answers",
    } as const;
    ticks(swim, 5);
    if (heard) swim.step({ ...finding, incarnation: 5 });
    swim.step({ ...finding, incarnation: 4 });
    let waited = 5;
    for (; swim.member("w2")!.state === "suspect"; waited++) ticks(swim, 1);
    assertEquals(swim.member("w2")!.state, "failed", "the dead still fail");
    return waited;
  });
  const least = suspicionTicksMin(
    { ...SWIM_DEFAULTS, probeIntervalTicks: 10_000 },
    KNOWN.length + 1,
  );
  const more = (SWIM_DEFAULTS.suspicionMaxMultiplier - 1) * least;
  assertEquals(waits[1]! - waits[0]!, more + 5);
});

Deno.test("a member that hears it is suspected, or dead, refutes under a higher incarnation", () => {
  for (const finding of ["answers", "dead"] as const) {
    const swim = memberKnowing(KNOWN);
    const about = { kind: "finding", name: "w1", finding } as const;
    swim.step({ ...about, incarnation: 9 });
    assertEquals(swim.incarnation, 10, "that was an earlier one");
    swim.step({ ...about, incarnation: 10 });
    swim.step({ ...about, incarnation: 10 });
    assertEquals(swim.incarnation, 11);
    const { message } = ticksUntil(swim, "gossip");
    assertEquals(message.claims[0]!.incarnation, 11);
  }
});

Deno.test("a helper whose own ping was in vain bears the suspicion out", () => {
  const ends = (helps: boolean): boolean => {
    const swim = memberKnowing(KNOWN, { probeIntervalTicks: 10_000 });
    if (helps) {
      give(swim, {
        kind: "pingRequest",
        sequence: 1,
        to: "w2",
        address: claim("w2", "alive", 5).address,
        claims: [],
      }, "w3");
    }
    ticks(swim, 4);
    const claims = [claim("w2", "suspect", 5, { by: "w3" })];
    give(swim, { kind: "gossip", claims }, "w3");
    ticks(swim, 100_000);
    return swim.member("w2")!.state === "failed";
  };
  assertEquals([ends(true), ends(false)], [true, false]);
});
