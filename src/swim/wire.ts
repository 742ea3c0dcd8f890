/**
 * What goes over the wire: a CRC32C of the rest, a version, a kind, and the
 * kind's fields; claims come last. Everything that comes in is checked here, to
 * the last field; what fails is null, never an exception. The checksum keeps
 * damaged bytes from becoming news; against forgery datagrams are sealed
 * (`runtime/sealing.ts`), which this floor knows nothing of.
 */

import { assert, crc32c, LIMITS } from "../base/mod.ts";
import type { Claim } from "./claim.ts";
import { Packer, TEXT_BYTES_MAX, Unpacker } from "./packing.ts";
import type { MemberAddress, MemberName, MemberState } from "./step.ts";

/** Anything that members send one another. */
export type Message = Datagram | Frame;

/** By UDP; nearly every kind carries claims (SWIM §4.1). */
export type Datagram =
  | {
    readonly kind: "ping";
    readonly sequence: number;
    readonly from: MemberName;
    readonly to: MemberName;
    readonly claims: readonly Claim[];
  }
  | {
    readonly kind: "ack" | "nack";
    readonly sequence: number;
    readonly claims: readonly Claim[];
  }
  /** SWIM's ping-req: please probe `to` for me. */
  | {
    readonly kind: "pingRequest";
    readonly sequence: number;
    readonly to: MemberName;
    readonly address: MemberAddress;
    readonly claims: readonly Claim[];
  }
  | { readonly kind: "gossip"; readonly claims: readonly Claim[] }
  /** To another machine of one's own name; see `rivalry.ts`. */
  | {
    readonly kind: "dispute";
    readonly established: boolean;
    /** The answer to a dispute, which needs none itself. */
    readonly answer: boolean;
    /** The sender's own row, alone. */
    readonly claims: readonly Claim[];
  };

/** By stream: one request, one reply. */
export type Frame =
  | { readonly kind: "streamPing" }
  | {
    readonly kind: "streamPong";
    readonly name: MemberName;
    readonly incarnation: number;
  }
  /** One hash for each bucket of the sender's table; answered by `marks` or `rows`. */
  | {
    readonly kind: "digest";
    /** How many rows the sender's table has. */
    readonly rows: number;
    readonly buckets: readonly number[];
    /** The sender's own row, alone. */
    readonly claims: readonly Claim[];
  }
  /** The buckets that differ, and the mark of each row there; the asker then pushes and asks for what differs. */
  | {
    readonly kind: "marks";
    readonly bucketCount: number;
    readonly differing: readonly number[];
    readonly marks: readonly number[];
  }
  /** Rows that the receiver lacks, and marks of rows that the sender lacks; answered by `rows`. */
  | {
    readonly kind: "push";
    readonly wanted: readonly number[];
    readonly claims: readonly Claim[];
  }
  | {
    readonly kind: "rows";
    /** The budget cut the answer short: ask again. */
    readonly more: boolean;
    readonly claims: readonly Claim[];
  };

/** Incarnations stay far enough below 2^53 that one can always be outbid. */
export const INCARNATION_MAX = 2 ** 52;

/** Most buckets of a digest; always a power of two. */
export const BUCKETS_MAX = 256;

const VERSION = 2;
const CHECKSUM_BYTES = 4;
const KINDS = [
  "ping",
  "ack",
  "nack",
  "pingRequest",
  "gossip",
  "dispute",
  "streamPing",
  "streamPong",
  "digest",
  "marks",
  "push",
  "rows",
] as const satisfies readonly Message["kind"][];
const STATES: readonly MemberState[] = ["alive", "suspect", "failed", "left"];
const AGE_TICKS_MAX = 2 ** 32 - 1;
/** Checksum, version, kind. */
const HEAD_BYTES = CHECKSUM_BYTES + 2;

const packer = new Packer();

