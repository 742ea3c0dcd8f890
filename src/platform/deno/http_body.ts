/** The bodies of HTTP/1.1 requests: chunks put together (RFC 9112 §7.1). */

import { BadRequest } from "./http_head.ts";

/** A chunk's extensions, and the trailer as a whole, are passed over up to this. */
const LINE_BYTES_MAX = 4_096;

/** Puts chunks together as they come; what it has taken in need not be kept. */
export class ChunkedBody {
  readonly #limit: number;
  readonly #parts: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;
  #state: "size" | "data" | "dataEnd" | "trailer" | "ended" = "size";
  #left = 0;
  #trailerBytes = 0;

  /** Beyond `limit` bytes the body counts as ended, longer than that. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** True when it is longer than the limit; the rest of it has not been read. */
  get tooLong(): boolean {
    return this.#length > this.#limit;
  }

  /** Takes what it can of `bytes`; answers how many that were. Throws {@link BadRequest}. */
  take(bytes: Uint8Array): number {
    let at = 0;
    while (!this.ended && !this.tooLong) {
      const taken = this.#state === "data"
        ? this.#takeData(bytes, at)
        : this.#takeLine(bytes, at);
      if (taken === 0) break;
      at += taken;
    }
    return at;
  }

  /** What came, in bytes of its own. */
  bytes(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #takeData(bytes: Uint8Array, from: number): number {
    // A copy: `slice` of Node's buffers is a view of what is read over next.
    const part = new Uint8Array(bytes.subarray(from, from + this.#left));
    if (part.length === 0) return 0;
    this.#parts.push(part);
    this.#length += part.length;
    this.#left -= part.length;
    if (this.#left === 0) this.#state = "dataEnd";
    return part.length;
  }

  #takeLine(bytes: Uint8Array, from: number): number {
    const feed = bytes.indexOf(0x0a, from);
    if (feed === -1) {
      if (bytes.length - from <= LINE_BYTES_MAX) return 0;
      throw new BadRequest(400, "a line among the chunks is too long");
    }
    if (feed === from || bytes[feed - 1] !== 0x0d) {
      throw new BadRequest(400, "a line among the chunks has no end");
    }
    this.#endLine(bytes.subarray(from, feed - 1));
    return feed + 1 - from;
  }

  #endLine(line: Uint8Array): void {
    if (this.#state === "size") {
      const text = String.fromCharCode(...line.subarray(0, 32));
      const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;|$)/.exec(text)?.[1];
      if (size === undefined) {
        throw new BadRequest(400, "the size of a chunk is no number");
      }
      this.#left = parseInt(size, 16);
      this.#state = this.#left === 0 ? "trailer" : "data";
    } else if (this.#state === "dataEnd") {
      if (line.length > 0) {
        throw new BadRequest(400, "a chunk is longer than it said");
      }
      this.#state = "size";
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > LINE_BYTES_MAX) {
        throw new BadRequest(400, "the trailer is too long");
      }
      if (line.length === 0) this.#state = "ended";
    }
  }
}
