import { assert, assertEquals } from "@std/assert";
import {
  type Swim,
  SWIM_DEFAULTS,
  type SwimEffects,
} from "../../src/swim/mod.ts";
import { decodeMessage, encodeMessage } from "../../src/swim/wire.ts";
import {
  addressOf,
  claim,
  give,
  memberKnowing,
  sent,
  ticks,
  ticksUntil,
} from "./fixture.ts";

const { probeIntervalTicks, probeTimeoutTicks } = SWIM_DEFAULTS;
const TARGET = claim("w2", "alive", 1);

/** A member of many helpers whose next ping goes to w2. */
function pingingW2(): { swim: Swim; sequence: number } {
  const helpers = ["w3", "w4", "w5", "w6"].map((name) =>
    claim(name, "alive", 1)
  );
  const swim = memberKnowing([TARGET, ...helpers]);
  for (let round = 0; round < 20; round++) {
    const { to, message } = ticksUntil(swim, "ping");
    if (to === "w2") return { swim, sequence: message.sequence };
    give(swim, { kind: "ack", sequence: message.sequence, claims: [] }, to);
  }
  throw new Error("w2 was never probed");
}

/** Who is asked to ping w2, for the probe of this number. */
function helpersAsked(effects: SwimEffects, sequence: number): string[] {
  const helpers: string[] = [];
  for (const { to, message } of sent(effects)) {
    if (message.kind !== "pingRequest") continue;
    if (message.sequence !== sequence) continue;
    assert(to !== "w2");
    assertEquals([message.to, message.address], ["w2", addressOf("w2")]);
    helpers.push(to);
  }
  return helpers;
}

/** The kinds of stream requests to a member, but for comparisons of tables, which are due when they are. */
function framesTo(effects: SwimEffects, name: string): unknown[] {
  return effects.exchange
    .filter(({ to }) => to.host === addressOf(name).host)
    .map(({ bytes }) => decodeMessage(bytes)?.kind)
    .filter((kind) => kind !== "digest");
}

Deno.test("a ping is answered with an ack of the same number", () => {
  const swim = memberKnowing([]);
  const ping = { kind: "ping", sequence: 77, from: "w2", to: "w1", claims: [] };
  assertEquals(sent(give(swim, ping as never, "w2")), [
    { to: "w2", message: { kind: "ack", sequence: 77, claims: [] } },
  ]);
});

Deno.test("a ping for a name that lived at this address before is not answered", () => {
  const swim = memberKnowing([]);
  const ping = { kind: "ping", sequence: 1, from: "w2", to: "w8", claims: [] };
  assertEquals(give(swim, ping as never, "w2").send, []);
});

Deno.test("one member is pinged each interval, the neighbour and the others in turn", () => {
  const names = ["w2", "w3", "w4", "w5"];
  const swim = memberKnowing(names.map((name) => claim(name, "alive", 1)));
  const targets: string[] = [];
  for (let tick = 0; tick < 40 * probeIntervalTicks; tick++) {
    for (const { to, message } of sent(ticks(swim, 1))) {
      if (message.kind !== "ping") continue;
      assertEquals(message.to, to);
      targets.push(to);
      give(swim, { kind: "ack", sequence: message.sequence, claims: [] }, to);
    }
  }
  assertEquals(targets.length, 40);
  const others = targets.filter((_, at) => at % 2 === 0);
  for (let round = 0; round < 20; round += 4) {
    assertEquals(others.slice(round, round + 4).toSorted(), names);
  }
  const neighbours = targets.filter((_, at) => at % 2 === 1);
  assertEquals(new Set(neighbours).size, 1, neighbours.join());
});

Deno.test("an ack in time ends the probe: nobody else is asked, nobody suspected", () => {
  const { swim, sequence } = pingingW2();
  give(swim, { kind: "ack", sequence, claims: [] }, "w2");
  const effects = ticks(swim, probeTimeoutTicks);
  assertEquals(framesTo(effects, "w2"), []);
  assertEquals(
    sent(effects).filter(({ message }) => message.kind === "pingRequest"),
    [],
  );
  assertEquals(swim.member("w2")!.state, "alive");
});

