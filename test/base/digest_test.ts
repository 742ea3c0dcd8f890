import { assertEquals, assertNotEquals } from "@std/assert";
import { digestOf, utf8 } from "../../src/base/mod.ts";

Deno.test("digestOf is the same for the same parts, and known", () => {
  const parts = [utf8("PUT"), utf8("/v1/config/a"), utf8("{}")];
  assertEquals(digestOf(parts), digestOf(parts.map((part) => part.slice())));
  // FNV-1a of nothing is its offset basis, CRC32C of nothing is 0.
  assertEquals(digestOf([]), "0-00000000811c9dc5");
});

Deno.test("digestOf tells apart content, order and boundaries", () => {
  const digests = [
    ["ab", "c"],
    ["a", "bc"],
    ["abc"],
    ["c", "ab"],
    ["abd"],
    ["abc", ""],
  ].map((parts) => digestOf(parts.map(utf8)));
  assertEquals(new Set(digests).size, digests.length);
  assertNotEquals(digestOf([utf8("")]), digestOf([]));
});
