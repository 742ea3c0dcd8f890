/** Universally unique identifiers (RFC 9562, version 4) out of given randomness. */

import { assert } from "./assert.ts";
import { fromHex, toHex } from "./bytes.ts";

/** The version-4 identifier made of 16 random bytes. */
export function uuidFrom(random: Uint8Array): string {
  assert(random.length === 16, "a uuid is made of 16 bytes");
  const bytes = random.slice();
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** The 16 bytes of an identifier in its canonical text form. */
export function uuidBytes(uuid: string): Uint8Array {
  const bytes = fromHex(uuid.replaceAll("-", ""));
  assert(bytes.length === 16, "a uuid has 16 bytes");
  return bytes;
}