Deno.test("without an ack another is asked, and once that one hears nothing either, the stream port is tried; at the second look three are asked, and the port is tried in any case", () => {
  const { swim, sequence } = pingingW2();
  const effects = ticks(swim, probeTimeoutTicks);
  assertEquals(helpersAsked(effects, sequence).length, 1);
  assertEquals(framesTo(effects, "w2"), []);
  assertEquals(framesTo(ticks(swim, probeTimeoutTicks), "w2"), []);
  const nack = { kind: "nack", sequence, claims: [] } as const;
  assertEquals(framesTo(give(swim, nack, "w3"), "w2"), ["streamPing"]);
  assertEquals(framesTo(ticks(swim, 1), "w2"), []);
  let second = ticksUntil(swim, "ping");
  while (second.to !== "w2") second = ticksUntil(swim, "ping");
  const looks = ticks(swim, probeIntervalTicks);
  assertEquals(framesTo(looks, "w2"), ["streamPing"]);
  const helpers = helpersAsked(looks, second.message.sequence);
  assertEquals(helpers.length, SWIM_DEFAULTS.indirectProbes);
  assertEquals(new Set(helpers).size, helpers.length);
});

Deno.test("an answer that comes late by the direct way makes patient; one through a helper does not", () => {
  for (const [from, health] of [["w2", 1], ["w4", 0]] as const) {
    const { swim, sequence } = pingingW2();
    ticks(swim, probeTimeoutTicks);
    give(swim, { kind: "ack", sequence, claims: [] }, from);
    assertEquals(swim.statistics().health, health, from);
    assertEquals(swim.member("w2")!.state, "alive");
  }
});

Deno.test("where answers take long, others are asked later, and the probe lasts longer", () => {
  const swim = memberKnowing([TARGET, claim("w3", "alive", 1)]);
  // Two ticks each, which at first is late.
  const waiting: { sequence: number; from: string; at: number }[] = [];
  let asked = 0;
  for (let tick = 0; tick < 400; tick++) {
    while (waiting[0]?.at === tick) {
      const { sequence, from } = waiting.shift()!;
      give(swim, { kind: "ack", sequence, claims: [] }, from);
    }
    for (const { to, message } of sent(ticks(swim, 1))) {
      if (message.kind === "pingRequest") asked++;
      if (message.kind !== "ping") continue;
      waiting.push({ sequence: message.sequence, from: to, at: tick + 2 });
    }
  }
  assert(asked > 0 && asked < 10, `${asked} asked`);
  assertEquals(swim.statistics().health, 0);
  const { message } = ticksUntil(swim, "ping");
  ticks(swim, probeTimeoutTicks + 1);
  give(swim, { kind: "ack", sequence: message.sequence, claims: [] }, "w2");
  assertEquals(swim.statistics().probesFailed, 0);
});

Deno.test("an answer through a helper or the stream is as good as a direct one", () => {
  for (const way of ["helper", "stream"]) {
    const { swim, sequence } = pingingW2();
    ticks(swim, probeTimeoutTicks);
    if (way === "helper") {
      give(swim, { kind: "ack", sequence, claims: [] }, "w4");
    } else {
      const pong = { kind: "streamPong", name: "w2", incarnation: 1 } as const;
      swim.step({
        kind: "exchanged",
        with: addressOf("w2"),
        reply: encodeMessage(pong),
        refused: false,
      });
    }
    ticks(swim, probeIntervalTicks);
    assertEquals(swim.member("w2")!.state, "alive", way);
    assertEquals(swim.statistics().probesFailed, 0, way);
  }
});

Deno.test("a refusal ends a second look at once, in however bad health this member is", () => {
  const swim = memberKnowing([]);
  const late = () => swim.step({ kind: "tick", late: true });
  for (let tick = 0; tick < 100; tick++) late();
  assertEquals(swim.statistics().health, SWIM_DEFAULTS.awarenessMax);
  const claims = [TARGET, claim("w3", "alive", 1)];
  give(swim, { kind: "gossip", claims }, "w9");
  while (framesTo(late(), "w2").length === 0);
  assertEquals(swim.member("w2")!.state, "alive");
  swim.step({
    kind: "exchanged",
    with: addressOf("w2"),
    reply: null,
    refused: true,
  });
  late();
  assertEquals(swim.member("w2")!.state, "failed");
});

