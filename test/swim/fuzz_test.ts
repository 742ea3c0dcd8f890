/**
 * Hostile bytes, seeded. By default a share of them; all of the million by
 * `deno task fuzz`, which passes the number of datagrams as an argument.
 */

import { assert, assertEquals } from "@std/assert";
import { concat, crc32c, Prng } from "../../src/base/mod.ts";
import type { Member, Swim, SwimEffects } from "../../src/swim/mod.ts";
import type { Claim } from "../../src/swim/claim.ts";
import { INCARNATION_MAX } from "../../src/swim/wire.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
} from "../../src/swim/wire.ts";
import { addressOf, claim, memberKnowing } from "./fixture.ts";

const DATAGRAMS = Number(Deno.args[0] ?? 100_000);
const KNOWN = ["w2", "w3", "w4"].map((name) => claim(name, "alive", 5));
/** Beside the four that are known, so that lies soon fill it. */
const MEMBERS_MAX = 50;
/** Changes of oneself are no changes of the table. */
const SELF = "w1";

const SPECIMENS: readonly Uint8Array[] = ([
  { kind: "ping", sequence: 1, from: "w2", to: SELF, claims: KNOWN },
  { kind: "ack", sequence: 1, claims: [claim("w5", "failed", 9)] },
  { kind: "nack", sequence: 1, claims: [] },
  {
    kind: "pingRequest",
    sequence: 1,
    to: "w3",
    address: addressOf("w3"),
    claims: [claim("w4", "suspect", 5)],
  },
  { kind: "gossip", claims: [claim(SELF, "failed", 10), ...KNOWN] },
  {
    kind: "gossip",
    claims: [
      claim("wé", "alive", 2 ** 40, {
        address: { host: "fe80::1234:5678:9abc:def0%eth0", port: 1 },
      }),
    ],
  },
  {
    kind: "dispute",
    established: true,
    answer: false,
    claims: [claim(SELF, "alive", 9, { machine: 9, address: addressOf("w9") })],
  },
  { kind: "streamPing" },
  { kind: "streamPong", name: "w2", incarnation: 5 },
  { kind: "digest", rows: 9, buckets: [1, 2, 3, 4], claims: [KNOWN[0]!] },
  { kind: "marks", bucketCount: 4, differing: [1, 3], marks: [7, 8] },
  { kind: "rows", more: false, claims: KNOWN },
  { kind: "push", wanted: [5], claims: [claim("w2", "left", 7)] },
] satisfies Message[]).map((message) => encodeMessage(message));

/** Noise, or a message with a few bits turned, bytes changed, cut out, doubled, or its end cut off. */
function garbage(prng: Prng): Uint8Array {
  if (prng.chance(0.2)) return prng.bytes(prng.below(1_500));
  const bytes = prng.pick(SPECIMENS).slice();
  for (let change = prng.between(1, 4); change > 0; change--) {
    if (prng.chance(0.7)) {
      bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8);
    } else bytes[prng.below(bytes.length)] = prng.pick([0, 1, 127, 128, 255]);
  }
  const from = prng.below(bytes.length + 1);
  const to = prng.below(bytes.length + 1);
  switch (prng.below(6)) {
    case 0:
      return bytes.subarray(0, from);
    case 1:
      return concat([bytes.subarray(0, from), bytes.subarray(to)]);
    default:
      return bytes;
  }
}

/** What garbage becomes when someone gets its checksum, and mostly its version, right. */
function checked(prng: Prng, bytes: Uint8Array): Uint8Array {
  const body = bytes.slice(4);
  if (body.length > 1 && prng.chance(0.9)) {
    body[0] = SPECIMENS[0]![4]!;
    if (prng.chance(0.3)) body[1] = prng.below(SPECIMENS.length);
  }
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, crc32c(body));
  return concat([checksum, body]);
}

/** By datagram, by stream, or as the answer on a stream. */
function deliver(swim: Swim, prng: Prng, bytes: Uint8Array): SwimEffects {
  const from = addressOf(prng.pick(["w2", "w7"]));
  switch (prng.below(5)) {
    case 0:
      return swim.step({ kind: "exchangeRequest", bytes });
    case 1: {
      const answer = { reply: bytes, refused: false };
      return swim.step({ kind: "exchanged", with: from, ...answer });
    }
    default:
      return swim.step({ kind: "datagram", bytes, from });
  }
}

