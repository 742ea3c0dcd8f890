/**
 * Fields as bytes: numbers, texts, counts of variable length. Reading never
 * throws: it fails once and for all, and every value has one encoding only.
 */

import { assert, equalBytes, text, utf8 } from "../base/mod.ts";

/** Longest text, in bytes. */
export const TEXT_BYTES_MAX = 255;

/** Counts are below 2^56: eight groups of seven bits. */
const COUNT_BYTES_MAX = 8;

/** Bytes that grow; one packer serves many messages, one after another. */
export class Packer {
  #bytes = new Uint8Array(2_048);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Forgets what was packed. */
  clear(): void {
    this.#length = 0;
  }

  /** A copy of what was packed since {@link Packer.clear}. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** 16 bits, big-endian. */
  short(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  /** 32 bits, big-endian. */
  word(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** A natural number below 2^53, seven bits a byte, the lowest first (LEB128). */
  count(value: number): void {
    this.#reserve(COUNT_BYTES_MAX);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = rest % 128 + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** At most 255 bytes of UTF-8, after their number. */
  text(value: string): void {
    const { length } = value;
    this.#reserve(1 + TEXT_BYTES_MAX);
    const start = this.#length + 1;
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at);
      if (code >= 0x80 || at >= TEXT_BYTES_MAX) return this.#utf8(value);
      this.#bytes[start + at] = code;
    }
    this.#bytes[this.#length] = length;
    this.#length = start + length;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #utf8(value: string): void {
    const bytes = utf8(value);
    assert(bytes.length <= TEXT_BYTES_MAX, "a text is short");
    this.byte(bytes.length);
    this.raw(bytes);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads fields in their order. After anything wrong `failed` stays true and the values mean nothing. */
export class Unpacker {
  failed = false;
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  /** How many bytes have not been read. */
  get rest(): number {
    return this.failed ? 0 : this.#bytes.length - this.#at;
  }

  /** Says that something read was wrong. */
  fail(): void {
    this.failed = true;
  }

  byte(): number {
    return this.#has(1) ? this.#bytes[this.#at++]! : 0;
  }

  short(): number {
    return this.byte() * 256 + this.byte();
  }

  word(): number {
    return this.short() * 65_536 + this.short();
  }

  /** Fails above `max`, and when it could have been shorter. */
  count(max: number): number {
    let value = 0;
    let scale = 1;
    for (let place = 0; place < COUNT_BYTES_MAX; place++) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > max || (byte === 0 && place > 0)) this.fail();
        return value;
      }
      scale *= 128;
    }
    this.fail();
    return 0;
  }

  /** Fails when it is shorter or longer in bytes than allowed, or no UTF-8. */
  text(min: number, max: number): string {
    const length = this.byte();
    if (length < min || length > max) this.fail();
    if (!this.#has(length)) return "";
    const start = this.#at;
    this.#at += length;
    return internedAscii(this.#bytes, start, length) ??
      this.#utf8(start, length);
  }

  #utf8(start: number, length: number): string {
    const bytes = this.#bytes.subarray(start, start + length);
    const value = text(bytes);
    // Malformed bytes were replaced: what was read could not be passed on as it came.
    if (!equalBytes(utf8(value), bytes)) this.fail();
    return value;
  }

  #has(length: number): boolean {
    if (this.failed || this.#at + length > this.#bytes.length) {
      this.failed = true;
      return false;
    }
    return true;
  }
}

/**
 * The same few thousand names and hosts come over and over: each is made a
 * string once. Every text has one slot; another that falls there takes it.
 */
const SLOTS = 16_384;
const interned = new Array<string | undefined>(SLOTS).fill(undefined);

function internedAscii(
  bytes: Uint8Array,
  start: number,
  length: number,
): string | null {
  let hash = length;
  for (let at = start; at < start + length; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x80) return null;
    hash = Math.imul(hash, 31) + byte;
  }
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = interned[slot];
  if (known !== undefined && isText(known, bytes, start, length)) return known;
  const made = String.fromCharCode(...bytes.subarray(start, start + length));
  interned[slot] = made;
  return made;
}

function isText(
  known: string,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  if (known.length !== length) return false;
  for (let at = 0; at < length; at++) {
    if (known.charCodeAt(at) !== bytes[start + at]) return false;
  }
  return true;
}
