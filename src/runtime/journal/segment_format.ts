/**
 * How a segment looks on disk, and what its bytes say about themselves.
 *
 * A segment is a header, records back to back, and zeros (room that is laid
 * out ahead). The header carries a random salt that goes into every checksum
 * of the segment, so that neither bytes of another segment nor a command that
 * someone composed can pass for a record.
 *
 * header  magic 8 | version u32 | sequence u64 | first record's number u64 |
 *         salt u32 | CRC32C u32 of all before
 * record  magic 4 | body length u32 | number u64 | CRC32C u32 of the body |
 *         CRC32C u32 of all before | mark 4 | body | mark 1
 *
 * The marks are not zero: an unfinished write shows as missing (zero) bytes
 * where a mark or a whole sector ought to be, and so differs from damage.
 */

import { assert, crc32c, equalBytes, utf8 } from "../../base/mod.ts";
import { getU64, putU64, viewOf } from "./batch_codec.ts";

/** The format that this version writes. */
export const SEGMENT_VERSION = 1;

/** Length of a segment's header. */
export const SEGMENT_HEADER_BYTES = 36;

/** Length of what a record adds to its body. */
export const RECORD_FRAME_BYTES = 29;

const RECORD_HEAD_BYTES = 28;
const SEGMENT_MAGIC = utf8("gmonlog\n");
const RECORD_MAGIC = new Uint8Array([0xf6, 0x67, 0x6d, 0xae]);
const HEAD_MARK = new Uint8Array([0xea, 0xd6, 0x76, 0x6f]);
const TAIL_MARK = 0xa5;

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/** What stands at the front of a segment. */
export interface SegmentHeader {
  readonly sequence: number;
  /** The number of the first record in it. */
  readonly firstNumber: number;
  readonly salt: number;
}

/** What was found where a header should stand. */
export type HeaderFound =
  | { readonly kind: "header"; readonly header: SegmentHeader }
  | { readonly kind: "unknownVersion"; readonly version: number }
  /** Its creation was cut short before any record could follow. */
  | { readonly kind: "unfinished" }
  | { readonly kind: "damaged" };

/** What was found where a record should stand. */
export type RecordFound =
  | {
    readonly kind: "record";
    readonly number: number;
    readonly body: Uint8Array;
    readonly end: number;
  }
  /** Zeros, or nothing, to the end of the segment. */
  | { readonly kind: "end" }
  /** Parts of the only write that was under way are missing. */
  | { readonly kind: "unfinished" }
  | { readonly kind: "damaged"; readonly why: string };

/** The bytes of a segment's header. */
export function encodeHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(SEGMENT_MAGIC, 0);
  view.setUint32(8, SEGMENT_VERSION);
  putU64(view, 12, header.sequence);
  putU64(view, 20, header.firstNumber);
  view.setUint32(28, header.salt);
  view.setUint32(32, crc32c(bytes.subarray(0, 32)));
  return bytes;
}

/** Reads the header at the front of a segment. */
export function findHeader(segment: Uint8Array): HeaderFound {
  const complete = segment.length >= SEGMENT_HEADER_BYTES;
  if (complete) {
    const view = viewOf(segment);
    const valid = equalBytes(segment.subarray(0, 8), SEGMENT_MAGIC) &&
      view.getUint32(32) === crc32c(segment.subarray(0, 32));
    if (valid) {
      const version = view.getUint32(8);
      if (version !== SEGMENT_VERSION) {
        return { kind: "unknownVersion", version };
      }
      return {
        kind: "header",
        header: {
          sequence: getU64(view, 12),
          firstNumber: getU64(view, 20),
          salt: view.getUint32(28),
        },
      };
    }
  }
  // A record follows a header only once that is durable: anything after it
  // means that it was there.
  const written = lengthWithoutZeros(segment);
  return { kind: written < SEGMENT_HEADER_BYTES ? "unfinished" : "damaged" };
}

/** Frames the body that stands in `record` from `RECORD_HEAD_BYTES` on. */
export function recordBuffer(bodyBytes: number): {
  readonly record: Uint8Array;
  readonly bodyOffset: number;
} {
  const record = new Uint8Array(bodyBytes + RECORD_FRAME_BYTES);
  return { record, bodyOffset: RECORD_HEAD_BYTES };
}

