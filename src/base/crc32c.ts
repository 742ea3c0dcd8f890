/** CRC32C (Castagnoli, polynomial 0x1EDC6F41 reflected; RFC 3720 §12.1), eight bytes at a time. */

const [T0, T1, T2, T3, T4, T5, T6, T7] = makeTables();

/** The checksum of `bytes`, continuing from an earlier one if given. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 |
      bytes[at + 3]! << 24;
    crc = T7[crc & 0xff]! ^ T6[(crc >>> 8) & 0xff]! ^
      T5[(crc >>> 16) & 0xff]! ^ T4[crc >>> 24]! ^ T3[bytes[at + 4]!]! ^
      T2[bytes[at + 5]!]! ^ T1[bytes[at + 6]!]! ^ T0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) {
    crc = T0[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

type Table = Uint32Array;

/** `tables[n]` is the remainder of a byte that `n` zero bytes follow (Kounavis and Berry, "slicing by 8"). */
function makeTables(): [
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    first[byte] = crc;
  }
  const next = (table: Table): Table =>
    table.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!);
  const second = next(first);
  const third = next(second);
  const fourth = next(third);
  const fifth = next(fourth);
  const sixth = next(fifth);
  const seventh = next(sixth);
  return [
    first,
    second,
    third,
    fourth,
    fifth,
    sixth,
    seventh,
    next(seventh),
  ];
}
