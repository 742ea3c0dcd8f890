import { assertEquals } from "@std/assert";
import type { Clock } from "../../src/platform/ports.ts";
import { gridClock } from "../../tools/swarm/grid_clock.ts";

/** A clock by hand that counts the timers it was asked for. */
class HandClock implements Clock {
  asked = 0;
  #nowMs = 1_003;
  readonly #timers: { atMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  elapsedMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    this.asked++;
    this.#timers.push({ atMs: this.#nowMs + delayMs, callback });
    return { cancel: () => {} };
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    for (const timer of due) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.callback();
    }
  }
}

Deno.test("timers of a step fire together by one timer of the host, none too early, each once", () => {
  const host = new HandClock();
  const clock = gridClock(host);
  const fired: string[] = [];
  for (const [name, delayMs] of [["a", 100], ["b", 105], ["c", 130]] as const) {
    clock.after(delayMs, () => fired.push(name));
  }
  assertEquals(host.asked, 2);
  host.advance(100);
  assertEquals(fired, []);
  host.advance(17);
  assertEquals(fired, ["a", "b"]);
  host.advance(1_000);
  assertEquals(fired, ["a", "b", "c"]);
});

Deno.test("a timer that another of its step cancels does not fire", () => {
  const host = new HandClock();
  const clock = gridClock(host);
  const fired: string[] = [];
  clock.after(100, () => {
    fired.push("first");
    second.cancel();
  });
  const second = clock.after(100, () => fired.push("second"));
  host.advance(200);
  assertEquals(fired, ["first"]);
});

Deno.test("what is due before the next step is the host's own", () => {
  const host = new HandClock();
  const clock = gridClock(host);
  const fired: string[] = [];
  clock.after(5, () => fired.push("soon"));
  host.advance(5);
  assertEquals(fired, ["soon"]);
});
