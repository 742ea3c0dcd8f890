/** Randomness by the operating system's generator. */

import type { Random } from "../ports.ts";

/** What one call of the generator may be asked for (Web Cryptography, `getRandomValues`). */
const CHUNK_BYTES = 65_536;

/** The operating system's generator. */
export class DenoRandom implements Random {
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += CHUNK_BYTES) {
      crypto.getRandomValues(bytes.subarray(at, at + CHUNK_BYTES));
    }
    return bytes;
  }
}
