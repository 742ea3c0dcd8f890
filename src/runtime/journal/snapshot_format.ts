/**
 * How a snapshot looks as a file: a mark, then frames back to back. The first
 * frame says what the snapshot is of, the last one that it is whole; between
 * them stand the parts of `cluster/snapshot_codec.ts`. Nothing in it depends
 * on the monitor that made it: the same state at the same place in the log
 * gives the same bytes, so that a transfer can go on with another sender.
 *
 * mark    magic 8
 * frame   length u32 | number u32, from 0 | CRC32C u32 of the payload |
 *         CRC32C u32 of all before | payload
 * first   0, then MessagePack of [version, index, term, configuration]
 * last    255, then the number of frames before it u32
 */

import {
  concat,
  crc32c,
  decode,
  encode,
  equalBytes,
  utf8,
} from "../../base/mod.ts";
import { SNAPSHOT_PART_BYTES_MAX } from "../../cluster/mod.ts";
import {
  type Configuration,
  decodeConfiguration,
  encodeConfiguration,
  type Snapshot,
} from "../../raft/mod.ts";
import { viewOf } from "./batch_codec.ts";

/** The format that this version writes. */
export const SNAPSHOT_FILE_VERSION = 1;

/** What a frame has before its payload. */
export const FRAME_HEAD_BYTES = 16;

/** What a file begins with. */
export const SNAPSHOT_MAGIC: Uint8Array = utf8("gmonsnap");

const ABOUT_TAG = 0;
const END_TAG = 255;

/** What a snapshot is of. */
export type SnapshotHead = Pick<Snapshot, "index" | "term" | "configuration">;

/** What a frame's payload turned out to be. */
export type Payload =
  | { readonly kind: "about"; readonly head: SnapshotHead }
  | { readonly kind: "unknownVersion"; readonly version: number }
  | { readonly kind: "part"; readonly part: Uint8Array }
  | { readonly kind: "end"; readonly frames: number }
  | { readonly kind: "malformed" };

/** One frame. */
export function encodeFrame(number: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  const view = viewOf(frame);
  view.setUint32(0, payload.length);
  view.setUint32(4, number);
  view.setUint32(8, crc32c(payload));
  view.setUint32(12, crc32c(frame.subarray(0, 12)));
  frame.set(payload, FRAME_HEAD_BYTES);
  return frame;
}

/** The payload of the first frame. */
export function aboutPayload(head: SnapshotHead): Uint8Array {
  const { index, term, configuration } = head;
  const fields = [
    SNAPSHOT_FILE_VERSION,
    index,
    term,
    encodeConfiguration(configuration),
  ];
  return concat([new Uint8Array([ABOUT_TAG]), encode(fields)]);
}

/** The payload of the last frame, which follows on so many. */
export function endPayload(frames: number): Uint8Array {
  const payload = new Uint8Array(5);
  payload[0] = END_TAG;
  viewOf(payload).setUint32(1, frames);
  return payload;
}

/** The length of the payload that a frame's head announces; null when the head is not right. */
export function payloadLength(head: Uint8Array, number: number): number | null {
  const view = viewOf(head);
  const length = view.getUint32(0);
  const valid = view.getUint32(12) === crc32c(head.subarray(0, 12)) &&
    view.getUint32(4) === number && length > 0 &&
    length <= SNAPSHOT_PART_BYTES_MAX;
  return valid ? length : null;
}

/** True when the payload is the one that the frame's head tells of. */
export function isIntact(head: Uint8Array, payload: Uint8Array): boolean {
  return viewOf(head).getUint32(8) === crc32c(payload);
}

/** True for what a file must begin with. */
export function isMagic(bytes: Uint8Array): boolean {
  return equalBytes(bytes, SNAPSHOT_MAGIC);
}

/** What an intact payload says. */
export function readPayload(payload: Uint8Array): Payload {
  switch (payload[0]) {
    case ABOUT_TAG:
      return readAbout(payload.subarray(1));
    case END_TAG:
      return payload.length === 5
        ? { kind: "end", frames: viewOf(payload).getUint32(1) }
        : { kind: "malformed" };
    default:
      return { kind: "part", part: payload };
  }
}

function readAbout(bytes: Uint8Array): Payload {
  let fields: unknown;
  try {
    fields = decode(bytes);
  } catch {
    return { kind: "malformed" };
  }
  if (!Array.isArray(fields)) return { kind: "malformed" };
  const [version, index, term, encoded] = fields;
  if (!isCount(version)) return { kind: "malformed" };
  if (version !== SNAPSHOT_FILE_VERSION) {
    return { kind: "unknownVersion", version };
  }
  const configuration: Configuration | null = encoded instanceof Uint8Array
    ? decodeConfiguration(encoded)
    : null;
  if (!isCount(index) || !isCount(term) || configuration === null) {
    return { kind: "malformed" };
  }
  return { kind: "about", head: { index, term, configuration } };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
