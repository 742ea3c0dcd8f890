/**
 * GlusterFS's dictionary (dict_t) as it travels: an unaligned list of keys and
 * values (WIRE.md C). Values are byte strings; texts and numbers among them
 * end in a NUL that receivers rely on.
 */

import { concat, text, utf8 } from "../base/mod.ts";
import { XdrError, XdrReader } from "./xdr.ts";

/** Keys to raw values, in the order of the wire. */
export type Dictionary = ReadonlyMap<string, Uint8Array>;

/** A dictionary of texts; numbers become decimal texts, as GlusterFS sends them. */
export function dictionaryOf(
  entries: Readonly<Record<string, string | number>>,
): Dictionary {
  return new Map(
    Object.entries(entries).map(([key, value]) => [key, utf8(`${value}\0`)]),
  );
}

/** The text under a key (up to its first NUL), or null. */
export function dictionaryText(
  dictionary: Dictionary,
  key: string,
): string | null {
  const value = dictionary.get(key);
  if (value === undefined) return null;
  const end = value.indexOf(0);
  return text(end < 0 ? value : value.subarray(0, end));
}

/** The decimal number under a key, or null when there is none or it is no integer. */
export function dictionaryInteger(
  dictionary: Dictionary,
  key: string,
): number | null {
  const value = dictionaryText(dictionary, key);
  if (value === null || !/^-?[0-9]{1,15}$/.test(value)) return null;
  return Number(value);
}

/** The wire form; `null` (no dictionary at all) is zero bytes, an empty one is a count of 0. */
export function encodeDictionary(dictionary: Dictionary | null): Uint8Array {
  if (dictionary === null) return new Uint8Array(0);
  const parts = [integer(dictionary.size)];
  for (const [key, value] of dictionary) {
    const name = utf8(key);
    parts.push(
      integer(name.length),
      integer(value.length),
      name,
      NUL,
      value,
    );
  }
  return concat(parts);
}

/**
 * The dictionary in these bytes, `null` for zero bytes. A key that comes twice
 * keeps its last value. Throws {@link XdrError}, also for bytes left over:
 * GlusterFS rejects the whole message when any length is out of bounds.
 */
export function decodeDictionary(bytes: Uint8Array): Dictionary | null {
  if (bytes.length === 0) return null;
  const reader = new XdrReader(bytes);
  const count = reader.int32();
  if (count < 0 || count > reader.remaining / ENTRY_BYTES_MIN) {
    throw new XdrError(`a dictionary of ${count} entries does not fit`);
  }
  const dictionary = new Map<string, Uint8Array>();
  for (let entry = 0; entry < count; entry++) {
    const keyLength = reader.int32();
    const valueLength = reader.int32();
    if (keyLength < 0 || valueLength < 0) {
      throw new XdrError("a dictionary entry of negative length");
    }
    const key = text(reader.fixed(keyLength));
    if (reader.fixed(1)[0] !== 0) {
      throw new XdrError("a dictionary key that does not end where it says");
    }
    dictionary.set(key, reader.fixed(valueLength));
  }
  if (reader.remaining > 0) {
    throw new XdrError(`${reader.remaining} bytes behind the dictionary`);
  }
  return dictionary;
}

/** Two lengths and the key's NUL. */
const ENTRY_BYTES_MIN = 9;
const NUL = new Uint8Array(1);

function integer(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}
