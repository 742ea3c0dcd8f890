/** When a batch goes: counts and turns, no time. */

import { assert, assertEquals } from "@std/assert";
import { BatchPace } from "../../src/runtime/quorum/batch_pace.ts";

Deno.test("BatchPace lets the first commands go at once", () => {
  assert(new BatchPace().isTime(1));
});

Deno.test("BatchPace waits for the company that a batch's answers bring back", () => {
  const pace = new BatchPace();
  pace.sent(6);
  pace.committed(4);
  assert(!pace.isTime(4));
  assert(!pace.isTime(8));
  assert(pace.isTime(9));
});

Deno.test("BatchPace does not wait where nobody gathered but the one who comes back", () => {
  const pace = new BatchPace();
  pace.sent(1);
  pace.committed(0);
  assert(pace.isTime(1));
});

Deno.test("BatchPace never waits for more than enough", () => {
  const pace = new BatchPace();
  pace.sent(200);
  pace.committed(40);
  assert(pace.isTime(40));
});

Deno.test("BatchPace waits a bounded number of turns", () => {
  const pace = new BatchPace();
  pace.sent(10);
  pace.committed(1);
  let turns = 0;
  for (; !pace.isTime(1) && turns < 1_000; turns++) pace.turned();
  assertEquals(turns, 128);
});
