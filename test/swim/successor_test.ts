import { assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import { nameHash } from "../../src/swim/digest.ts";
import type { Entry } from "../../src/swim/keeping.ts";
import { Membership } from "../../src/swim/membership.ts";
import { Successor } from "../../src/swim/successor.ts";
import { claim } from "./fixture.ts";

/** The one that follows `own` on the ring, looked for the long way. */
function expected(own: number, live: readonly Entry[]): string | null {
  const sorted = live.toSorted((a, b) => a.nameHash - b.nameHash);
  return (sorted.find((entry) => entry.nameHash > own) ?? sorted[0])?.name ??
    null;
}

Deno.test("Successor is the next living member on the ring, whoever comes and goes", () => {
  const prng = new Prng(1);
  for (let round = 0; round < 20; round++) {
    const own = nameHash(`own${round}`);
    const successor = new Successor(own);
    const table = new Membership(100);
    for (let change = 0; change < 300; change++) {
      const state = prng.pick(["alive", "suspect", "failed", "left"] as const);
      const row = claim(`w${prng.below(12)}`, state, change);
      const entry = table.put(row, change, true)!;
      if (state === "alive" || state === "suspect") successor.consider(entry);
      else successor.drop(entry);
      if (prng.chance(0.3)) continue;
      const found = successor.among(table.live())?.name ?? null;
      assertEquals(found, expected(own, table.live()));
    }
  }
});

Deno.test("Successor watches over every member of a ring exactly once", () => {
  const names = Array.from({ length: 50 }, (_, index) => `w${index}`);
  const watched = names.map((name) => {
    const table = new Membership(100);
    const successor = new Successor(nameHash(name));
    for (const other of names) {
      if (other === name) continue;
      successor.consider(table.put(claim(other, "alive", 1), 0, true)!);
    }
    return successor.among(table.live())!.name;
  });
  assertEquals(watched.toSorted(), names.toSorted());
});
