import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import { Membership } from "../../src/swim/membership.ts";
import { claim } from "./fixture.ts";

function tableOf(count: number, limit = 1_000): Membership {
  const table = new Membership(limit);
  for (let index = 2; index < count + 2; index++) {
    table.put(claim(`w${index}`, "alive", 1), 0, true);
  }
  return table;
}

Deno.test("Membership counts the living and the failed as they change", () => {
  const table = tableOf(3);
  table.put(claim("w2", "failed", 1), 5, true);
  table.put(claim("w3", "suspect", 1), 5, true);
  table.put(claim("w4", "left", 1), 5, true);
  assertEquals([table.size, table.liveCount, table.failedCount], [3, 1, 1]);
  table.put(claim("w2", "alive", 2), 6, true);
  assertEquals([table.size, table.liveCount, table.failedCount], [3, 2, 0]);
});

Deno.test("Membership picks different living members, each as likely", () => {
  const table = tableOf(10);
  table.put(claim("w2", "failed", 1), 0, true);
  const prng = new Prng(1);
  const counts = new Map<string, number>();
  for (let round = 0; round < 3_000; round++) {
    const picked = table.pickLive(prng, 3);
    assertEquals(new Set(picked).size, 3);
    for (const { name } of picked) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  assertEquals(counts.size, 9);
  assertEquals(counts.get("w2"), undefined);
  for (const count of counts.values()) assert(Math.abs(count - 1_000) < 150);
});

Deno.test("Membership picks no more than there are, and none where there are none", () => {
  assertEquals(tableOf(2).pickLive(new Prng(1), 5).length, 2);
  assertEquals(tableOf(0).pickLive(new Prng(1), 5), []);
  assertEquals(tableOf(3).pickLive(new Prng(1), 5, () => false), []);
  assertEquals(tableOf(3).pickFailed(new Prng(1)), undefined);
});

Deno.test("Membership forgets tombstones after their time, by the age they came with", () => {
  const table = tableOf(3);
  table.put(claim("w2", "failed", 1), 100, true);
  table.put(claim("w3", "left", 1, { ageTicks: 40 }), 100, true);
  table.reap(149, 50, 100);
  assertEquals(table.size, 3);
  table.reap(160, 50, 100);
  assertEquals([table.size, table.get("w3")], [2, undefined]);
  table.reap(200, 50, 100);
  assertEquals([table.size, table.failedCount], [1, 0]);
});

Deno.test("Membership is bounded: the oldest tombstone gives way, the living do not", () => {
  const table = tableOf(3, 3);
  assertEquals(table.put(claim("w8", "alive", 1), 0, true), null);
  table.put(claim("w2", "failed", 1), 20, true);
  table.put(claim("w3", "left", 1), 10, true);
  assert(table.put(claim("w8", "alive", 1), 30, true) !== null);
  assertEquals(table.get("w3"), undefined);
  assertEquals(table.size, 3);
});

Deno.test("Membership's digest is that of its rows, whatever way they came about", () => {
  const prng = new Prng(3);
  const table = new Membership(200);
  const states = ["alive", "suspect", "failed", "left"] as const;
  for (let change = 0; change < 5_000; change++) {
    const name = `w${prng.below(300)}`;
    const row = claim(name, prng.pick(states), prng.below(5));
    table.put(row, change, prng.chance(0.9));
    if (change % 100 === 0) table.reap(change, 1_000, 2_000);
  }
  const again = new Membership(200);
  for (const entry of table.entries()) {
    const { by } = entry;
    again.put({ ...entry, by, ageTicks: 0 }, 0, entry.travels);
  }
  assertEquals(table.digest(256), again.digest(256));
  assertEquals(table.digest(8), again.digest(8));
  assert(table.digest(8).some((sum) => sum !== 0));
  const live = [...table.entries()].filter(({ state }) =>
    state === "alive" || state === "suspect"
  );
  assertEquals(table.liveCount, live.length);
  assertEquals(new Set(table.live()), new Set(live));
});