/** The bytes of a message, with rows that {@link encodeClaim} made behind its own claims. */
export function encodeMessage(
  message: Message,
  more: readonly Uint8Array[] = [],
): Uint8Array {
  packer.clear();
  packer.word(0);
  packer.byte(VERSION);
  packer.byte(KINDS.indexOf(message.kind));
  packFields(message);
  if ("claims" in message) {
    for (const claim of message.claims) packClaim(claim);
  }
  for (const row of more) packer.raw(row);
  const bytes = packer.copy();
  const checksum = crc32c(bytes.subarray(CHECKSUM_BYTES));
  new DataView(bytes.buffer).setUint32(0, checksum);
  return bytes;
}

/** The bytes that a claim takes within any message. */
export function encodeClaim(claim: Claim): Uint8Array {
  packer.clear();
  packClaim(claim);
  return packer.copy();
}

/** The message of received bytes, or null when anything about them is wrong. */
export function decodeMessage(bytes: Uint8Array): Message | null {
  if (bytes.length < HEAD_BYTES || bytes.length > LIMITS.swimFrameBytes) {
    return null;
  }
  const unpacker = new Unpacker(bytes, 0);
  const checksum = unpacker.word();
  if (checksum !== crc32c(bytes.subarray(CHECKSUM_BYTES))) return null;
  if (unpacker.byte() !== VERSION) return null;
  const message = unpackMessage(unpacker, KINDS[unpacker.byte()]);
  return unpacker.failed || unpacker.rest > 0 ? null : message;
}

/** Upper bound of a message's bytes without its claims. */
export function envelopeBytesMax(message: Datagram): number {
  switch (message.kind) {
    case "ping":
      return HEAD_BYTES + 4 + textBytesMax(message.from) +
        textBytesMax(message.to);
    case "pingRequest":
      return HEAD_BYTES + 4 + textBytesMax(message.to) +
        textBytesMax(message.address.host) + 2;
    case "ack":
    case "nack":
      return HEAD_BYTES + 4;
    case "gossip":
    case "dispute":
      return HEAD_BYTES + 1;
  }
}

/** Exact for ASCII. */
function textBytesMax(value: string): number {
  let bytes = 1;
  for (let at = 0; at < value.length; at++) {
    bytes += value.charCodeAt(at) < 0x80 ? 1 : 3;
  }
  return bytes;
}

function packFields(message: Message): void {
  switch (message.kind) {
    case "ping":
      packer.word(message.sequence);
      packer.text(message.from);
      return packer.text(message.to);
    case "ack":
    case "nack":
      return packer.word(message.sequence);
    case "pingRequest":
      packer.word(message.sequence);
      packer.text(message.to);
      packer.text(message.address.host);
      return packer.short(message.address.port);
    case "gossip":
    case "streamPing":
      return;
    case "dispute":
      return packer.byte(
        (message.established ? 1 : 0) + (message.answer ? 2 : 0),
      );
    case "streamPong":
      packer.text(message.name);
      return packer.count(message.incarnation);
    case "digest":
      packer.count(message.rows);
      return packWords(message.buckets);
    case "marks":
      packer.count(message.bucketCount);
      packer.count(message.differing.length);
      for (const bucket of message.differing) packer.byte(bucket);
      return packWords(message.marks);
    case "push":
      return packWords(message.wanted);
    case "rows":
      return packer.byte(message.more ? 1 : 0);
  }
}

function packWords(words: readonly number[]): void {
  packer.count(words.length);
  for (const word of words) packer.word(word);
}

function packClaim(claim: Claim): void {
  const code = STATES.indexOf(claim.state);
  packer.byte(code);
  packer.text(claim.name);
  packer.text(claim.address.host);
  packer.short(claim.address.port);
  packer.count(claim.incarnation);
  packer.word(claim.machine);
  packer.text(claim.tag);
  // By far most rows are `alive`, where the member itself said so, and age means nothing.
  if (code === 0) return;
  packer.text(claim.by);
  packer.count(claim.ageTicks);
}

