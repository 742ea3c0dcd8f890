import { assert, assertEquals } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import {
  type MemberAddress,
  type MemberChange,
  type Swim,
  SWIM_DEFAULTS,
} from "../../src/swim/mod.ts";
import type { Claim } from "../../src/swim/claim.ts";
import { decodeMessage, encodeMessage } from "../../src/swim/wire.ts";
import {
  addressOf,
  claim,
  give,
  machineOf,
  memberKnowing,
  ticks,
} from "./fixture.ts";

const SELF_2 = {
  name: "w2",
  address: addressOf("w2"),
  incarnation: 20,
  machine: machineOf("w2"),
  tag: "zone=b",
  established: true,
};

/** Lets `asker` exchange tables with `other` to the end; answers the frames' bytes and what the asker learned. */
function exchange(
  asker: Swim,
  other: Swim,
  otherAddress: MemberAddress,
): { bytes: number; changes: MemberChange[] } {
  const requests = asker.step({ kind: "seeds", addresses: [otherAddress] })
    .exchange
    .map((request) => request.bytes);
  return converse(asker, other, otherAddress, requests);
}

function converse(
  asker: Swim,
  other: Swim,
  otherAddress: MemberAddress,
  requests: readonly Uint8Array[],
): { bytes: number; changes: MemberChange[] } {
  let bytes = 0;
  const changes: MemberChange[] = [];
  let waiting = requests;
  for (let round = 0; waiting.length > 0; round++) {
    assert(round < 100, "an exchange comes to an end");
    const next: Uint8Array[] = [];
    for (const request of waiting) {
      const { exchangeReply } = other.step({
        kind: "exchangeRequest",
        bytes: request,
      });
      assert(exchangeReply !== null);
      assert(exchangeReply.length <= LIMITS.swimFrameBytes);
      bytes += request.length + exchangeReply.length;
      const effects = asker.step({
        kind: "exchanged",
        with: otherAddress,
        reply: exchangeReply,
        refused: false,
      });
      changes.push(...effects.changes);
      next.push(...effects.exchange.map((more) => more.bytes));
    }
    waiting = next;
  }
  return { bytes, changes };
}

function statesOf(swim: Swim): string[] {
  return swim.members().map(({ name, state, incarnation }) =>
    `${name} ${state} ${incarnation}`
  );
}

/** Unlike a state, this is the same on both sides while someone is suspected on one. */
function incarnationsOf(swim: Swim): string[] {
  return swim.members().map(({ name, incarnation }) =>
    `${name} ${incarnation}`
  );
}

function many(count: number): Claim[] {
  return Array.from(
    { length: count },
    (_, index) => claim(`w${index + 3}`, "alive", index + 1),
  );
}

/** Fills a table piece by piece, as datagrams are short. */
function fill(swim: Swim, claims: readonly Claim[]): Swim {
  for (let at = 0; at < claims.length; at += 10) {
    give(swim, { kind: "gossip", claims: claims.slice(at, at + 10) }, "w9");
  }
  return swim;
}

Deno.test("an exchange makes two tables equal, each taking the newer rows", () => {
  const one = memberKnowing([
    claim("w3", "alive", 1),
    claim("w4", "alive", 7),
    claim("w5", "left", 2),
  ]);
  const two = memberKnowing([
    claim("w3", "alive", 2),
    claim("w4", "alive", 1),
    claim("w6", "failed", 3),
  ], { self: SELF_2 });
  exchange(one, two, addressOf("w2"));
  assertEquals(statesOf(one), statesOf(two));
  assertEquals(statesOf(one), [
    "w1 alive 10",
    "w2 alive 20",
    "w3 alive 2",
    "w4 alive 7",
    "w5 left 2",
    "w6 failed 3",
  ]);
});

Deno.test("a newcomer gets the table and is known from then on", () => {
  const newcomer = memberKnowing([]);
  const old = fill(memberKnowing([], { self: SELF_2 }), many(200));
  exchange(newcomer, old, addressOf("w2"));
  assertEquals(newcomer.members().length, 202);
  assertEquals(old.member("w1")!.state, "alive");
  assertEquals(
    newcomer.statistics().rumours,
    0,
    "a newcomer's first table is no news",
  );
});

Deno.test("an exchange of 10,000 costs by what differs, whichever side is newer", () => {
  const size = 10_000;
  const one = fill(memberKnowing([claim("w2", "alive", 20)]), many(size));
  const two = fill(
    memberKnowing([claim("w1", "alive", 10)], { self: SELF_2 }),
    many(size),
  );
  const whole = encodeMessage({ kind: "push", wanted: [], claims: many(size) });
  const cost = (differing: number, newer: Swim): number => {
    const news = many(size)
      .filter((_, index) => index % Math.floor(size / differing) === 7)
      .slice(0, differing)
      .map((row) => ({ ...row, incarnation: incarnation++ }));
    fill(newer, news);
    const bytes = exchangeAgain(one, two);
    assertEquals(incarnationsOf(one), incarnationsOf(two));
    return bytes;
  };
  let incarnation = size + 1;
  assert(exchangeAgain(one, two) < 700, "equal tables");
  for (const newer of [one, two]) {
    const costs = [1, 10, 100].map((differing) => cost(differing, newer));
    assert(costs[0]! < 1_200, costs.join());
    // Until the exchange is due, some who never answer are suspected on one side.
    assert(costs[1]! < 6_000, costs.join());
    assert(costs[2]! < 32_000, costs.join());
    assert(costs[2]! < whole.length / 8, costs.join());
  }
});

