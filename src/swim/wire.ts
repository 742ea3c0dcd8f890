/**
 * What goes over the wire: a CRC32C of the rest, then one MessagePack array
 * `[version, kind, …]`. Everything that comes in is checked here, to the last
 * field; what fails is null, never an exception. The checksum keeps damaged
 * bytes from becoming news; it is no protection against forgery.
 */

import { crc32c, decode, encode, LIMITS, utf8 } from "../base/mod.ts";
import type { Claim } from "./claim.ts";
import type { MemberAddress, MemberName, MemberState } from "./step.ts";

/** Anything that members send one another. */
export type Message = Datagram | Frame;

/** By UDP; every kind carries claims (SWIM §4.1). */
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
  | { readonly kind: "gossip"; readonly claims: readonly Claim[] };

/** By stream: one request, one reply. */
export type Frame =
  | { readonly kind: "streamPing" }
  | {
    readonly kind: "streamPong";
    readonly name: MemberName;
    readonly incarnation: number;
  }
  /** One hash for each bucket of the sender's table; answered by `rows`. */
  | {
    readonly kind: "digest";
    readonly self: Claim;
    readonly buckets: readonly number[];
  }
  | {
    readonly kind: "rows";
    readonly claims: readonly Claim[];
    /** The budget cut the answer short: ask again. */
    readonly more: boolean;
    readonly bucketCount: number;
    /** Which buckets differ; the asker then pushes what it has newer there. */
    readonly differing: readonly number[];
  }
  /** Rows that the receiver lacks; answered by `rows` with what is newer still. */
  | { readonly kind: "push"; readonly claims: readonly Claim[] };

/** Incarnations stay far enough below 2^53 that one can always be outbid. */
export const INCARNATION_MAX = 2 ** 52;

/** Most buckets of a digest. */
export const BUCKETS_MAX = 256;

const VERSION = 1;
const CHECKSUM_BYTES = 4;
const KINDS = {
  ping: 1,
  ack: 2,
  nack: 3,
  pingRequest: 4,
  gossip: 5,
  streamPing: 6,
  streamPong: 7,
  digest: 8,
  rows: 9,
  push: 10,
} as const;
const STATES: readonly MemberState[] = ["alive", "suspect", "failed", "left"];
const HOST_BYTES_MAX = 255;
const SEQUENCE_MAX = 2 ** 32;

