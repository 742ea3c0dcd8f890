import { assertEquals } from "@std/assert";
import { BoundedQueue, Heap, Prng } from "../../src/base/mod.ts";

Deno.test("Heap gives back what it was given in order", () => {
  const prng = new Prng(5);
  for (let round = 0; round < 50; round++) {
    const heap = new Heap<number>((a, b) => a < b);
    const values = Array.from(
      { length: prng.below(40) },
      () => prng.below(20),
    );
    for (const value of values) heap.push(value);
    assertEquals(
      heap.peek(),
      values.length === 0 ? undefined : Math.min(...values),
    );
    const taken: number[] = [];
    while (heap.size > 0) taken.push(heap.pop()!);
    assertEquals(taken, values.toSorted((a, b) => a - b));
    assertEquals(heap.pop(), undefined);
  }
});

Deno.test("BoundedQueue refuses what exceeds its limit and keeps order", () => {
  const queue = new BoundedQueue<number>(3);
  assertEquals([1, 2, 3, 4].map((item) => queue.offer(item)), [
    true,
    true,
    true,
    false,
  ]);
  assertEquals(queue.take(), 1);
  assertEquals(queue.offer(5), true);
  assertEquals(queue.drain(), [2, 3, 5]);
  assertEquals(queue.size, 0);
  assertEquals(queue.take(), undefined);
});

Deno.test("BoundedQueue stays in order over many turns", () => {
  const queue = new BoundedQueue<number>(200);
  let next = 0;
  let expected = 0;
  for (let turn = 0; turn < 500; turn++) {
    for (let at = 0; at < 3 && queue.offer(next); at++) next++;
    for (let at = 0; at < 2; at++) assertEquals(queue.take(), expected++);
  }
});
