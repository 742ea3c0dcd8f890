import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  Suspicions,
  suspicionTicks,
  suspicionTicksMin,
} from "../../src/swim/suspicion.ts";

const PRNG = new Prng(1);
const OPTIONS = {
  probeIntervalTicks: 4,
  suspicionMultiplier: 2,
  suspicionTicksMin: 12,
  suspicionMaxMultiplier: 4,
  suspicionConfirmations: 3,
};

Deno.test("suspicionTicksMin grows with the logarithm of the cluster above its floor", () => {
  assertEquals(
    [2, 10, 100, 1_000, 10_000].map((n) => suspicionTicksMin(OPTIONS, n)),
    [12, 12, 16, 24, 32],
  );
});

Deno.test("suspicionTicks shrinks from the longest to the least with each accuser", () => {
  const suspicions = new Suspicions("w1", OPTIONS);
  suspicions.start("w2", 1, "w1", 0, 100, PRNG);
  const lengths = [suspicionTicks(suspicions.get("w2")!)];
  for (const accuser of ["w3", "w4", "w5"]) {
    assert(suspicions.confirm("w2", accuser, 0));
    lengths.push(suspicionTicks(suspicions.get("w2")!));
  }
  assertEquals(lengths, [64, 40, 26, 16]);
});

Deno.test("Suspicions counts an accuser once and no more accusers than are wanted", () => {
  const suspicions = new Suspicions("w1", OPTIONS);
  suspicions.start("w2", 1, "w1", 0, 100, PRNG);
  assertEquals(suspicions.confirm("w2", "w1", 0), false);
  for (const accuser of ["w3", "w4", "w5"]) {
    suspicions.confirm("w2", accuser, 0);
  }
  assertEquals(suspicions.confirm("w2", "w3", 0), false);
  assertEquals(suspicions.confirm("w2", "w6", 0), false);
  assertEquals(suspicions.confirm("w7", "w1", 0), false, "nobody suspects w7");
});

Deno.test("Suspicions wants no more confirmations than a small cluster can give", () => {
  const suspicions = new Suspicions("w1", OPTIONS);
  suspicions.start("w2", 1, "w1", 0, 2, PRNG);
  assertEquals(suspicionTicks(suspicions.get("w2")!), 12);
  suspicions.start("w3", 1, "w1", 0, 3, PRNG);
  assertEquals(suspicionTicks(suspicions.get("w3")!), 48);
  suspicions.confirm("w3", "w2", 0);
  assertEquals(suspicionTicks(suspicions.get("w3")!), 12);
});

Deno.test("Suspicions ends at the tick and not before, unless cancelled", () => {
  const suspicions = new Suspicions("w1", OPTIONS);
  suspicions.start("w2", 1, "w1", 100, 2, PRNG);
  suspicions.start("w3", 1, "w1", 100, 2, PRNG);
  assertEquals(suspicions.ending(111), []);
  suspicions.cancel("w3");
  assertEquals(suspicions.ending(112).map(({ name }) => name), ["w2"]);
  assertEquals(suspicions.size, 1);
});

Deno.test("Suspicions ends each once, unless it begins anew", () => {
  const suspicions = new Suspicions("w1", OPTIONS);
  suspicions.start("w2", 1, "w1", 100, 2, PRNG);
  suspicions.look("w2");
  assertEquals(suspicions.ending(500), []);
  suspicions.prolong("w2", 500);
  assertEquals(suspicions.ending(511), []);
  assertEquals(suspicions.ending(512).map(({ name }) => name), ["w2"]);
});

Deno.test("a suspicion that names no accuser ends later, and the larger the cluster the more apart", () => {
  for (const [size, most] of [[2, 12], [1_000, 250]] as const) {
    const ends: number[] = [];
    let least = 0;
    for (let seed = 0; seed < 1_000; seed++) {
      const suspicions = new Suspicions("w9", OPTIONS);
      suspicions.start("w2", 1, "w2", 0, size, new Prng(seed));
      least = suspicionTicks(suspicions.get("w2")!);
      let tick = 0;
      while (suspicions.ending(tick).length === 0) tick++;
      ends.push(tick);
    }
    assertEquals(Math.min(...ends), least + 1);
    assert(Math.max(...ends) > least + 0.95 * most);
    assert(Math.max(...ends) <= least + most);
  }
});

Deno.test("a failure in another's table ends a suspicion whose accusers' verdict was missed", () => {
  const suspicions = new Suspicions("w9", OPTIONS);
  suspicions.start("w2", 1, "w1", 0, 100, PRNG);
  for (const accuser of ["w3", "w4", "w5"]) {
    suspicions.confirm("w2", accuser, 0);
  }
  assertEquals(suspicions.ending(1_000), []);
  assert(suspicions.confirm("w2", "w2", 1_000));
  assertEquals(suspicions.ending(1_000).length, 1);
});

Deno.test("who missed the verdict of four accusers accuses by its own probe, and waits alone", () => {
  const suspicions = new Suspicions("w9", OPTIONS);
  suspicions.start("w2", 1, "w1", 0, 100, PRNG);
  for (const accuser of ["w3", "w4", "w5"]) {
    suspicions.confirm("w2", accuser, 0);
  }
  assertEquals(suspicions.confirm("w2", "w9", 15), false, "they are enough");
  assert(suspicions.confirm("w2", "w9", 16));
  assertEquals(suspicions.ending(79), []);
  assertEquals(suspicions.ending(80).length, 1);
});

Deno.test("a suspicion that others vouch for is theirs to end; who confirms it ends it too, and begins anew when their time was over", () => {
  const suspicions = new Suspicions("w9", OPTIONS);
  suspicions.start("w2", 1, "w1", 0, 3, PRNG);
  assertEquals(suspicions.ending(1_000_000), []);
  suspicions.confirm("w2", "w9", 5);
  assertEquals(suspicions.ending(11), []);
  assertEquals(suspicions.ending(12).length, 1);
  suspicions.start("w3", 1, "w1", 0, 3, PRNG);
  suspicions.confirm("w3", "w9", 1_000);
  assertEquals(suspicions.ending(1_047).map(({ name }) => name), ["w2"]);
  assertEquals(suspicions.ending(1_048).length, 2, "alone it waits longest");
});
