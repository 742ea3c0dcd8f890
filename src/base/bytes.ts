/** Byte strings: joining, comparing, hexadecimal, UTF-8. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Never read. */
const scratch = new Uint8Array(4096);

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** How many bytes {@link utf8} gives, without keeping them; half a surrogate pair counts three, as U+FFFD does. */
export function utf8Length(text: string): number {
  let length = 0;
  // The encoder counts several times faster than a loop over the units does.
  for (let rest = text; rest !== "";) {
    const { read, written } = encoder.encodeInto(rest, scratch);
    length += written;
    rest = rest.slice(read);
  }
  return length;
}

/** The text of UTF-8 bytes; malformed sequences become U+FFFD. */
export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** One byte string out of many. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** True when both have the same length and content. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/** The bytes of a hexadecimal text of even length; throws RangeError otherwise. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) {
    throw new RangeError("not hexadecimal");
  }
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}