Deno.test("a member that answers nothing is probed once more, then suspected, and told so", () => {
  const { swim, sequence } = pingingW2();
  ticks(swim, probeTimeoutTicks);
  for (const helper of ["w3", "w4", "w5"]) {
    give(swim, { kind: "nack", sequence, claims: [] }, helper);
  }
  // The second look lasts three intervals.
  const before = ticks(swim, 4 * probeIntervalTicks - probeTimeoutTicks - 1);
  assertEquals(before.changes, []);
  const effects = ticks(swim, 1);
  assertEquals(
    effects.changes.map(({ member, evidence }) => [
      member.name,
      member.state,
      evidence,
    ]),
    [["w2", "suspect", "no answer to w1's ping, 3 indirect pings and stream"]],
  );
  const told = sent(effects).filter(({ to }) => to === "w2");
  assertEquals(told.length, 1);
  assert(told[0]!.message.kind === "gossip");
  assertEquals(
    told[0]!.message.claims[0],
    claim("w2", "suspect", 1, {
      by: "w1",
    }),
  );
});

Deno.test("a pause that ends before the second look does, harms nobody", () => {
  const { swim } = pingingW2();
  const again =
    sent(ticks(swim, probeIntervalTicks)).findLast(({ message }) =>
      message.kind === "ping" && message.to === "w2"
    )!.message;
  assert(again.kind === "ping");
  give(swim, { kind: "ack", sequence: again.sequence, claims: [] }, "w2");
  ticks(swim, probeIntervalTicks);
  assertEquals(swim.member("w2")!.state, "alive");
});

Deno.test("whom another accuses already is not looked at twice", () => {
  const { swim } = pingingW2();
  give(swim, {
    kind: "gossip",
    claims: [claim("w2", "suspect", 1, { by: "w3" })],
  }, "w3");
  const confirmed = sent(ticks(swim, probeIntervalTicks)).some(({ message }) =>
    message.kind === "gossip" &&
    message.claims.some(({ by, state }) => by === "w1" && state === "suspect")
  );
  assert(confirmed, "the second accuser speaks at the first silence");
});

/** The last ping that a member of many sends a suspect, accused by so many others. */
function lastLook(
  accusers: readonly string[],
): { swim: Swim; sequence: number; tick: number } {
  const others = ["w2", "w3", "w4", "w5", "w6"];
  // It probes nobody of its own accord meanwhile.
  const swim = memberKnowing(others.map((name) => claim(name, "alive", 1)), {
    probeIntervalTicks: 1_000_000,
    suspicionMultiplier: 0,
  });
  for (const by of accusers) {
    const claims = [claim("w2", "suspect", 1, { by })];
    give(swim, { kind: "gossip", claims }, by);
  }
  for (let tick = 1; tick < 1_000; tick++) {
    for (const { to, message } of sent(ticks(swim, 1))) {
      if (message.kind !== "ping") continue;
      assertEquals([to, message.claims[0]!.state], ["w2", "suspect"]);
      assertEquals(swim.member("w2")!.state, "suspect");
      return { swim, sequence: message.sequence, tick };
    }
  }
  throw new Error("w2 was never looked at");
}

Deno.test("nobody is given up on hearsay: a suspect is pinged once more, and only its silence is its end", () => {
  const { swim } = lastLook(["w1"]);
  const effects = ticks(swim, 4 * probeTimeoutTicks);
  assertEquals(framesTo(effects, "w2"), [], "its accusers tried the stream");
  assertEquals(
    sent(effects).filter(({ message }) => message.kind === "pingRequest"),
    [],
  );
  assertEquals(swim.member("w2")!.state, "failed");
});

Deno.test("the answer to the last look brings the refutation that was missed", () => {
  const { swim, sequence } = lastLook(["w1", "w4", "w5", "w6"]);
  const claims = [claim("w2", "alive", 2)];
  give(swim, { kind: "ack", sequence, claims }, "w2");
  assertEquals(swim.member("w2")!.state, "alive");
  ticks(swim, 1_000);
  assertEquals(swim.member("w2")!.state, "alive");
});