/** The bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  const body = encode([VERSION, KINDS[message.kind], ...fields(message)]);
  const bytes = new Uint8Array(CHECKSUM_BYTES + body.length);
  new DataView(bytes.buffer).setUint32(0, crc32c(body));
  bytes.set(body, CHECKSUM_BYTES);
  return bytes;
}

/** The message of received bytes, or null when anything about them is wrong. */
export function decodeMessage(bytes: Uint8Array): Message | null {
  if (bytes.length <= CHECKSUM_BYTES || bytes.length > LIMITS.swimFrameBytes) {
    return null;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = bytes.subarray(CHECKSUM_BYTES);
  if (view.getUint32(0) !== crc32c(body)) return null;
  let array: unknown;
  try {
    array = decode(body);
  } catch {
    return null;
  }
  if (!Array.isArray(array) || array[0] !== VERSION) return null;
  return messageOf(array[1], array.slice(2));
}

/** Upper bound of the bytes that a claim takes within a message. */
export function claimBytesMax(claim: Claim): number {
  return 1 + textBytes(claim.name) + textBytes(claim.address.host) + 3 +
    numberBytes(claim.incarnation) + 1 + textBytes(claim.tag) +
    textBytes(claim.by) + numberBytes(claim.ageTicks);
}

/** Upper bound of a message's bytes without its claims. */
export function envelopeBytesMax(message: Datagram): number {
  // Checksum, array, version, kind, sequence, and the head of the claims.
  const frame = CHECKSUM_BYTES + 1 + 1 + 1 + 5 + 3;
  switch (message.kind) {
    case "ping":
      return frame + textBytes(message.from) + textBytes(message.to);
    case "pingRequest":
      return frame + textBytes(message.to) + textBytes(message.address.host) +
        3;
    default:
      return frame;
  }
}

function fields(message: Message): unknown[] {
  switch (message.kind) {
    case "ping":
      return [
        message.sequence,
        message.from,
        message.to,
        message.claims.map(rowOf),
      ];
    case "ack":
    case "nack":
      return [message.sequence, message.claims.map(rowOf)];
    case "pingRequest":
      return [
        message.sequence,
        message.to,
        message.address.host,
        message.address.port,
        message.claims.map(rowOf),
      ];
    case "gossip":
    case "push":
      return [message.claims.map(rowOf)];
    case "streamPing":
      return [];
    case "streamPong":
      return [message.name, message.incarnation];
    case "digest":
      return [rowOf(message.self), message.buckets];
    case "rows":
      return [
        message.claims.map(rowOf),
        message.more,
        message.bucketCount,
        message.differing,
      ];
  }
}

function messageOf(code: unknown, f: unknown[]): Message | null {
  switch (code) {
    case KINDS.ping: {
      const claims = claimsOf(f[3]);
      if (f.length !== 4 || claims === null) return null;
      if (!isSequence(f[0]) || !isName(f[1]) || !isName(f[2])) return null;
      return { kind: "ping", sequence: f[0], from: f[1], to: f[2], claims };
    }
    case KINDS.ack:
    case KINDS.nack: {
      const claims = claimsOf(f[1]);
      if (f.length !== 2 || claims === null || !isSequence(f[0])) return null;
      const kind = code === KINDS.ack ? "ack" : "nack";
      return { kind, sequence: f[0], claims };
    }
    case KINDS.pingRequest: {
      const claims = claimsOf(f[4]);
      if (f.length !== 5 || claims === null) return null;
      if (!isSequence(f[0]) || !isName(f[1])) return null;
      if (!isText(f[2], 1, HOST_BYTES_MAX) || !isPort(f[3])) return null;
      const address = { host: f[2], port: f[3] };
      return { kind: "pingRequest", sequence: f[0], to: f[1], address, claims };
    }
    case KINDS.gossip:
    case KINDS.push: {
      const claims = claimsOf(f[0]);
      if (f.length !== 1 || claims === null) return null;
      return { kind: code === KINDS.gossip ? "gossip" : "push", claims };
    }
    case KINDS.streamPing:
      return f.length === 0 ? { kind: "streamPing" } : null;
    case KINDS.streamPong:
      if (f.length !== 2 || !isName(f[0]) || !isIncarnation(f[1])) return null;
      return { kind: "streamPong", name: f[0], incarnation: f[1] };
    case KINDS.digest: {
      const self = claimOf(f[0]);
      if (f.length !== 2 || self === null || !isDigest(f[1])) return null;
      return { kind: "digest", self, buckets: f[1] };
    }
    case KINDS.rows:
      return rowsOf(f);
    default:
      return null;
  }
}

function rowsOf(f: unknown[]): Message | null {
  const claims = claimsOf(f[0]);
  const [, more, bucketCount, differing] = f;
  if (f.length !== 4 || claims === null || typeof more !== "boolean") {
    return null;
  }
  if (!isInteger(bucketCount, 0, BUCKETS_MAX)) return null;
  if (!Array.isArray(differing) || differing.length > bucketCount) return null;
  if (!differing.every((bucket) => isInteger(bucket, 0, bucketCount - 1))) {
    return null;
  }
  return { kind: "rows", claims, more, bucketCount, differing };
}

function rowOf(claim: Claim): unknown[] {
  const row: unknown[] = [
    claim.name,
    claim.address.host,
    claim.address.port,
    claim.incarnation,
    STATES.indexOf(claim.state),
    claim.tag,
  ];
  // By far most rows are `alive`, where the member itself said so, and age means nothing.
  if (claim.state !== "alive") row.push(claim.by, claim.ageTicks);
  return row;
}

function claimsOf(rows: unknown): Claim[] | null {
  if (!Array.isArray(rows) || rows.length > LIMITS.swimMembers) return null;
  const claims: Claim[] = [];
  for (const row of rows) {
    const claim = claimOf(row);
    if (claim === null) return null;
    claims.push(claim);
  }
  return claims;
}

function claimOf(row: unknown): Claim | null {
  if (!Array.isArray(row)) return null;
  const [name, host, port, incarnation, code, tag] = row;
  if (!isName(name) || !isText(host, 1, HOST_BYTES_MAX)) return null;
  if (!isPort(port) || !isIncarnation(incarnation)) return null;
  if (!isInteger(code, 0, STATES.length - 1)) return null;
  if (!isText(tag, 0, LIMITS.swimTagBytes)) return null;
  const state = STATES[code]!;
  const [by, ageTicks] = state === "alive" ? [name, 0] : [row[6], row[7]];
  if (row.length !== (state === "alive" ? 6 : 8)) return null;
  if (!isName(by) || !isInteger(ageTicks, 0, SEQUENCE_MAX - 1)) return null;
  return {
    name,
    address: { host, port },
    incarnation,
    state,
    tag,
    by,
    ageTicks,
  };
}

function isInteger(value: unknown, low: number, high: number): value is number {
  return typeof value === "number" && Number.isInteger(value) &&
    value >= low && value <= high;
}

function isSequence(value: unknown): value is number {
  return isInteger(value, 0, SEQUENCE_MAX - 1);
}

function isIncarnation(value: unknown): value is number {
  return isInteger(value, 0, INCARNATION_MAX);
}

function isPort(value: unknown): value is number {
  return isInteger(value, 1, 65_535);
}

function isName(value: unknown): value is MemberName {
  return isText(value, 1, LIMITS.nameLength);
}

function isText(value: unknown, low: number, high: number): value is string {
  if (typeof value !== "string" || value.length < low) return false;
  return value.length <= high && utf8(value).length <= high;
}

function isDigest(value: unknown): value is number[] {
  return Array.isArray(value) && value.length >= 1 &&
    value.length <= BUCKETS_MAX &&
    value.every((bucket) => isInteger(bucket, 0, SEQUENCE_MAX - 1));
}

function textBytes(text: string): number {
  const length = utf8(text).length;
  return (length < 32 ? 1 : length < 256 ? 2 : 3) + length;
}

function numberBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 65_536) return 3;
  return value < 2 ** 32 ? 5 : 9;
}
