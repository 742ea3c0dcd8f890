import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import { ProbeOrder } from "../../src/swim/probe_order.ts";

function orderOf(
  count: number,
  seed: number,
  wanted: (name: string) => boolean = () => true,
): ProbeOrder {
  const order = new ProbeOrder(new Prng(seed), 100, wanted);
  for (let index = 0; index < count; index++) order.add(`w${index}`);
  return order;
}

Deno.test("ProbeOrder visits everybody once a round, in an order that changes", () => {
  const order = orderOf(20, 1);
  const round = (): (string | null)[] =>
    Array.from({ length: 20 }, () => order.next());
  const first = round();
  const second = round();
  assertEquals(new Set(first).size, 20);
  assertEquals(new Set(second).size, 20);
  assert(first.join() !== second.join(), "each round is shuffled anew");
});

Deno.test("ProbeOrder lets nobody wait longer than two rounds, newcomers included", () => {
  for (let seed = 0; seed < 50; seed++) {
    const order = orderOf(10, seed);
    for (let step = 0; step < seed % 10; step++) order.next();
    order.add("new");
    const waited = Array.from({ length: 22 }, () => order.next());
    assert(waited.includes("new"));
  }
});

Deno.test("ProbeOrder passes over the departed and takes them back once", () => {
  let away = true;
  const order = orderOf(3, 1, (name) => name !== "w1" || !away);
  for (let step = 0; step < 10; step++) assert(order.next() !== "w1");
  away = false;
  order.add("w1");
  order.add("w1");
  const round = Array.from({ length: 9 }, () => order.next());
  assertEquals(round.filter((name) => name === "w1").length, 3);
});

Deno.test("ProbeOrder answers null when there is nobody", () => {
  assertEquals(orderOf(0, 1).next(), null);
  assertEquals(orderOf(3, 1, () => false).next(), null);
});

Deno.test("ProbeOrder is bounded, however many come and go within a round", () => {
  let present = "";
  const order = orderOf(0, 1, (name) => name === present);
  for (let index = 0; index < 10_000; index++) {
    present = `w${index}`;
    order.add(present);
    assert(order.size <= 202);
  }
  assertEquals(order.next(), present);
});
