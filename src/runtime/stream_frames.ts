/**
 * Frames among monitors: a length of four bytes (big-endian) and that many
 * bytes. The first frame in each direction is a greeting.
 */

import { concat, decode, encode } from "../base/mod.ts";
import type { StreamConnection } from "../platform/mod.ts";

/** Version of what monitors say to one another, Raft's own messages aside. */
export const RAFT_PROTOCOL = 1;

/** No greeting is longer. */
export const GREETING_BYTES = 4096;

const LENGTH_BYTES = 4;

/** Who calls whom; the first frame of the caller. */
export interface Hello {
  readonly protocol: number;
  /** Null before the caller knows its cluster. */
  readonly clusterId: string | null;
  readonly from: string;
  readonly to: string;
}

/** The answer to a {@link Hello}; the first frame of the called. */
export interface Welcome {
  readonly protocol: number;
  readonly clusterId: string | null;
  readonly name: string;
  /** Why the call is refused, or null. */
  readonly refusal: Refusal | null;
}

/** Why two monitors do not talk. */
export type Refusal =
  | "protocol"
  | "cluster"
  | "unknown-name"
  | "wrong-address";

/** The bytes of one frame. */
export function frame(payload: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, payload.length);
  return concat([length, payload]);
}

/** The frame of a greeting. */
export function greet(greeting: Hello | Welcome): Uint8Array {
  return frame(encode(greeting));
}

/** The caller's greeting, or null when it is none. */
export function readHello(payload: Uint8Array): Hello | null {
  const fields = readFields(payload);
  if (fields === null) return null;
  const { protocol, clusterId, from, to } = fields;
  const isKnown = typeof protocol === "number" && isTextOrNull(clusterId) &&
    typeof from === "string" && typeof to === "string";
  return isKnown ? { protocol, clusterId, from, to } : null;
}

/** The called one's greeting, or null when it is none. */
export function readWelcome(payload: Uint8Array): Welcome | null {
  const fields = readFields(payload);
  if (fields === null) return null;
  const { protocol, clusterId, name, refusal } = fields;
  const isKnown = typeof protocol === "number" && isTextOrNull(clusterId) &&
    typeof name === "string" && isTextOrNull(refusal);
  if (!isKnown) return null;
  return { protocol, clusterId, name, refusal: refusal as Refusal | null };
}

/** Cuts a connection's bytes into frames. */
export class FrameReader {
  readonly #connection: StreamConnection;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(connection: StreamConnection) {
    this.#connection = connection;
  }

  /**
   * The payload of the next frame in bytes of its own, or null at the end of
   * the connection and for a frame longer than `bytesMax`.
   */
  async next(bytesMax: number): Promise<Uint8Array | null> {
    const head = await this.#take(LENGTH_BYTES);
    if (head === null) return null;
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
    return length > bytesMax ? null : await this.#take(length);
  }

  async #take(length: number): Promise<Uint8Array | null> {
    while (this.#length < length) {
      const chunk = await this.#connection.read();
      if (chunk === null) return null;
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    }
    const first = this.#chunks[0];
    // Mostly one chunk holds it all; joining them each time would copy twice.
    const joined = first !== undefined && first.length >= length
      ? first
      : concat(this.#chunks.splice(0));
    this.#chunks[0] = joined.subarray(length);
    this.#length -= length;
    return joined.slice(0, length);
  }
}

function readFields(payload: Uint8Array): Record<string, unknown> | null {
  try {
    const fields = decode(payload);
    const isMap = typeof fields === "object" && fields !== null;
    return isMap ? fields as Record<string, unknown> : null;
  } catch {
    return null;
  }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