function unpackMessage(
  unpacker: Unpacker,
  kind: Message["kind"] | undefined,
): Message | null {
  switch (kind) {
    case "ping": {
      const sequence = unpacker.word();
      const from = unpackName(unpacker);
      const to = unpackName(unpacker);
      return { kind, sequence, from, to, claims: unpackClaims(unpacker) };
    }
    case "ack":
    case "nack": {
      const sequence = unpacker.word();
      return { kind, sequence, claims: unpackClaims(unpacker) };
    }
    case "pingRequest": {
      const sequence = unpacker.word();
      const to = unpackName(unpacker);
      const address = unpackAddress(unpacker);
      const claims = unpackClaims(unpacker);
      return { kind, sequence, to, address, claims };
    }
    case "gossip":
      return { kind, claims: unpackClaims(unpacker) };
    case "dispute": {
      const flags = unpackBelow(unpacker, 4);
      const claims = unpackClaims(unpacker);
      if (claims.length !== 1) unpacker.fail();
      const established = (flags & 1) !== 0;
      return { kind, established, answer: (flags & 2) !== 0, claims };
    }
    case "streamPing":
      return { kind };
    case "streamPong": {
      const name = unpackName(unpacker);
      return { kind, name, incarnation: unpacker.count(INCARNATION_MAX) };
    }
    case "digest": {
      const rows = unpacker.count(LIMITS.swimMembers + 1);
      const buckets = unpackWords(unpacker, BUCKETS_MAX);
      if (!isBucketCount(buckets.length)) unpacker.fail();
      const claims = unpackClaims(unpacker);
      if (claims.length !== 1) unpacker.fail();
      return { kind, rows, buckets, claims };
    }
    case "marks":
      return unpackMarks(unpacker);
    case "push": {
      const wanted = unpackWords(unpacker, LIMITS.swimMembers + 1);
      return { kind, wanted, claims: unpackClaims(unpacker) };
    }
    case "rows": {
      const more = unpackBelow(unpacker, 2) === 1;
      return { kind, more, claims: unpackClaims(unpacker) };
    }
    case undefined:
      return null;
  }
}

function unpackMarks(unpacker: Unpacker): Message {
  const bucketCount = unpacker.count(BUCKETS_MAX);
  if (!isBucketCount(bucketCount)) unpacker.fail();
  const length = unpacker.count(bucketCount);
  const differing: number[] = [];
  for (let at = 0; at < length && !unpacker.failed; at++) {
    differing.push(unpackBelow(unpacker, bucketCount));
  }
  const marks = unpackWords(unpacker, LIMITS.swimMembers + 1);
  return { kind: "marks", bucketCount, differing, marks };
}

function unpackWords(unpacker: Unpacker, max: number): number[] {
  const length = unpacker.count(max);
  const words: number[] = [];
  for (let at = 0; at < length && !unpacker.failed; at++) {
    words.push(unpacker.word());
  }
  return words;
}

/** Claims fill the rest of a message. */
function unpackClaims(unpacker: Unpacker): Claim[] {
  const claims: Claim[] = [];
  while (unpacker.rest > 0) claims.push(unpackClaim(unpacker));
  if (claims.length > LIMITS.swimMembers + 1) unpacker.fail();
  return claims;
}

function unpackClaim(unpacker: Unpacker): Claim {
  const state = STATES[unpackBelow(unpacker, STATES.length)]!;
  const name = unpackName(unpacker);
  const address = unpackAddress(unpacker);
  const incarnation = unpacker.count(INCARNATION_MAX);
  const machine = unpacker.word();
  const tag = unpacker.text(0, LIMITS.swimTagBytes);
  const alive = state === "alive";
  const by = alive ? name : unpackName(unpacker);
  const ageTicks = alive ? 0 : unpacker.count(AGE_TICKS_MAX);
  return { name, address, incarnation, machine, state, tag, by, ageTicks };
}

function unpackName(unpacker: Unpacker): MemberName {
  return unpacker.text(1, LIMITS.nameLength);
}

function unpackAddress(unpacker: Unpacker): MemberAddress {
  const host = unpacker.text(1, TEXT_BYTES_MAX);
  const port = unpacker.short();
  if (port === 0) unpacker.fail();
  return { host, port };
}

function unpackBelow(unpacker: Unpacker, bound: number): number {
  const value = unpacker.byte();
  if (value < bound) return value;
  unpacker.fail();
  return 0;
}

function isBucketCount(count: number): boolean {
  return count >= 1 && (count & (count - 1)) === 0;
}

assert(BUCKETS_MAX <= 256, "a bucket's number is a byte");
