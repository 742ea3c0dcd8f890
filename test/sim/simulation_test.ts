import { assertEquals, assertNotEquals } from "@std/assert";
import { plantedOf } from "../../tools/sim/planted/registry.ts";
import { simulate } from "../../tools/sim/simulation.ts";

/** Goal: a seed is a run. Method: the production daemons, the same seed twice. */

Deno.test("simulate runs the daemons of a seed to rest, and the same way again", async () => {
  const first = await simulate(3);
  assertEquals(first.failures, []);
  const second = await simulate(3);
  assertEquals(second.digest, first.digest);
  assertEquals(second.lines, first.lines);
  assertNotEquals((await simulate(2)).digest, first.digest);
});

Deno.test("simulate finds a planted bug, and the product is whole again afterwards", async () => {
  const planted = plantedOf("lost-idempotency")!;
  let caught = 0;
  for (let seed = 1; seed <= planted.seedsMax && caught === 0; seed++) {
    caught = (await simulate(seed, { planted })).failures.length;
  }
  assertNotEquals(caught, 0);
  assertEquals((await simulate(3)).failures, []);
});
