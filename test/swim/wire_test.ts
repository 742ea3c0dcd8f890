import { assert, assertEquals } from "@std/assert";
import { concat, crc32c, LIMITS, Prng } from "../../src/base/mod.ts";
import { Packer } from "../../src/swim/packing.ts";
import {
  type Datagram,
  decodeMessage,
  encodeClaim,
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
  claim("wé", "alive", 127, {
    address: { host: "fe80::1234:5678:9abc:def0%eth0", port: 65_535 },
    machine: 2 ** 32 - 1,
    tag: "界".repeat(21),
  }),
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
  { kind: "dispute", established: true, answer: false, claims: [CLAIMS[0]!] },
  { kind: "dispute", established: false, answer: true, claims: [CLAIMS[0]!] },
  { kind: "streamPing" },
  { kind: "streamPong", name: "w1", incarnation: 2 ** 33 },
  {
    kind: "digest",
    rows: 65_537,
    buckets: [0, 2 ** 32 - 1],
    claims: [CLAIMS[0]!],
  },
  { kind: "marks", bucketCount: 4, differing: [0, 3], marks: [2 ** 31, 5] },
  { kind: "marks", bucketCount: 1, differing: [], marks: [] },
  { kind: "push", wanted: [1, 2 ** 32 - 1], claims: CLAIMS },
  { kind: "rows", more: true, claims: CLAIMS },
];

/** A body with its checksum. */
function checked(body: Uint8Array): Uint8Array {
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, crc32c(body));
  return concat([checksum, body]);
}

/** A body of this version and kind, filled by hand. */
function bodyOf(kind: number, fill: (packer: Packer) => void): Uint8Array {
  const packer = new Packer();
  packer.byte(2);
  packer.byte(kind);
  fill(packer);
  return packer.copy();
}

const [GOSSIP, STREAM_PONG, DIGEST, MARKS] = [4, 7, 8, 9];

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

/** A row of claims, field by field, so that each can be wrong alone. */
function packRow(
  packer: Packer,
  {
    code = 0,
    name = "w2",
    host = "10.0.0.2",
    port = 24012,
    incarnation = 1,
    tag = "zone=a",
  } = {},
): void {
  packer.byte(code);
  packer.text(name);
  packer.text(host);
  packer.short(port);
  packer.count(incarnation);
  packer.word(7);
  packer.text(tag);
}

function gossipOf(
  row: Parameters<typeof packRow>[1],
  rest: (packer: Packer) => void = (): void => {},
): Uint8Array {
  return bodyOf(GOSSIP!, (packer) => {
    packRow(packer, row);
    rest(packer);
  });
}

function accused(by: string, age: readonly number[]): Uint8Array {
  return gossipOf({ code: 2 }, (packer) => {
    packer.text(by);
    packer.raw(new Uint8Array(age));
  });
}

/** The body of a pong from a member with these bytes for a name. */
function pongOf(...name: number[]): Uint8Array {
  return bodyOf(STREAM_PONG!, (packer) => {
    packer.byte(name.length);
    packer.raw(new Uint8Array(name));
    packer.count(1);
  });
}

function digestOf(buckets: number, claims: number): Uint8Array {
  return bodyOf(DIGEST!, (packer) => {
    packer.count(1);
    packer.count(buckets);
    for (let bucket = 0; bucket < buckets; bucket++) packer.word(0);
    for (let row = 0; row < claims; row++) packRow(packer);
  });
}

function marksOf(count: number, differing: readonly number[]): Uint8Array {
  return bodyOf(MARKS!, (packer) => {
    packer.count(count);
    packer.count(differing.length);
    for (const bucket of differing) packer.byte(bucket);
    packer.count(0);
  });
}

