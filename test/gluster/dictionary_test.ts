import { assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, toHex, utf8 } from "../../src/base/mod.ts";
import {
  decodeDictionary,
  dictionaryInteger,
  dictionaryOf,
  dictionaryText,
  encodeDictionary,
  XdrError,
} from "../../src/gluster/mod.ts";

Deno.test("encodeDictionary writes lengths, keys and values with their NULs", () => {
  assertEquals(
    toHex(encodeDictionary(dictionaryOf({ ab: "c", n: -1 }))),
    "00000002" +
      "0000000200000002" + "616200" + "6300" +
      "0000000100000003" + "6e00" + "2d3100",
  );
  assertEquals(toHex(encodeDictionary(dictionaryOf({}))), "00000000");
  assertEquals(toHex(encodeDictionary(null)), "");
});

Deno.test("decodeDictionary reads back what was written, in order", () => {
  const dictionary = new Map([
    ["z", utf8("last\0")],
    ["", new Uint8Array(0)],
    ["raw", Uint8Array.of(0, 255, 0)],
  ]);
  const read = decodeDictionary(encodeDictionary(dictionary))!;
  assertEquals([...read.keys()], ["z", "", "raw"]);
  assertEquals(
    toHex(encodeDictionary(read)),
    toHex(encodeDictionary(dictionary)),
  );
  assertEquals(decodeDictionary(new Uint8Array(0)), null);
});

Deno.test("decodeDictionary lets the last of equal keys win", () => {
  const twice = concat([
    fromHex("00000002"),
    ...["1", "2"].map((value) =>
      encodeDictionary(dictionaryOf({ k: value })).slice(4)
    ),
  ]);
  assertEquals(dictionaryText(decodeDictionary(twice)!, "k"), "2");
});

Deno.test("decodeDictionary rejects the whole for any wrong length", () => {
  const good = encodeDictionary(dictionaryOf({ key: "value" }));
  for (let length = 1; length < good.length; length++) {
    assertThrows(() => decodeDictionary(good.subarray(0, length)), XdrError);
  }
  assertThrows(() => decodeDictionary(concat([good, fromHex("00")])), XdrError);
  assertThrows(() => decodeDictionary(fromHex("ffffffff")), XdrError);
  // A count that could not fit must not cost more than a look.
  assertThrows(() => decodeDictionary(fromHex("7fffffff")), XdrError);
  const negative = "00000001" + "ffffffff" + "00000001" + "6100";
  assertThrows(() => decodeDictionary(fromHex(negative)), XdrError);
  const endless = "00000001" + "00000001" + "7fffffff" + "6100";
  assertThrows(() => decodeDictionary(fromHex(endless)), XdrError);
  const unended = "00000001" + "00000001" + "00000000" + "6162";
  assertThrows(() => decodeDictionary(fromHex(unended)), XdrError);
});

Deno.test("dictionaryText stops at the first NUL, and does without", () => {
  const dictionary = new Map([["a", utf8("x\0y")], ["b", utf8("x")]]);
  assertEquals(dictionaryText(dictionary, "a"), "x");
  assertEquals(dictionaryText(dictionary, "b"), "x");
  assertEquals(dictionaryText(dictionary, "c"), null);
});

Deno.test("dictionaryInteger takes decimal integers only", () => {
  const dictionary = dictionaryOf({
    a: 100000,
    b: "-7",
    c: "1.5",
    d: "",
    e: "0x1",
  });
  const read = ["a", "b", "c", "d", "e", "f"].map((key) =>
    dictionaryInteger(dictionary, key)
  );
  assertEquals(read, [100000, -7, null, null, null, null]);
});
