import { assert, assertEquals } from "@std/assert";
import { concat, crc32c, encode, LIMITS, Prng } from "../../src/base/mod.ts";
import {
  claimBytesMax,
  type Datagram,
  decodeMessage,
  encodeMessage,
  envelopeBytesMax,
  INCARNATION_MAX,
  type Message,
} from "../../src/swim/wire.ts";
import { addressOf, claim } from "./fixture.ts";

const CLAIMS = [
  claim("w2", "alive", 1),
  claim("w3", "suspect", 2, { by: "w2" }),
  claim("w4", "failed", 2 ** 40, { ageTicks: 70_000 }),
  claim("w5", "left", INCARNATION_MAX, { tag: "" }),
];
const MESSAGES: readonly Message[] = [
  { kind: "ping", sequence: 2 ** 32 - 1, from: "w1", to: "w2", claims: CLAIMS },
  { kind: "ack", sequence: 0, claims: [] },
  { kind: "nack", sequence: 3, claims: CLAIMS },
  {
    kind: "pingRequest",
    sequence: 1,
    to: "w2",
    address: addressOf("w2"),
    claims: CLAIMS,
  },
  { kind: "gossip", claims: CLAIMS },
  { kind: "streamPing" },
  { kind: "streamPong", name: "w1", incarnation: 2 ** 33 },
  { kind: "digest", self: CLAIMS[0]!, buckets: [0, 2 ** 32 - 1] },
  {
    kind: "rows",
    claims: CLAIMS,
    more: true,
    bucketCount: 4,
    differing: [0, 3],
  },
  { kind: "push", claims: CLAIMS },
];

function sealed(value: unknown): Uint8Array {
  const body = encode(value);
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, crc32c(body));
  return concat([checksum, body]);
}

Deno.test("decodeMessage gives back every kind of message", () => {
  for (const message of MESSAGES) {
    assertEquals(decodeMessage(encodeMessage(message)), message);
  }
});

Deno.test("decodeMessage refuses every damaged or cut message", () => {
  for (const message of MESSAGES) {
    const bytes = encodeMessage(message);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      assertEquals(decodeMessage(damaged), null);
    }
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(decodeMessage(bytes.subarray(0, length)), null);
    }
  }
});

Deno.test("decodeMessage checks every field of a message with a good checksum", () => {
  const row = ["w2", "10.0.0.2", 24012, 1, 0, "zone=a"];
  const fields: [string, unknown][] = [
    ["good", [1, 5, [row]]],
    ["not an array", { kind: 5 }],
    ["nothing", null],
    ["another version", [2, 5, [row]]],
    ["an unknown kind", [1, 99, [row]]],
    ["a field too many", [1, 5, [row], 1]],
    ["a field too few", [1, 5]],
    ["rows of no rows", [1, 5, ["row"]]],
    ["an empty name", [1, 5, [["", ...row.slice(1)]]]],
    ["a long name", [1, 5, [["n".repeat(65), ...row.slice(1)]]]],
    ["a name long in bytes", [1, 5, [["é".repeat(33), ...row.slice(1)]]]],
    ["no host", [1, 5, [["w2", "", ...row.slice(2)]]]],
    ["a number as host", [1, 5, [["w2", 10, ...row.slice(2)]]]],
    ["port 0", [1, 5, [["w2", "h", 0, 1, 0, ""]]]],
    ["port 65536", [1, 5, [["w2", "h", 65_536, 1, 0, ""]]]],
    ["a negative incarnation", [1, 5, [["w2", "h", 1, -1, 0, ""]]]],
    ["half an incarnation", [1, 5, [["w2", "h", 1, 1.5, 0, ""]]]],
    ["no number", [1, 5, [["w2", "h", 1, NaN, 0, ""]]]],
    ["a huge incarnation", [1, 5, [["w2", "h", 1, 2 ** 53, 0, ""]]]],
    ["a big integer", [1, 5, [["w2", "h", 1, 2n ** 60n, 0, ""]]]],
    ["an unknown state", [1, 5, [["w2", "h", 1, 1, 4, ""]]]],
    ["a long tag", [1, 5, [["w2", "h", 1, 1, 0, "t".repeat(65)]]]],
    ["an accuser of the living", [1, 5, [["w2", "h", 1, 1, 0, "", "w3", 0]]]],
    ["suspicion without accuser", [1, 5, [["w2", "h", 1, 1, 1, ""]]]],
    ["a negative age", [1, 5, [["w2", "h", 1, 1, 2, "", "w3", -1]]]],
    ["a negative sequence", [1, 2, -1, []]],
    ["no buckets", [1, 8, row, []]],
    ["too many buckets", [1, 8, row, new Array(257).fill(0)]],
    ["a bucket beyond", [1, 9, [], false, 2, [2]]],
    ["a bucket of none", [1, 9, [], false, 0, [0]]],
    ["a name without end", [1, 7, "w1"]],
  ];
  const accepted = fields.filter(([, value]) =>
    decodeMessage(sealed(value)) !== null
  );
  assertEquals(accepted.map(([what]) => what), ["good"]);
});

Deno.test("decodeMessage refuses what is longer than any frame", () => {
  const name = "n".repeat(LIMITS.swimFrameBytes);
  assertEquals(decodeMessage(sealed([1, 7, name, 1])), null);
});

Deno.test("claimBytesMax and envelopeBytesMax bound what is encoded, and not by much", () => {
  const prng = new Prng(1);
  const letters = ["a", "é", "界", "🐍"];
  const textOf = (length: number): string =>
    Array.from({ length: Math.floor(length / 4) }, () => prng.pick(letters))
      .join("");
  for (let round = 0; round < 2_000; round++) {
    const claims = Array.from({ length: prng.below(20) }, () => ({
      ...claim("w2", prng.pick(["alive", "suspect", "failed"] as const), 1),
      name: `n${textOf(prng.below(63))}`,
      address: { host: "h".repeat(prng.between(1, 255)), port: 24012 },
      incarnation: Math.floor(2 ** (prng.float() * 52)),
      tag: textOf(prng.below(64)),
      by: `n${textOf(prng.below(63))}`,
      ageTicks: prng.next(),
    }));
    const empty: Datagram = prng.pick<Datagram>([
      { kind: "ping", sequence: prng.next(), from: "w1", to: "w2", claims: [] },
      { kind: "ack", sequence: prng.next(), claims: [] },
      {
        kind: "pingRequest",
        sequence: prng.next(),
        to: "w2",
        address: { host: "h".repeat(255), port: 1 },
        claims: [],
      },
    ]);
    const bound = claims.reduce(
      (sum, one) => sum + claimBytesMax(one),
      envelopeBytesMax(empty),
    );
    const { length } = encodeMessage({ ...empty, claims });
    assert(length <= bound, `${length} bytes exceed the bound ${bound}`);
  }
  const ping = encodeMessage({
    kind: "ping",
    sequence: 1,
    from: "w1",
    to: "w2",
    claims: [],
  });
  assert(ping.length <= 24, "an empty ping is small");
});
