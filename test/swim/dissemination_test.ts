import { assert, assertEquals } from "@std/assert";
import {
  Dissemination,
  retransmitLimit,
} from "../../src/swim/dissemination.ts";
import {
  decodeMessage,
  encodeClaim,
  encodeMessage,
} from "../../src/swim/wire.ts";
import { SWIM_DEFAULTS } from "../../src/swim/mod.ts";
import type { Claim } from "../../src/swim/claim.ts";
import type { MemberState } from "../../src/swim/step.ts";
import { addressOf, claim, decoded, give, memberKnowing } from "./fixture.ts";

const ROOMY = 100_000;

function claimsOf(rows: readonly Uint8Array[]): readonly Claim[] {
  return decoded(encodeMessage({ kind: "gossip", claims: [] }, rows), "gossip")
    .claims;
}

function namesOf(rows: readonly Uint8Array[]): string[] {
  return claimsOf(rows).map(({ name }) => name);
}

Deno.test("retransmitLimit grows with the logarithm of the cluster", () => {
  const limits = [1, 2, 3, 10, 100, 1_000, 10_000].map((n) =>
    retransmitLimit(5, n)
  );
  assertEquals(limits, [1, 2, 4, 8, 10, 12, 15]);
});

Deno.test("Dissemination sends the least-sent first, and of those the newest", () => {
  const queue = new Dissemination(1_000);
  queue.queue(claim("w2", "alive", 1), "failed");
  queue.queue(claim("w3", "alive", 1), "failed");
  assertEquals(namesOf(queue.take(ROOMY, 9)), ["w3", "w2"]);
  queue.queue(claim("w4", "alive", 1), "failed");
  const two = 2 * encodeClaim(claim("w4", "alive", 1)).length;
  assertEquals(namesOf(queue.take(two, 9)), ["w4", "w3"]);
  // w2 and w4 have been sent once by now, w3 twice.
  assertEquals(namesOf(queue.take(two, 9)).toSorted(), ["w2", "w4"]);
});

Deno.test("Dissemination sends each update as often as the limit says, then drops it", () => {
  const queue = new Dissemination(1_000);
  queue.queue(claim("w2", "alive", 1), "failed");
  for (let send = 0; send < 3; send++) {
    assertEquals(queue.take(ROOMY, 3).length, 1);
  }
  assertEquals(queue.take(ROOMY, 3), []);
  assertEquals(queue.size, 0);
});

Deno.test("Dissemination sends updates less often the more of them wait, and of many neither suspicions nor arrivals", () => {
  for (const [crowd, sends] of [[10, 18], [128, 9], [2_000, 2]] as const) {
    const queue = new Dissemination(10_000);
    for (let arrival = 1; arrival <= crowd; arrival++) {
      queue.queue(claim(`w${arrival}`, "alive", 1), "failed");
    }
    queue.queue(claim("suspect", "suspect", 1), "alive");
    queue.queue(claim("arrival", "alive", 1), null);
    const counts = new Map<string, number>();
    for (let take = 0; take < 18; take++) {
      for (const name of namesOf(queue.take(ROOMY, 18))) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    assertEquals(counts.get("w1"), sends, `of ${crowd}`);
    for (const late of ["suspect", "arrival"]) {
      assertEquals(counts.has(late), crowd < 64, `${late} of ${crowd}`);
    }
  }
});

Deno.test("Dissemination keeps one update a member, the latest", () => {
  const queue = new Dissemination(1_000);
  for (let incarnation = 1; incarnation <= 1_000; incarnation++) {
    queue.queue(claim("w2", "alive", incarnation), "failed");
  }
  assertEquals(queue.size, 1);
  const taken = claimsOf(queue.take(ROOMY, 9));
  assertEquals(taken.map(({ incarnation }) => incarnation), [1_000]);
});

Deno.test("Dissemination never hands out more bytes than there is room for", () => {
  const queue = new Dissemination(1_000);
  for (let index = 0; index < 100; index++) {
    queue.queue(
      claim(`w${index}`, "alive", 1, { tag: "t".repeat(index % 64) }),
      null,
    );
  }
  for (const room of [0, 1, 40, 100, 500, 1_400]) {
    const taken = queue.take(room, 9);
    const bytes = taken.reduce((sum, one) => sum + one.length, 0);
    assert(bytes <= room);
    if (room >= 500) assert(bytes > room / 2, "room is used");
  }
});

Deno.test("the larger the cluster, the fewer a round of gossip goes to: at least one in two rounds", () => {
  for (
    const [size, mean] of [[10, 3], [96, 2], [192, 1], [800, 0.5]] as const
  ) {
    const peers = Array.from(
      { length: size - 1 },
      (_, at) => claim(`w${at + 2}`, "alive", 1),
    );
    let gossip = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const swim = memberKnowing([], { seed });
      // A newcomer's first table is no news.
      swim.step({
        kind: "exchanged",
        with: addressOf("w2"),
        reply: encodeMessage({ kind: "rows", claims: peers, more: false }),
        refused: false,
      });
      give(swim, { kind: "gossip", claims: [claim("x1", "failed", 1)] }, "w2");
      for (let tick = 0; tick < SWIM_DEFAULTS.gossipIntervalTicks; tick++) {
        gossip += swim.step({ kind: "tick" }).send.filter(({ bytes }) =>
          decodeMessage(bytes)!.kind === "gossip"
        ).length;
      }
    }
    const off = Math.abs(gossip / 100 - mean);
    assert(off < 0.15, `${gossip} in 100 rounds among ${size}`);
  }
});

