/**
 * The one door to `msgpackr`: MessagePack for Raft frames, SWIM datagrams and
 * the journal. Plain maps only (no records), so that any reader can decode.
 */

import { Packr } from "msgpackr/pack";
import { Unpackr } from "msgpackr/unpack";

const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

/** The encoding of a JSON-like value that may also hold byte strings. */
export function encode(value: unknown): Uint8Array {
  // A copy: msgpackr answers a view into a buffer that it goes on using.
  return new Uint8Array(packr.pack(value));
}

/** The value of an encoding; throws on malformed or truncated input. */
export function decode(bytes: Uint8Array): unknown {
  return unpackr.unpack(bytes);
}