Deno.test("decodeMessage checks every field of a message with a good checksum", () => {
  const good = gossipOf({});
  const bodies: [string, Uint8Array][] = [
    ["good", good],
    ["good failure", accused("w3", [0])],
    ["good pong", pongOf(0x77)],
    ["good digest", digestOf(2, 1)],
    ["good marks", marksOf(4, [0, 3])],
    ["nothing", new Uint8Array()],
    ["a version alone", new Uint8Array([2])],
    ["another version", new Uint8Array([1, ...good.subarray(1)])],
    ["an unknown kind", bodyOf(99, (packer) => packRow(packer))],
    ["a byte too many", concat([good, new Uint8Array(1)])],
    ["an empty name", gossipOf({ name: "" })],
    ["a long name", gossipOf({ name: "n".repeat(65) })],
    ["a name long in bytes", gossipOf({ name: "é".repeat(33) })],
    ["a name that is no text", pongOf(0xff)],
    ["a name cut within a letter", pongOf(0xf0, 0x90, 0x80)],
    ["a name of surrogates", pongOf(0xed, 0xa0, 0x80)],
    ["no host", gossipOf({ host: "" })],
    ["port 0", gossipOf({ port: 0 })],
    ["a huge incarnation", gossipOf({ incarnation: 2 ** 52 + 2 })],
    ["an unknown state", gossipOf({ code: 4 })],
    ["a long tag", gossipOf({ tag: "t".repeat(65) })],
    ["an accuser of the living", gossipOf({}, (packer) => packer.text("w3"))],
    ["suspicion without accuser", gossipOf({ code: 1 })],
    ["failure by nobody", accused("", [0])],
    ["a number longer than needed", accused("w3", [128, 0])],
    ["a number without end", accused("w3", new Array(9).fill(255))],
    ["an age of centuries", accused("w3", [255, 255, 255, 255, 127])],
    ["no buckets", digestOf(0, 1)],
    ["three buckets", digestOf(3, 1)],
    ["too many buckets", digestOf(512, 1)],
    ["nobody's digest", digestOf(2, 0)],
    ["two members' digest", digestOf(2, 2)],
    ["a bucket beyond", marksOf(2, [2])],
    ["more buckets differ than there are", marksOf(2, [0, 1, 1])],
    ["buckets of none", marksOf(0, [])],
  ];
  const accepted = bodies.filter(([, body]) =>
    decodeMessage(checked(body)) !== null
  );
  assertEquals(accepted.map(([what]) => what), [
    "good",
    "good failure",
    "good pong",
    "good digest",
    "good marks",
  ]);
});

Deno.test("decodeMessage refuses what is longer than any frame", () => {
  const rows: Uint8Array[] = new Array(40_000).fill(encodeClaim(CLAIMS[0]!));
  const bytes = encodeMessage({ kind: "gossip", claims: [] }, rows);
  assert(bytes.length > LIMITS.swimFrameBytes);
  assertEquals(decodeMessage(bytes), null);
});

Deno.test("encodeClaim and envelopeBytesMax foretell a datagram's length", () => {
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
      machine: prng.next(),
      tag: textOf(prng.below(64)),
      by: `n${textOf(prng.below(63))}`,
      ageTicks: prng.next(),
    }));
    const empty: Datagram = prng.pick<Datagram>([
      { kind: "ping", sequence: prng.next(), from: "wé", to: "w2", claims: [] },
      { kind: "ack", sequence: prng.next(), claims: [] },
      { kind: "gossip", claims: [] },
      {
        kind: "pingRequest",
        sequence: prng.next(),
        to: "w2",
        address: { host: "h".repeat(255), port: 1 },
        claims: [],
      },
    ]);
    const rows = claims.map(encodeClaim);
    const bound = rows.reduce(
      (sum, { length }) => sum + length,
      envelopeBytesMax(empty),
    );
    const bytes = encodeMessage(empty, rows);
    assert(bytes.length <= bound, `${bytes.length} exceed the bound ${bound}`);
    assertEquals(bytes, encodeMessage({ ...empty, claims } as Datagram));
  }
  const ping = encodeMessage({
    kind: "ping",
    sequence: 1,
    from: "w1",
    to: "w2",
    claims: [],
  });
  assertEquals(ping.length, 16);
});
