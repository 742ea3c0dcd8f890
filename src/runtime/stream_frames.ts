/**
 * Frames on a stream: a length of four bytes (big-endian) and that many bytes.
 */

import { concat } from "../base/mod.ts";
import type { StreamConnection } from "../platform/mod.ts";

const LENGTH_BYTES = 4;

/** The bytes of one frame. */
export function frame(payload: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, payload.length);
  return concat([length, payload]);
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
