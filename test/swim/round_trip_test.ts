import { assert, assertEquals } from "@std/assert";
import { RoundTrip } from "../../src/swim/round_trip.ts";

Deno.test("RoundTrip waits the least while answers come within a tick", () => {
  const roundTrip = new RoundTrip();
  assertEquals(roundTrip.timeoutTicks(1), 1);
  for (let probe = 0; probe < 100; probe++) roundTrip.note(0);
  assertEquals(roundTrip.timeoutTicks(1), 1);
  assertEquals(roundTrip.timeoutTicks(2), 2);
});

Deno.test("RoundTrip waits for longer than answers take and vary, within bounds", () => {
  const roundTrip = new RoundTrip();
  for (let probe = 0; probe < 100; probe++) roundTrip.note(probe % 2 + 1);
  const timeoutTicks = roundTrip.timeoutTicks(1);
  assert(timeoutTicks > 2 && timeoutTicks < 7, `${timeoutTicks}`);
  for (let probe = 0; probe < 100; probe++) roundTrip.note(100);
  assertEquals(roundTrip.timeoutTicks(1), 8);
});

Deno.test("RoundTrip forgets a stall within a score of prompt answers", () => {
  const roundTrip = new RoundTrip();
  for (let probe = 0; probe < 20; probe++) roundTrip.note(3);
  let probes = 0;
  for (; roundTrip.timeoutTicks(1) > 1; probes++) roundTrip.note(0);
  assert(probes <= 20, `${probes} probes`);
});