/** Bytes that the process holds after a collection of garbage, as far as the runtime tells without permissions. */
function heapBytes(): number {
  return Deno.memoryUsage().heapUsed;
}

Deno.test(`${DATAGRAMS} random and mutated datagrams and frames change nothing, answer nothing, and never throw`, () => {
  const prng = new Prng(4);
  const swim = memberKnowing(KNOWN);
  const before = swim.members();
  const whole = new Set(SPECIMENS.map((bytes) => bytes.join()));
  let refused = 0;
  let heap = 0;
  for (let count = 0; count < DATAGRAMS; count++) {
    const bytes = garbage(prng);
    // Mutations may undo one another; what is whole again is no garbage.
    if (decodeMessage(bytes) !== null) {
      assert(whole.has(bytes.join()));
      continue;
    }
    const { changes, send, exchange, exchangeReply, dispute } = deliver(
      swim,
      prng,
      bytes,
    );
    refused++;
    assertEquals(changes.length + send.length + exchange.length, 0);
    assertEquals([exchangeReply, dispute], [null, null]);
    if (count === DATAGRAMS >> 1) heap = heapBytes();
  }
  assertEquals(swim.incarnation, 10);
  assertEquals(swim.members(), before);
  assertEquals(swim.statistics().malformed, refused);
  assertEquals(swim.statistics().rumours, KNOWN.length);
  const grownBytes = heapBytes() - heap;
  assert(grownBytes < 64 * 1024 * 1024, `the heap grew by ${grownBytes}`);
});

/** The claims that decoded bytes make, which a change must rest on. */
function claimsIn(bytes: Uint8Array): readonly Claim[] {
  const message = decodeMessage(bytes);
  return message !== null && "claims" in message ? message.claims : [];
}

/** `size`: of the table, this member included. */
function mayGiveWay({ state }: Member, size: number): boolean {
  return size > MEMBERS_MAX && (state === "failed" || state === "left");
}

/** True when a claim, or hearsay made of it, says what the table says now. */
function says(one: Claim, member: Member): boolean {
  return one.name === member.name && one.incarnation === member.incarnation &&
    (one.state === member.state ||
      (one.state === "failed" && member.state === "suspect"));
}

Deno.test(`${DATAGRAMS >> 2} lies with a good checksum change only what their claims say, and neither throw nor grow anything without bound`, () => {
  const prng = new Prng(5);
  const swim = memberKnowing(KNOWN, { membersMax: MEMBERS_MAX });
  let understood = 0;
  for (let count = 0; count < DATAGRAMS >> 2; count++) {
    const bytes = checked(prng, garbage(prng));
    const claims = claimsIn(bytes);
    if (decodeMessage(bytes) !== null) understood++;
    const own = swim.incarnation;
    const held = new Map(swim.members().map((member) => [member.name, member]));
    const { changes, send, exchangeReply } = deliver(swim, prng, bytes);
    for (const { member } of changes) {
      assert(claims.some((one) => says(one, member)), "a change was claimed");
      const before = held.get(member.name);
      // The tombstones of a full table give way, and may come back as anything.
      if (before === undefined || mayGiveWay(before, held.size)) continue;
      assert(member.incarnation >= before.incarnation, "no life goes back");
    }
    assert(swim.incarnation >= own && swim.incarnation <= INCARNATION_MAX);
    const spoken = claims.some(({ name }) => name === SELF);
    assert(swim.incarnation === own || spoken, "raised by its own name only");
    for (const sent of send) {
      assert(sent.bytes.length <= 1_400);
      assert(decodeMessage(sent.bytes) !== null, "what goes out is sound");
    }
    if (exchangeReply !== null) assert(decodeMessage(exchangeReply) !== null);
    if (count % 100 === 0) swim.step({ kind: "tick" });
    const { rumours } = swim.statistics();
    assert(swim.members().length <= MEMBERS_MAX + 1);
    assert(rumours <= MEMBERS_MAX + 1, `${rumours} rumours`);
    if (swim.silent) break;
  }
  assert(understood > DATAGRAMS / 40, `${understood} lies were understood`);
  assertEquals(swim.silent, false, "an established member yields to nobody");
});