Deno.test("a round of gossip goes to three, and in a storm of news to one", () => {
  for (const [news, targets] of [[10, 3], [200, 1]] as const) {
    const peers = ["w2", "w3", "w4", "w5"].map((name) =>
      claim(name, "alive", 1)
    );
    const swim = memberKnowing(peers);
    for (let at = 0; at < news; at++) {
      const claims = [claim(`x${at}`, "failed", 1)];
      give(swim, { kind: "gossip", claims }, "w2");
    }
    const rounds: number[] = [];
    for (let tick = 0; tick < 4; tick++) {
      const { send } = swim.step({ kind: "tick" });
      const gossip = send.filter(({ bytes }) =>
        decodeMessage(bytes)!.kind === "gossip"
      );
      if (gossip.length > 0) rounds.push(gossip.length);
    }
    assertEquals(rounds[0], targets, `${news} news`);
  }
});

Deno.test("suspicions and refutations are sent less often than ends and returns", () => {
  const sendsOf = (state: MemberState, before: MemberState): number => {
    const dissemination = new Dissemination(100);
    dissemination.queue(claim("w2", state, 1), before);
    let sends = 0;
    while (dissemination.take(1_000, 13).length > 0) sends++;
    return sends;
  };
  assertEquals([
    sendsOf("suspect", "alive"),
    sendsOf("alive", "suspect"),
    sendsOf("failed", "suspect"),
    sendsOf("alive", "failed"),
  ], [5, 9, 13, 13]);
});

Deno.test("a datagram is filled to its budget with rows of IPv4 and of IPv6, the newest of the least-sent", () => {
  const hosts = (prefix: string): Claim[] =>
    Array.from(
      { length: 64 },
      (_, index) =>
        claim(`worker-${index}.storage`, "alive", 65_536 * 3, {
          address: { host: `${prefix}${1_000 + index}`, port: 24012 },
        }),
    );
  for (
    const [prefix, rows] of [
      ["192.168.200.", 25],
      ["2001:db8:85a3:1319:8a2e:370:7344:", 15],
    ] as const
  ) {
    const swim = memberKnowing([claim("w2", "alive", 1)]);
    const known = hosts(prefix);
    for (const row of known) {
      give(swim, { kind: "gossip", claims: [row] }, "w2");
    }
    const seen = new Map<string, number>();
    const isAllSeen = (): boolean => known.every(({ name }) => seen.has(name));
    let probed = false;
    for (let tick = 0; tick < 60; tick++) {
      for (const { bytes } of swim.step({ kind: "tick" }).send) {
        assert(bytes.length <= 1_400, `${bytes.length}`);
        const message = decodeMessage(bytes)!;
        if (!("claims" in message) || isAllSeen()) continue;
        if (message.kind === "gossip") {
          assert(bytes.length > 1_400 - 75, `${bytes.length} leaves room`);
          assert(
            message.claims.length >= rows,
            `${message.claims.length} rows`,
          );
        } else {
          // Probes are needed most when there is so much to tell.
          assert(bytes.length < 350, `${bytes.length} for a ${message.kind}`);
        }
        const sends = message.claims.map(({ name }) => seen.get(name) ?? 0);
        const unsent = known.filter(({ name }) => !seen.has(name));
        // What did not fit into a probe has lost its place in the order.
        if (message.kind !== "gossip") probed = true;
        if (!probed && unsent.length > message.claims.length) {
          assertEquals(Math.max(...sends), 0, "the unsent go first");
          assertEquals(message.claims[0]!.name, unsent.at(-1)!.name, "newest");
        }
        for (const { name } of message.claims) {
          seen.set(name, (seen.get(name) ?? 0) + 1);
        }
      }
    }
    assert(isAllSeen());
  }
});

Deno.test("Dissemination is bounded: beyond its limit the oldest updates go", () => {
  const queue = new Dissemination(10);
  for (let index = 0; index < 10_000; index++) {
    queue.queue(claim(`w${index}`, "failed", 1), "alive");
    assert(queue.size <= 10);
  }
  assertEquals(namesOf(queue.take(ROOMY, 9)).at(-1), "w9990");
});
