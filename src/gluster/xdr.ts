/**
 * XDR (RFC 4506) as far as GlusterFS uses it: big-endian integers and counted
 * byte strings padded to four bytes. The reader works on bytes from strangers:
 * it checks every length against what is really there before it takes it.
 */

import { concat, text, utf8 } from "../base/mod.ts";

/** The bytes are not what the protocol promises: bad input, never a bug of ours. */
export class XdrError extends Error {
  override readonly name = "XdrError";
}

/** Takes values off the front of a byte string; throws {@link XdrError} when they are not there. */
export class XdrReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(
      bytes.buffer,
      bytes.byteOffset,
      bytes.byteLength,
    );
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** An unsigned 32-bit integer. */
  uint32(): number {
    this.#need(4);
    const value = this.#view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  /** A signed 32-bit integer. */
  int32(): number {
    return this.uint32() | 0;
  }

  /** An unsigned 64-bit integer. */
  uint64(): bigint {
    this.#need(8);
    const value = this.#view.getBigUint64(this.#at);
    this.#at += 8;
    return value;
  }

  /** A counted byte string of at most `limitBytes`, its padding skipped. */
  opaque(limitBytes = this.remaining): Uint8Array {
    const length = this.uint32();
    if (length > limitBytes) {
      throw new XdrError(`${length} bytes where ${limitBytes} are the limit`);
    }
    const bytes = this.fixed(length);
    this.fixed(paddingOf(length));
    return bytes;
  }

  /** A counted text of at most `limitBytes`. */
  string(limitBytes = this.remaining): string {
    return text(this.opaque(limitBytes));
  }

  /** Exactly `length` bytes, without a count and without padding. */
  fixed(length: number): Uint8Array {
    this.#need(length);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.fixed(this.remaining);
  }

  #need(length: number): void {
    if (length > this.remaining) {
      throw new XdrError(
        `${length} bytes wanted where ${this.remaining} are left`,
      );
    }
  }
}

/** Puts values behind one another; every method answers the writer, for chaining. */
export class XdrWriter {
  readonly #parts: Uint8Array[] = [];

  /** A 32-bit integer, signed or not. */
  uint32(value: number): this {
    const part = new Uint8Array(4);
    new DataView(part.buffer).setUint32(0, value >>> 0);
    this.#parts.push(part);
    return this;
  }

  /** A signed 32-bit integer. */
  int32(value: number): this {
    return this.uint32(value);
  }

  /** An unsigned 64-bit integer. */
  uint64(value: bigint): this {
    const part = new Uint8Array(8);
    new DataView(part.buffer).setBigUint64(0, value);
    this.#parts.push(part);
    return this;
  }

  /** A counted byte string with its padding. */
  opaque(bytes: Uint8Array): this {
    this.uint32(bytes.length);
    this.#parts.push(bytes, new Uint8Array(paddingOf(bytes.length)));
    return this;
  }

  /** A counted text. */
  string(value: string): this {
    return this.opaque(utf8(value));
  }

  /** Bytes as they are, without count or padding. */
  fixed(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  /** Everything written so far. */
  bytes(): Uint8Array {
    return concat(this.#parts);
  }
}

function paddingOf(length: number): number {
  return (4 - (length % 4)) % 4;
}
