import { assertEquals } from "@std/assert";
import { majorityOf, reachedByMajority } from "../../src/raft/quorum.ts";

Deno.test("majorityOf is more than half", () => {
  assertEquals([1, 2, 3, 4, 5, 6, 7].map(majorityOf), [1, 2, 2, 3, 3, 4, 4]);
});

Deno.test("reachedByMajority is the largest number that a majority has", () => {
  // deno-fmt-ignore
  const cases: [number[], number][] = [
    [[7],             7],
    [[7, 3],          3],
    [[9, 1, 5],       5],
    [[5, 5, 0],       5],
    [[0, 0, 9],       0],
    [[4, 3, 2, 1],    2],
    [[9, 0, 9, 0, 9], 9],
    [[1, 2, 3, 4, 5], 3],
    [[10, 9, 100, 9, 1, 0, 11], 9],
  ];
  for (const [reached, expected] of cases) {
    assertEquals(reachedByMajority([...reached]), expected);
  }
});