/** The next exchange that is due, to its end, with a member held to be alive, which no seed would start; answers its bytes. */
function exchangeAgain(one: Swim, two: Swim): number {
  for (let tick = 0; tick < 4 * SWIM_DEFAULTS.exchangeIntervalTicks; tick++) {
    const due = one.step({ kind: "tick" }).exchange.filter(({ bytes }) =>
      decodeMessage(bytes)?.kind === "digest"
    );
    if (due.length > 0) {
      const requests = due.map(({ bytes }) => bytes);
      return converse(one, two, addressOf("w2"), requests).bytes;
    }
  }
  throw new Error("no exchange was due");
}

Deno.test("what an exchange brings in bulk is left to exchanges; a few newcomers are passed on", () => {
  for (const [count, rumours] of [[16, 16], [17, 0]] as const) {
    const one = memberKnowing([claim("w900", "alive", 1)]);
    const before = one.statistics().rumours;
    one.step({
      kind: "exchangeRequest",
      bytes: encodeMessage({ kind: "push", wanted: [], claims: many(count) }),
    });
    assertEquals(one.members().length, 2 + count);
    assertEquals(one.statistics().rumours - before, rumours);
  }
});

Deno.test("another's table speaks of failure: the living are only suspected by it", () => {
  const one = memberKnowing([claim("w3", "alive", 1)]);
  const two = memberKnowing([claim("w3", "failed", 1)], { self: SELF_2 });
  const { changes } = exchange(one, two, addressOf("w2"));
  assertEquals(one.member("w3")!.state, "suspect");
  assertEquals(
    changes.find(({ member }) => member.name === "w3")!.evidence,
    "failed by another's table",
  );
});

Deno.test("what several tables say is hearsay: it does not confirm itself", () => {
  const one = fill(memberKnowing([], { suspicionMultiplier: 0 }), many(30));
  for (const by of ["w4", "w5", "w6", "w7"]) {
    const claims = [claim("w3", "failed", 1, { by })];
    one.step({
      kind: "exchangeRequest",
      bytes: encodeMessage({ kind: "push", wanted: [], claims }),
    });
  }
  // Four accusers would have cut the wait to the least by now.
  ticks(one, 2 * SWIM_DEFAULTS.suspicionTicksMin);
  assertEquals(one.member("w3")!.state, "suspect");
  const heard = memberKnowing([]);
  const rumour = claim("w3", "suspect", 1, { by: "w3" });
  const { changes } = give(heard, { kind: "gossip", claims: [rumour] }, "w2");
  assertEquals(changes[0]!.evidence, "failed by another's table");
});

Deno.test("another's table speaks of a later failure of the failed: failed they stay", () => {
  const one = memberKnowing([claim("w3", "failed", 1)]);
  const two = memberKnowing([claim("w3", "failed", 2)], { self: SELF_2 });
  exchange(one, two, addressOf("w2"));
  assertEquals(statesOf(one).at(-1), "w3 failed 2");
});

/** Ticks until a member compares tables with someone; all others are kept alive meanwhile. */
function ticksToExchange(swim: Swim): number {
  for (let waited = 1; waited < 1_000; waited++) {
    const claims = swim.members()
      .filter(({ name }) => name !== "w1")
      .map(({ name, incarnation }) => claim(name, "alive", incarnation + 1));
    give(swim, { kind: "gossip", claims }, "w9");
    const { exchange } = ticks(swim, 1);
    if (exchange.some(({ bytes }) => decodeMessage(bytes)?.kind === "digest")) {
      return waited;
    }
  }
  throw new Error("no exchange in a thousand ticks");
}

Deno.test("exchanges that teach nothing grow rare, one that does is soon followed by another", () => {
  const one = memberKnowing([claim("w3", "alive", 1)]);
  const gaps = Array.from({ length: 10 }, () => ticksToExchange(one));
  assert(gaps[0]! <= 10 && gaps[1]! <= 10, gaps.join());
  const longest = SWIM_DEFAULTS.exchangeIntervalTicks;
  for (const gap of gaps.slice(7)) {
    assert(gap >= longest / 2 && gap <= longest, gaps.join());
  }
  const two = memberKnowing([claim("w4", "alive", 1)], { self: SELF_2 });
  exchange(one, two, addressOf("w2"));
  assert(ticksToExchange(one) <= 10);
});