Deno.test("who answers the last look without a refutation gets the longest time again, and another look", () => {
  const { swim, sequence, tick } = lastLook(["w1", "w4", "w5", "w6"]);
  give(swim, { kind: "ack", sequence, claims: [] }, "w2");
  ticks(swim, tick);
  assertEquals(swim.member("w2")!.state, "suspect");
  const again = ticksUntil(swim, "ping");
  assertEquals(again.to, "w2");
  ticks(swim, 4 * probeTimeoutTicks);
  assertEquals(swim.member("w2")!.state, "failed");
});

Deno.test("who only heard of a suspicion neither looks at the suspect nor gives it up, until its own probe fails", () => {
  const others = ["w2", "w3", "w4"].map((name) => claim(name, "alive", 1));
  const swim = memberKnowing(others, {
    probeIntervalTicks: 1_000,
    suspicionMultiplier: 0,
  });
  give(swim, {
    kind: "gossip",
    claims: [claim("w2", "suspect", 1, { by: "w3" })],
  }, "w3");
  const pings = sent(ticks(swim, 900)).filter(({ to, message }) =>
    message.kind === "ping" && to === "w2"
  );
  assert(pings.length <= 1, "its turn may have come");
  assertEquals(swim.member("w2")!.state, "suspect");
  ticks(swim, 20_000);
  assertEquals(swim.member("w2")!.state, "failed");
});

Deno.test("an accuser's last look is over when the suspicion is", () => {
  const own = memberKnowing([TARGET, claim("w3", "alive", 1)]);
  const changes = ticks(own, 200).changes.filter(({ member }) =>
    member.name === "w2"
  );
  assertEquals(changes.map(({ member }) => member.state), [
    "suspect",
    "failed",
  ]);
  const { tick } = lastLook(["w1", "w4", "w5", "w6"]);
  assertEquals(tick, SWIM_DEFAULTS.suspicionTicksMin - 4 * probeTimeoutTicks);
});

Deno.test("a refused port and an unanswered ping are proof of failure", () => {
  const { swim } = pingingW2();
  ticks(swim, probeTimeoutTicks);
  swim.step({
    kind: "exchanged",
    with: addressOf("w2"),
    reply: null,
    refused: true,
  });
  assertEquals(swim.member("w2")!.state, "alive", "the ping may be answered");
  ticks(swim, probeIntervalTicks - probeTimeoutTicks);
  assertEquals(swim.member("w2")!.state, "failed");
});

Deno.test("a refused port proves nothing when the ping is answered after all", () => {
  const { swim, sequence } = pingingW2();
  ticks(swim, probeTimeoutTicks);
  swim.step({
    kind: "exchanged",
    with: addressOf("w2"),
    reply: null,
    refused: true,
  });
  give(swim, { kind: "ack", sequence, claims: [] }, "w2");
  ticks(swim, probeIntervalTicks);
  assertEquals(swim.member("w2")!.state, "alive");
});

Deno.test("a member that returned while its old life was probed is not accused", () => {
  const returns = [
    claim("w2", "alive", 2),
    claim("w2", "alive", 2, { address: addressOf("w8") }),
  ];
  for (const returned of returns) {
    const { swim } = pingingW2();
    ticks(swim, probeTimeoutTicks);
    swim.step({
      kind: "exchanged",
      with: addressOf("w2"),
      reply: null,
      refused: true,
    });
    give(swim, { kind: "gossip", claims: [returned] }, "w3");
    ticks(swim, probeIntervalTicks - probeTimeoutTicks);
    assertEquals(swim.member("w2")!.state, "alive");
  }
});

Deno.test("a port that refuses an exchange gets its member probed at once", () => {
  const swim = memberKnowing([TARGET, claim("w3", "alive", 1)]);
  const effects = swim.step({
    kind: "exchanged",
    with: addressOf("w2"),
    reply: null,
    refused: true,
  });
  assertEquals(sent(effects).map(({ to, message }) => [to, message.kind]), [
    ["w2", "ping"],
  ]);
  ticks(swim, probeIntervalTicks);
  assertEquals(swim.member("w2")!.state, "failed");
  assertEquals(swim.member("w3")!.state, "alive");
});