/** Fills in the frame of a record whose body stands in its place. */
export function sealRecord(
  record: Uint8Array,
  number: number,
  salt: number,
): void {
  const view = viewOf(record);
  const tail = record.length - 1;
  assert(tail >= RECORD_HEAD_BYTES, "a record has room for its frame");
  record.set(RECORD_MAGIC, 0);
  view.setUint32(4, tail - RECORD_HEAD_BYTES);
  putU64(view, 8, number);
  view.setUint32(16, crc32c(record.subarray(RECORD_HEAD_BYTES, tail), salt));
  view.setUint32(20, crc32c(record.subarray(0, 20), salt));
  record.set(HEAD_MARK, 24);
  record[tail] = TAIL_MARK;
}

/**
 * Reads what stands at `offset`. Only one record is ever written before the
 * next sync, so that at most the last one can be unfinished; everything else
 * that is wrong is damage.
 */
export function findRecord(
  segment: Uint8Array,
  offset: number,
  salt: number,
): RecordFound {
  const bodyEnd = trustedBodyEnd(segment, offset, salt);
  const found = bodyEnd === null
    ? null
    : intactRecord(segment, offset, bodyEnd, salt);
  if (found !== null) return found;

  const written = lengthWithoutZeros(segment);
  if (written <= offset) return { kind: "end" };
  if (bodyEnd === null) {
    const headEnd = offset + RECORD_HEAD_BYTES;
    if (!hasGap(segment, offset, headEnd)) {
      return { kind: "damaged", why: "the head of a record is wrong" };
    }
    return unfinishedUnlessFollowed(segment, offset, salt, null, written);
  }
  if (!hasGap(segment, offset + RECORD_HEAD_BYTES, bodyEnd + 1)) {
    return { kind: "damaged", why: "the checksum of a record is wrong" };
  }
  return unfinishedUnlessFollowed(segment, offset, salt, bodyEnd + 1, written);
}

function unfinishedUnlessFollowed(
  segment: Uint8Array,
  offset: number,
  salt: number,
  end: number | null,
  written: number,
): RecordFound {
  if (end !== null && written > end) {
    return { kind: "damaged", why: "bytes are missing before others" };
  }
  const later = laterRecord(segment, offset, salt, written);
  if (later !== null) {
    const why = `bytes are missing before an intact record at offset ${later}`;
    return { kind: "damaged", why };
  }
  return { kind: "unfinished" };
}

/** Where the body ends by a head that proves itself; null when it does not. */
function trustedBodyEnd(
  segment: Uint8Array,
  offset: number,
  salt: number,
): number | null {
  const bodyStart = offset + RECORD_HEAD_BYTES;
  if (bodyStart > segment.length) return null;
  const head = segment.subarray(offset, bodyStart);
  const view = viewOf(head);
  const valid = equalBytes(head.subarray(0, 4), RECORD_MAGIC) &&
    equalBytes(head.subarray(24), HEAD_MARK) &&
    view.getUint32(20) === crc32c(head.subarray(0, 20), salt);
  return valid ? bodyStart + view.getUint32(4) : null;
}

function intactRecord(
  segment: Uint8Array,
  offset: number,
  bodyEnd: number,
  salt: number,
): RecordFound & { kind: "record" } | null {
  if (bodyEnd >= segment.length || segment[bodyEnd] !== TAIL_MARK) return null;
  const body = segment.subarray(offset + RECORD_HEAD_BYTES, bodyEnd);
  const view = viewOf(segment);
  if (view.getUint32(offset + 16) !== crc32c(body, salt)) return null;
  const number = getU64(view, offset + 8);
  return { kind: "record", number, body, end: bodyEnd + 1 };
}

/** Where an intact record begins behind `offset`, if there is one. */
function laterRecord(
  segment: Uint8Array,
  offset: number,
  salt: number,
  written: number,
): number | null {
  for (let at = offset + 1; at < written; at++) {
    at = segment.indexOf(RECORD_MAGIC[0]!, at);
    if (at === -1) return null;
    const bodyEnd = trustedBodyEnd(segment, at, salt);
    if (bodyEnd === null) continue;
    if (intactRecord(segment, at, bodyEnd, salt) !== null) return at;
  }
  return null;
}

/**
 * True when bytes of a write are missing from `from` to `to`, which must end
 * in a mark: the file ends before, the mark is zero, or a whole sector is.
 */
function hasGap(segment: Uint8Array, from: number, to: number): boolean {
  if (to > segment.length || segment[to - 1] === 0) return true;
  let start = from;
  while (start < to) {
    const boundary = (Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES;
    const end = Math.min(boundary, to);
    if (segment.subarray(start, end).every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}

function lengthWithoutZeros(segment: Uint8Array): number {
  let length = segment.length;
  while (length > 0 && segment[length - 1] === 0) length--;
  return length;
}
