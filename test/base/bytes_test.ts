import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  AssertionFailure,
  concat,
  crc32c,
  decode,
  encode,
  equalBytes,
  fromHex,
  text,
  toHex,
  utf8,
  utf8Length,
  uuidBytes,
  uuidFrom,
} from "../../src/base/mod.ts";

Deno.test("hexadecimal goes there and back, and refuses what is none", () => {
  assertEquals(toHex(fromHex("00ff7A")), "00ff7a");
  assertThrows(() => fromHex("abc"), RangeError);
  assertThrows(() => fromHex("zz"), RangeError);
});

Deno.test("concat and equalBytes treat byte strings as values", () => {
  const whole = concat([utf8("ab"), new Uint8Array(), utf8("ç")]);
  assertEquals(text(whole), "abç");
  assertEquals(equalBytes(whole, utf8("abç")), true);
  assertEquals(equalBytes(whole, utf8("abd")), false);
  assertEquals(equalBytes(whole, utf8("ab")), false);
});

Deno.test("crc32c matches the vectors of RFC 3720 B.4 and continues", () => {
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(utf8("123456789")), 0xe3069283);
  assertEquals(crc32c(utf8("6789"), crc32c(utf8("12345"))), 0xe3069283);
});

Deno.test("msgpack keeps JSON-like values and byte strings", () => {
  const value = { a: [1, -5, 2 ** 40, 1.5], b: "ç", c: null, d: true };
  assertEquals(decode(encode(value)), value);
  const bytes = decode(encode({ raw: fromHex("0001ff") })) as {
    raw: Uint8Array;
  };
  assertEquals(toHex(bytes.raw), "0001ff");
  assertThrows(() => decode(encode(value).slice(0, 5)));
});

Deno.test("uuidFrom marks version 4 and goes back to its bytes", () => {
  const uuid = uuidFrom(new Uint8Array(16).fill(0xff));
  assertMatch(
    uuid,
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assertEquals(uuidFrom(uuidBytes(uuid)), uuid);
  assertThrows(() => uuidFrom(new Uint8Array(15)), AssertionFailure);
});

Deno.test("utf8Length counts what utf8 makes, pairs and halves of pairs included", () => {
  const texts = [
    "",
    "a",
    "ü",
    "€",
    "😀",
    "\ud83d",
    "\ude00",
    "\ud83dx",
    "\ud83d\ud83d\ude00",
  ];
  for (let at = 4090; at < 4100; at++) texts.push("x".repeat(at) + "😀€ü");
  for (const text of [...texts, texts.join(""), texts.toReversed().join("x")]) {
    assertEquals(utf8Length(text), utf8(text).length, JSON.stringify(text));
  }
});