Deno.test("a helper pings for another and hands the answer back under its number", () => {
  const swim = memberKnowing([]);
  const request = {
    kind: "pingRequest",
    sequence: 5,
    to: "w3",
    address: addressOf("w3"),
    claims: [],
  } as const;
  const [ping] = sent(give(swim, request, "w2"));
  assert(ping!.to === "w3" && ping!.message.kind === "ping");
  assertEquals(ping!.message.to, "w3");
  const { sequence } = ping!.message;
  assertEquals(
    sent(give(swim, { kind: "ack", sequence, claims: [] }, "w3")),
    [{ to: "w2", message: { kind: "ack", sequence: 5, claims: [] } }],
  );
  assertEquals(
    give(swim, { kind: "ack", sequence, claims: [] }, "w3").send,
    [],
    "once",
  );
});

Deno.test("a helper sends one nack when the target is silent", () => {
  const swim = memberKnowing([]);
  give(swim, {
    kind: "pingRequest",
    sequence: 5,
    to: "w3",
    address: addressOf("w3"),
    claims: [],
  }, "w2");
  assertEquals(sent(ticks(swim, 20)), [
    { to: "w2", message: { kind: "nack", sequence: 5, claims: [] } },
  ]);
});

Deno.test("missing nacks lower a member's trust in itself, nacks do not", () => {
  const healths = [0, 1].map((nacks) => {
    const { swim, sequence } = pingingW2();
    const before = swim.statistics().health;
    ticks(swim, probeTimeoutTicks);
    for (let nack = 0; nack < nacks; nack++) {
      give(swim, { kind: "nack", sequence, claims: [] }, "w3");
    }
    ticks(swim, probeIntervalTicks - probeTimeoutTicks);
    assertEquals(swim.statistics().probesFailed, 1);
    return swim.statistics().health - before;
  });
  assertEquals(healths, [1, 0]);
});

Deno.test("a member in doubt of itself probes more slowly, up to its worst, but goes on watching its successor", () => {
  const names = ["w2", "w3", "w4"];
  const swim = memberKnowing(names.map((name) => claim(name, "alive", 1)));
  const pings = new Map(names.map((name) => [name, 0]));
  /** All ticks are late, and all pings answered. */
  function run(count: number): void {
    for (let tick = 0; tick < count; tick++) {
      const effects = swim.step({ kind: "tick", late: true });
      for (const { to, message } of sent(effects)) {
        if (message.kind !== "ping") continue;
        pings.set(to, pings.get(to)! + 1);
        const { sequence } = message;
        give(swim, { kind: "ack", sequence, claims: [] }, to);
      }
    }
  }
  run(100);
  assertEquals(swim.statistics().health, SWIM_DEFAULTS.awarenessMax);
  for (const name of names) pings.set(name, 0);
  const rounds = 30;
  const turnTicks = 2 * probeIntervalTicks;
  const orderTicks = turnTicks * (SWIM_DEFAULTS.awarenessMax + 1);
  run(rounds * orderTicks);
  const inOrder = rounds / names.length;
  const watching = rounds * orderTicks / (2 * turnTicks);
  assertEquals(
    [...pings.values()].sort((a, b) => a - b),
    [inOrder, inOrder, inOrder + watching],
  );
});

Deno.test("a failed member is not probed, but knocked at now and then", () => {
  const swim = memberKnowing([claim("w2", "failed", 1)]);
  const knocks = sent(ticks(swim, 400));
  const pings = knocks.filter(({ message }) => message.kind === "ping");
  assert(pings.length >= 5 && pings.length <= 20, `${pings.length} knocks`);
  for (const { message } of pings) {
    assert(message.kind === "ping");
    assertEquals(message.claims[0]!.state, "failed", "it is told");
  }
  assertEquals(swim.statistics().probesFailed, 0);
});

Deno.test("a departed member is neither probed nor knocked at", () => {
  const swim = memberKnowing([claim("w2", "left", 1)]);
  const pings = sent(ticks(swim, 400)).filter(({ message }) =>
    message.kind === "ping"
  );
  assertEquals(pings, []);
});

Deno.test("an answer to a knock leads to an exchange with who came back", () => {
  const swim = memberKnowing([claim("w2", "failed", 1)]);
  const { message } = ticksUntil(swim, "ping");
  const effects = give(swim, {
    kind: "ack",
    sequence: message.sequence,
    claims: [claim("w2", "alive", 2)],
  }, "w2");
  assertEquals(swim.member("w2")!.state, "alive");
  assertEquals(effects.exchange.map(({ to }) => to), [addressOf("w2")]);
});
