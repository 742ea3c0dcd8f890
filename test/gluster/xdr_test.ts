import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, toHex } from "../../src/base/mod.ts";
import { XdrError, XdrReader, XdrWriter } from "../../src/gluster/mod.ts";

Deno.test("XdrWriter and XdrReader agree on every type", () => {
  const bytes = new XdrWriter()
    .uint32(0xffffffff).int32(-2).uint64(2n ** 64n - 1n)
    .string("").string("a").string("abcd").opaque(Uint8Array.of(1, 2, 3))
    .fixed(Uint8Array.of(9)).bytes();
  assertEquals(
    toHex(bytes),
    "fffffffffffffffeffffffffffffffff" +
      "00000000" + "0000000161000000" + "0000000461626364" +
      "0000000301020300" + "09",
  );
  const reader = new XdrReader(bytes);
  assertEquals(reader.uint32(), 0xffffffff);
  assertEquals(reader.int32(), -2);
  assertEquals(reader.uint64(), 2n ** 64n - 1n);
  assertEquals(reader.string(), "");
  assertEquals(reader.string(), "a");
  assertEquals(reader.string(), "abcd");
  assertEquals([...reader.opaque()], [1, 2, 3]);
  assertEquals([...reader.rest()], [9]);
  assertEquals(reader.remaining, 0);
});

Deno.test("XdrReader refuses what is not there", () => {
  assertThrows(() => reader("000000").uint32(), XdrError);
  assertThrows(() => reader("00000000000000").uint64(), XdrError);
  assertThrows(() => reader("ffffffff").opaque(), XdrError);
  assertThrows(() => reader("0000000461").string(), XdrError);
  // The padding belongs to the value.
  assertThrows(() => reader("0000000161").string(), XdrError);
});

Deno.test("XdrReader's limit counts the bytes of the value, without padding", () => {
  assertEquals(reader("0000000361626300").string(3), "abc");
  assertThrows(() => reader("0000000361626300").string(2), XdrError);
});

function reader(hex: string): XdrReader {
  return new XdrReader(fromHex(hex));
}
