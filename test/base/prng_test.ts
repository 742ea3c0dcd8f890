import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { AssertionFailure, Prng } from "../../src/base/mod.ts";

Deno.test("Prng gives equal streams for equal seeds, others for others", () => {
  const stream = (seed: number): number[] => {
    const prng = new Prng(seed);
    return Array.from({ length: 8 }, () => prng.next());
  };
  assertEquals(stream(7), stream(7));
  assertNotEquals(stream(7), stream(8));
  assertNotEquals(stream(1), stream(1 + 2 ** 32));
  assertNotEquals(stream(0), Array(8).fill(0));
});

Deno.test("Prng stays within its bounds and reaches both ends", () => {
  const prng = new Prng(1);
  const seen = new Set<number>();
  for (let at = 0; at < 1_000; at++) {
    seen.add(prng.between(3, 6));
    const float = prng.float();
    assertEquals(float >= 0 && float < 1, true);
  }
  assertEquals([...seen].sort(), [3, 4, 5, 6]);
  assertThrows(() => prng.below(0), AssertionFailure);
  assertThrows(() => prng.pick([]), AssertionFailure);
});

Deno.test("Prng.shuffle keeps every element and leaves its argument alone", () => {
  const list = [1, 2, 3, 4, 5, 6, 7, 8];
  const shuffled = new Prng(3).shuffle(list);
  assertEquals(list, [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(shuffled.toSorted((a, b) => a - b), list);
  assertNotEquals(shuffled, list);
});
