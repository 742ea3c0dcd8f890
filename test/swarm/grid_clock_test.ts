import { assertEquals } from "@std/assert";
import { gridClock } from "../../tools/swarm/grid_clock.ts";
import { FakeClock } from "../runtime/fake_ports.ts";

Deno.test("timers of a step fire together by one timer of the host, none too early, each once", async () => {
  const host = new FakeClock();
  await host.turn(3);
  const clock = gridClock(host);
  const fired: string[] = [];
  for (const [name, delayMs] of [["a", 500], ["b", 525], ["c", 650]] as const) {
    clock.after(delayMs, () => fired.push(name));
  }
  assertEquals(host.waiting, 2);
  await host.turn(500);
  assertEquals(fired, []);
  await host.turn(97);
  assertEquals(fired, ["a", "b"]);
  await host.turn(1_000);
  assertEquals(fired, ["a", "b", "c"]);
});

Deno.test("a period of whole steps keeps to them, though every timer of the host is late", async () => {
  const host = new FakeClock();
  const clock = gridClock({
    nowMs: () => host.nowMs(),
    wallMs: () => host.wallMs(),
    elapsedMs: () => host.elapsedMs(),
    after: (delayMs, callback) => host.after(delayMs + 3, callback),
  });
  const fired: number[] = [];
  const again = (): void => {
    fired.push(host.nowMs());
    clock.after(100, again);
  };
  clock.after(100, again);
  await host.turn(600);
  const periods = fired.slice(1).map((at, index) => at - fired[index]!);
  assertEquals(new Set(periods), new Set([100]));
});

Deno.test("a timer that another of its step cancels does not fire", async () => {
  const host = new FakeClock();
  const clock = gridClock(host);
  const fired: string[] = [];
  clock.after(100, () => {
    fired.push("first");
    second.cancel();
  });
  const second = clock.after(100, () => fired.push("second"));
  await host.turn(200);
  assertEquals(fired, ["first"]);
});

Deno.test("what is due before the next step is the host's own", async () => {
  const host = new FakeClock();
  const clock = gridClock(host);
  const fired: string[] = [];
  clock.after(5, () => fired.push("soon"));
  await host.turn(5);
  assertEquals(fired, ["soon"]);
});
