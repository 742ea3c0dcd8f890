import { assert, assertEquals } from "@std/assert";
import { concat, crc32c, Prng } from "../../src/base/mod.ts";
import { encodeMessage, type Message } from "../../src/swim/wire.ts";
import { addressOf, claim, memberKnowing, ticks } from "./fixture.ts";

const DATAGRAMS = 100_000;
const KNOWN = ["w2", "w3", "w4"].map((name) => claim(name, "alive", 5));

const SPECIMENS: readonly Uint8Array[] = ([
  { kind: "ping", sequence: 1, from: "w2", to: "w1", claims: KNOWN },
  { kind: "ack", sequence: 1, claims: [claim("w5", "failed", 9)] },
  { kind: "nack", sequence: 1, claims: [] },
  {
    kind: "pingRequest",
    sequence: 1,
    to: "w3",
    address: addressOf("w3"),
    claims: [claim("w4", "suspect", 5)],
  },
  { kind: "gossip", claims: [claim("w1", "failed", 10), ...KNOWN] },
  { kind: "streamPing" },
  { kind: "streamPong", name: "w2", incarnation: 5 },
  {
    kind: "dispute",
    established: true,
    answer: false,
    claims: [claim("w1", "alive", 9, { machine: 9, address: addressOf("w9") })],
  },
  { kind: "digest", rows: 9, buckets: [1, 2, 3, 4], claims: [KNOWN[0]!] },
  { kind: "marks", bucketCount: 4, differing: [1, 3], marks: [7, 8] },
  { kind: "rows", more: false, claims: KNOWN },
  { kind: "push", wanted: [5], claims: [claim("w2", "left", 7)] },
] satisfies Message[]).map((message) => encodeMessage(message));

function garbage(prng: Prng): Uint8Array {
  if (prng.chance(0.3)) return prng.bytes(prng.below(1_500));
  const bytes = prng.pick(SPECIMENS).slice();
  for (let change = prng.between(1, 4); change > 0; change--) {
    bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8);
  }
  return prng.chance(0.2)
    ? bytes.subarray(0, prng.below(bytes.length + 1))
    : bytes;
}

/** What garbage becomes when someone gets its checksum right. */
function resealed(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(4);
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, crc32c(body));
  return concat([checksum, body]);
}

Deno.test("random and mutated bytes change nothing, answer nothing, and never throw", () => {
  const prng = new Prng(4);
  const swim = memberKnowing(KNOWN);
  const before = swim.members();
  const whole = new Set(SPECIMENS.map((bytes) => bytes.join()));
  for (let count = 0; count < DATAGRAMS; count++) {
    const bytes = garbage(prng);
    // Mutations may undo one another; what is whole again is no garbage.
    if (whole.has(bytes.join())) continue;
    const from = addressOf("w7");
    const effects = prng.chance(0.8)
      ? swim.step({ kind: "datagram", bytes, from })
      : prng.chance(0.5)
      ? swim.step({ kind: "exchangeRequest", bytes })
      : swim.step({
        kind: "exchanged",
        with: from,
        reply: bytes,
        refused: false,
      });
    assertEquals(effects.changes.length + effects.send.length, 0);
  }
  assertEquals(swim.incarnation, 10);
  assertEquals(swim.members(), before);
  assert(swim.statistics().malformed > DATAGRAMS * 0.99);
  assertEquals(swim.statistics().rumours, KNOWN.length);
});

Deno.test("garbage with a good checksum may tell lies but neither throws nor grows without bound", () => {
  const prng = new Prng(5);
  const swim = memberKnowing(KNOWN, { membersMax: 50 });
  for (let count = 0; count < 30_000; count++) {
    const bytes = resealed(garbage(prng));
    swim.step({ kind: "datagram", bytes, from: addressOf("w7") });
    swim.step({ kind: "exchangeRequest", bytes });
    swim.step({
      kind: "exchanged",
      with: addressOf("w2"),
      reply: bytes,
      refused: false,
    });
    if (count % 100 === 0) {
      for (const { bytes } of ticks(swim, 1).send) {
        assert(bytes.length <= 1_400);
      }
    }
  }
  assert(swim.members().length <= 51);
  assert(swim.statistics().rumours <= 100);
});
