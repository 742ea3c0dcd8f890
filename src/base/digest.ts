/**
 * A short digest that tells two requests apart: 64 bits out of CRC32C and
 * FNV-1a (Fowler, Noll, Vo), with the length. It guards against mistakes, not
 * against an adversary: never use it where someone gains from a collision.
 */

import { crc32c } from "./crc32c.ts";

/** The digest of the parts in order, as `LENGTH-16 hexadecimal digits`. */
export function digestOf(parts: readonly Uint8Array[]): string {
  let length = 0;
  let crc = 0;
  let fnv = 0x811c9dc5;
  for (const part of parts) {
    length += part.length + 1;
    crc = crc32c(part, crc);
    for (let at = 0; at < part.length; at++) {
      fnv = Math.imul(fnv ^ part[at]!, 0x01000193);
    }
    // A boundary counts, so that ("ab", "c") and ("a", "bc") differ.
    crc = crc32c(BOUNDARY, crc);
    fnv = Math.imul(fnv ^ 0xff, 0x01000193);
  }
  return `${length.toString(16)}-${word(crc)}${word(fnv >>> 0)}`;
}

/** The same kind of digest of bytes that come in pieces, however they are cut. */
export class RunningDigest {
  #bytes = 0;
  #crc = 0;
  #fnv = 0x811c9dc5;

  /** How many bytes were taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the next piece. */
  add(piece: Uint8Array): void {
    this.#bytes += piece.length;
    this.#crc = crc32c(piece, this.#crc);
    let fnv = this.#fnv;
    for (let at = 0; at < piece.length; at++) {
      fnv = Math.imul(fnv ^ piece[at]!, 0x01000193);
    }
    this.#fnv = fnv;
  }

  /** The digest of all pieces so far, as `LENGTH-16 hexadecimal digits`. */
  toString(): string {
    const length = this.#bytes.toString(16);
    return `${length}-${word(this.#crc)}${word(this.#fnv >>> 0)}`;
  }
}

const BOUNDARY = new Uint8Array([0xff]);

function word(value: number): string {
  return value.toString(16).padStart(8, "0");
}
