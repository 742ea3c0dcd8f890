import { assertEquals } from "@std/assert";
import { NameRivals } from "../../src/planner/mod.ts";

Deno.test("NameRivals: whoever asks again and again is news once, until it was quiet for a minute or is another", () => {
  const rivals = new NameRivals();
  const [a, b] = [{ address: "10.0.0.8" }, { address: "10.0.0.9" }];
  assertEquals(rivals.note("w1", a, 0), true);
  for (let at = 2_000; at <= 120_000; at += 2_000) {
    assertEquals(rivals.note("w1", a, at), false, `${at}`);
  }
  assertEquals(rivals.note("w2", a, 120_000), true);
  assertEquals(rivals.note("w1", b, 122_000), true);
  assertEquals(rivals.note("w1", b, 182_001), true);
});

Deno.test("NameRivals: the last one is told within the window", () => {
  const rivals = new NameRivals();
  const a = { address: "10.0.0.8", hostName: "h8" };
  assertEquals(rivals.of("w1", 0, 2_000), undefined);
  rivals.note("w1", a, 1_000);
  assertEquals(rivals.of("w1", 3_000, 2_000), a);
  assertEquals(rivals.of("w1", 3_001, 2_000), undefined);
  assertEquals(rivals.of("w2", 1_000, 2_000), undefined);
  rivals.clear();
  assertEquals(rivals.of("w1", 1_000, 2_000), undefined);
});
