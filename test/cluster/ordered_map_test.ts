import { assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import { OrderedMap } from "../../src/cluster/ordered_map.ts";

interface Item {
  readonly key: string;
  readonly revision: number;
}

Deno.test("OrderedMap equals a sorted list through random puts and deletions", () => {
  const prng = new Prng(1);
  const map = new OrderedMap<Item>();
  const model = new Map<string, Item>();
  // Few distinct keys of shared prefixes: blocks split, empty and refill.
  function key(): string {
    return `${prng.pick(["a", "a/", "b/", "b/x/", "c"])}${prng.below(900)}`;
  }
  for (let revision = 1; revision <= 12_000; revision++) {
    // Long phases of growth and of decline.
    const growing = Math.floor(revision / 3_000) % 2 === 0;
    const chosen = key();
    if (prng.chance(growing ? 0.8 : 0.2)) {
      const item = { key: chosen, revision };
      map.set(chosen, item);
      model.set(chosen, item);
    } else {
      assertEquals(map.delete(chosen), model.get(chosen));
      model.delete(chosen);
    }
    if (revision % 97 === 0) compare(map, model, prng);
  }
  compare(map, model, prng);
});

function compare(
  map: OrderedMap<Item>,
  model: ReadonlyMap<string, Item>,
  prng: Prng,
): void {
  const sorted = [...model.values()].sort((a, b) => a.key < b.key ? -1 : 1);
  assertEquals(map.size, sorted.length);
  for (const prefix of ["", "a", "a/", "b/", "b/x/", "b/x/9", "c", "d"]) {
    const inside = sorted.filter(({ key }) => key.startsWith(prefix));
    assertEquals(map.list(prefix), inside);
    const newest = inside.reduce((high, { revision }) => {
      return Math.max(high, revision);
    }, 0);
    assertEquals(map.newestUnder(prefix), newest);
    const after = `${prefix}${prng.below(900)}`;
    assertEquals(
      map.list(prefix, { after, limit: 3 }),
      inside.filter(({ key }) => key > after).slice(0, 3),
    );
  }
}

Deno.test("OrderedMap holds 100,000 keys put in any order", () => {
  const keys = Array.from(
    { length: 100_000 },
    (_, at) => `k/${String(at).padStart(6, "0")}`,
  );
  const map = new OrderedMap<Item>();
  for (const key of new Prng(2).shuffle(keys)) {
    map.set(key, { key, revision: 1 });
  }
  assertEquals(map.list("k/").map(({ key }) => key), keys);
  assertEquals(map.list("k/0999").length, 100);
});

Deno.test("OrderedMap answers nothing for a limit of 0, and everything for a page before the prefix", () => {
  const map = new OrderedMap<Item>();
  assertEquals(map.list(""), []);
  assertEquals(map.newestUnder(""), 0);
  map.set("b", { key: "b", revision: 7 });
  assertEquals(map.list("", { limit: 0 }), []);
  assertEquals(map.list("b", { after: "a" }).length, 1);
  assertEquals(map.list("b", { after: "b" }).length, 0);
  assertEquals(map.list("b", { after: "c" }).length, 0);
});
