import { assertEquals, assertThrows } from "@std/assert";
import {
  alternate,
  isMet,
  median,
  renderMarkdown,
  renderRows,
  rowOf,
} from "../../tools/bench/measure.ts";

Deno.test("median takes the middle of an odd and the mean of an even number", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
  assertThrows(() => median([]), RangeError);
});

Deno.test("isMet includes the bound on both sides", () => {
  assertEquals(isMet(0.5, { kind: "atMost", ratio: 0.5 }), true);
  assertEquals(isMet(0.51, { kind: "atMost", ratio: 0.5 }), false);
  assertEquals(isMet(4, { kind: "atLeast", ratio: 4 }), true);
  assertEquals(isMet(3.9, { kind: "atLeast", ratio: 4 }), false);
});

Deno.test("alternate reverses the order every other round", async () => {
  const order: string[] = [];
  const contender = (name: string) => (): Promise<number> => {
    order.push(name);
    return Promise.resolve(order.length);
  };
  const values = await alternate(3, [contender("a"), contender("b")]);
  assertEquals(order, ["a", "b", "b", "a", "a", "b"]);
  assertEquals(values, [[1, 4, 5], [2, 3, 6]]);
});

Deno.test("rowOf judges only where there is a peer and a budget", () => {
  const row = rowOf({
    what: "list",
    unit: "ms",
    ours: [10, 30, 20],
    peer: { name: "gluster", values: [40] },
    budget: { kind: "atMost", ratio: 0.4 },
  });
  assertEquals(row.ratio, 0.5);
  assertEquals(row.met, false);
  assertEquals(renderRows([row]).includes("MISSED"), true);
  const alone = rowOf({
    what: "list",
    unit: "ms",
    ours: [1],
    peer: null,
    budget: { kind: "atMost", ratio: 1 },
  });
  assertEquals(alone.met, null);
});

Deno.test("rowOf judges a bound of gmon's own without a peer", () => {
  const row = rowOf({
    what: "failover",
    unit: "s",
    ours: [1.6],
    peer: null,
    budget: { kind: "below", value: 1.5 },
  });
  assertEquals(row.met, false);
  assertEquals(
    renderMarkdown([row]).split("\n")[2],
    "| failover | s | 1.60 | - | - | - | ≤ 1.5 s | MISSED |",
  );
});
