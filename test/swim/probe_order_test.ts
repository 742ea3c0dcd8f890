import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import { ProbeOrder } from "../../src/swim/probe_order.ts";

function orderOf(count: number, seed: number): ProbeOrder {
  const order = new ProbeOrder(new Prng(seed));
  for (let index = 0; index < count; index++) order.add(`w${index}`);
  return order;
}

Deno.test("ProbeOrder visits everybody once a round, in an order that changes", () => {
  const order = orderOf(20, 1);
  const round = (): (string | null)[] =>
    Array.from({ length: 20 }, () => order.next(() => true));
  const first = round();
  const second = round();
  assertEquals(new Set(first).size, 20);
  assertEquals(new Set(second).size, 20);
  assert(first.join() !== second.join(), "each round is shuffled anew");
});

Deno.test("ProbeOrder lets nobody wait longer than two rounds, newcomers included", () => {
  for (let seed = 0; seed < 50; seed++) {
    const order = orderOf(10, seed);
    for (let step = 0; step < seed % 10; step++) order.next(() => true);
    order.add("new");
    const waited = Array.from({ length: 22 }, () => order.next(() => true));
    assert(waited.includes("new"));
  }
});

Deno.test("ProbeOrder passes over the departed and takes them back once", () => {
  const order = orderOf(3, 1);
  const wanted = (name: string): boolean => name !== "w1";
  for (let step = 0; step < 10; step++) assert(order.next(wanted) !== "w1");
  order.add("w1");
  order.add("w1");
  const round = Array.from({ length: 9 }, () => order.next(() => true));
  assertEquals(round.filter((name) => name === "w1").length, 3);
});

Deno.test("ProbeOrder answers null when there is nobody", () => {
  assertEquals(new ProbeOrder(new Prng(1)).next(() => true), null);
  assertEquals(orderOf(3, 1).next(() => false), null);
});
