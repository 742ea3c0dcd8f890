import { assertEquals } from "@std/assert";
import { InFlight } from "../../src/raft/in_flight.ts";

Deno.test("InFlight is full by messages, and has room again after an answer", () => {
  const window = new InFlight(2, 1000);
  window.add(5, 10);
  assertEquals(window.full, false);
  window.add(7, 10);
  assertEquals(window.full, true);
  window.release(4);
  assertEquals([window.messages, window.full], [2, true]);
  window.release(6);
  assertEquals([window.messages, window.bytes, window.full], [1, 10, false]);
});

Deno.test("InFlight is full by bytes", () => {
  const window = new InFlight(100, 30);
  window.add(1, 29);
  assertEquals(window.full, false);
  window.add(2, 1);
  assertEquals(window.full, true);
  window.release(1);
  assertEquals([window.bytes, window.full], [1, false]);
});

Deno.test("InFlight counts right over a long pipeline", () => {
  const window = new InFlight(3, 1000);
  for (let index = 1; index <= 100; index++) {
    window.add(index, 7);
    if (index > 2) window.release(index - 2);
    assertEquals(window.messages, Math.min(index, 2));
    assertEquals(window.bytes, 7 * window.messages);
  }
  window.clear();
  assertEquals([window.messages, window.bytes], [0, 0]);
});