Deno.test("large tables are compared again later, though never later than the longest pause, by members short of CPU as by others", () => {
  const longest = SWIM_DEFAULTS.exchangeIntervalTicks;
  for (
    const [others, late, least, most] of [
      [300, false, 5, 10],
      [1_500, false, 15, 30],
      [1_500, true, 15, 30],
      [20_000, false, longest / 2, longest],
    ] as const
  ) {
    const known = Array.from(
      { length: others },
      (_, at) => claim(`x${at}`, "alive", 1),
    );
    const one = memberKnowing([]);
    const two = memberKnowing([], { self: SELF_2 });
    two.step({
      kind: "exchangeRequest",
      bytes: encodeMessage({ kind: "push", wanted: [], claims: known }),
    });
    const isDigest = ({ bytes }: { bytes: Uint8Array }): boolean =>
      decodeMessage(bytes)?.kind === "digest";
    for (let tick = 0; tick < 10; tick++) one.step({ kind: "tick", late });
    exchange(one, two, addressOf("w2"));
    const nextDigest = (): number => {
      for (let waited = 1; waited <= 2 * longest; waited++) {
        const { exchange } = one.step({ kind: "tick", late });
        if (exchange.some(isDigest)) return waited;
      }
      return Infinity;
    };
    assertEquals(one.members().length, others + 2);
    // The first may have been due already.
    nextDigest();
    const gap = nextDigest();
    assert(gap >= least && gap <= most, `${others}, late: ${late}: ${gap}`);
  }
});

Deno.test("a member whose failure stands in another's table refutes it in the exchange", () => {
  const one = memberKnowing([]);
  const two = memberKnowing([claim("w1", "failed", 30)], { self: SELF_2 });
  exchange(one, two, addressOf("w2"));
  assertEquals(one.incarnation, 31);
  assertEquals(two.member("w1")!.state, "alive");
});

Deno.test("an old tombstone does not travel, so that all forget it in the end", () => {
  const two = memberKnowing([claim("w3", "failed", 1)], {
    self: SELF_2,
    tombstoneTicks: 100,
  });
  ticks(two, 60);
  const one = memberKnowing([], { tombstoneTicks: 100 });
  exchange(one, two, addressOf("w2"));
  assertEquals(one.member("w3"), null);
  ticks(two, 200);
  assertEquals(two.member("w3"), null);
});

Deno.test("a table longer than a frame comes in several", () => {
  const long = { host: "h".repeat(255), port: 1 };
  const claims = Array.from(
    { length: 4_000 },
    (_, index) =>
      claim(`w${index + 3}`, "alive", 1, {
        address: long,
        tag: "t".repeat(64),
      }),
  );
  const old = memberKnowing([], { self: SELF_2 });
  for (const one of claims) give(old, { kind: "gossip", claims: [one] }, "w9");
  const newcomer = memberKnowing([]);
  const { bytes } = exchange(newcomer, old, addressOf("w2"));
  assert(bytes > LIMITS.swimFrameBytes);
  assertEquals(newcomer.members().length, 4_002);
});

Deno.test("seeds are asked one after another while one is alone, three at a time in company, and none that is known", () => {
  const swim = memberKnowing([]);
  const seeds = [addressOf("w1"), addressOf("w2")];
  assertEquals(
    swim.step({ kind: "seeds", addresses: seeds }).exchange.map(({ to }) => to),
    [addressOf("w2")],
    "never oneself",
  );
  assertEquals(ticks(swim, 50).exchange.length, 5);
  const many = Array.from({ length: 1_000 }, (_, index) => ({
    host: "h",
    port: index + 1,
  }));
  const asked = (): number =>
    swim.step({ kind: "seeds", addresses: many }).exchange.length;
  assertEquals(asked(), 1, "each would answer with the whole table");
  give(swim, { kind: "gossip", claims: [claim("w2", "alive", 1)] }, "w2");
  assertEquals(
    swim.step({ kind: "seeds", addresses: seeds }).exchange,
    [],
    "w2 is known",
  );
  ticks(swim, 20);
  assertEquals(asked(), 3);
});

Deno.test("a stream ping is answered with name and incarnation; anything else is not", () => {
  const swim = memberKnowing([]);
  const ask = (bytes: Uint8Array): Uint8Array | null =>
    swim.step({ kind: "exchangeRequest", bytes }).exchangeReply;
  assertEquals(ask(new Uint8Array(100)), null);
  assertEquals(ask(new Uint8Array(0)), null);
  assertEquals(swim.statistics().malformed, 2);
});

Deno.test("a member in company asks unknown seeds no oftener than tables are compared", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  const seeds = [addressOf("w3"), addressOf("w4")];
  const asks = (): number =>
    swim.step({ kind: "seeds", addresses: seeds }).exchange.length;
  assertEquals(asks(), 2);
  ticks(swim, 9);
  assertEquals(asks(), 0);
  ticks(swim, 1);
  assertEquals(asks(), 2);
});
