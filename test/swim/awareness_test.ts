import { assertEquals } from "@std/assert";
import { Awareness } from "../../src/swim/awareness.ts";

Deno.test("Awareness stretches time by doubts and recovers step by step", () => {
  const awareness = new Awareness(8);
  assertEquals(awareness.stretch(4), 4);
  awareness.doubt(2);
  assertEquals(awareness.stretch(4), 12);
  awareness.succeed();
  assertEquals(awareness.stretch(4), 8);
});

Deno.test("Awareness stays between well and the worst", () => {
  const awareness = new Awareness(8);
  awareness.succeed();
  assertEquals(awareness.score, 0);
  for (let doubt = 0; doubt < 100; doubt++) awareness.doubt(3);
  assertEquals(awareness.score, 8);
});
