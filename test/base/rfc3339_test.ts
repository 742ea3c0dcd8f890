import { assertEquals } from "@std/assert";
import { parseRfc3339, Prng, rfc3339 } from "../../src/base/mod.ts";

Deno.test("rfc3339 agrees with the platform on any moment", () => {
  const prng = new Prng(1);
  const moments = [0, 951_782_400_000, 4_107_542_399_999, -1, 1];
  for (let round = 0; round < 500; round++) {
    moments.push(Math.floor(prng.float() * 4e12) - 1e12);
  }
  for (const moment of moments) {
    assertEquals(rfc3339(moment), new Date(moment).toISOString());
    assertEquals(parseRfc3339(rfc3339(moment)), moment);
  }
});

Deno.test("parseRfc3339 takes fractions of any length, and refuses the rest", () => {
  assertEquals(parseRfc3339("1970-01-01T00:00:01Z"), 1000);
  assertEquals(parseRfc3339("1970-01-01T00:00:01.5Z"), 1500);
  for (const wrong of ["", "1970-01-01", "1970-01-01T00:00:01+01:00", "-"]) {
    assertEquals(parseRfc3339(wrong), null);
  }
});
