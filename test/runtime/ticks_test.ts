import { assertEquals } from "@std/assert";
import { Ticks } from "../../src/runtime/quorum/ticks.ts";
import { FakeClock } from "./fake_ports.ts";

Deno.test("Ticks come with the timer, and a pause is no silence of others", async () => {
  const rig = new Rig();
  rig.ticks.start();
  await rig.clock.turn(500);
  assertEquals(rig.count, 10);
  rig.clock.sleep(5_000);
  rig.ticks.catchUp();
  assertEquals(rig.count, 10);
  await rig.clock.turn(50);
  assertEquals(rig.count, 11);
});

Deno.test("Ticks tell, before the next one, when so long a pause is over that others may be gone", async () => {
  const rig = new Rig();
  rig.ticks.start();
  rig.clock.sleep(440);
  await rig.clock.turn(50);
  assertEquals(rig.pauses, []);
  rig.clock.sleep(460);
  await rig.clock.turn(100);
  assertEquals(rig.pauses, [1], "once, after one tick");
  rig.clock.sleep(600);
  rig.ticks.catchUp();
  assertEquals(rig.pauses, [1, 3], "asked before the tick comes");
  await rig.clock.turn(100);
  assertEquals(rig.pauses, [1, 3]);
});

Deno.test("Ticks of one who must be strict keep to the clock, through pauses and late timers", async () => {
  const rig = new Rig();
  rig.strict = true;
  rig.ticks.start();
  // Each timer is late by a fifth; no tick is lost.
  rig.clock.lateness = 1.2;
  await rig.clock.turn(3_000);
  assertEquals(rig.count, 59);
  rig.ticks.catchUp();
  assertEquals(rig.count, 60);
  rig.clock.sleep(220);
  rig.ticks.catchUp();
  assertEquals(rig.count, 64);
  rig.ticks.catchUp();
  assertEquals(rig.count, 64);
  // More than anybody needs to know are not told.
  rig.clock.sleep(3_600_000);
  rig.ticks.catchUp();
  assertEquals(rig.count, 164);
  rig.ticks.catchUp();
  assertEquals(rig.count, 164);
});

Deno.test("Ticks missed by a leader end when it leads no more", () => {
  const rig = new Rig();
  rig.strict = true;
  rig.ticks.start();
  rig.ticked = () => {
    if (rig.count === 10) rig.strict = false;
  };
  rig.clock.sleep(2_000);
  rig.ticks.catchUp();
  assertEquals(rig.count, 10);
});

Deno.test("Ticks.stop ends them", async () => {
  const rig = new Rig();
  rig.ticks.start();
  await rig.clock.turn(100);
  rig.ticks.stop();
  await rig.clock.turn(1_000);
  assertEquals([rig.count, rig.clock.waiting], [2, 0]);
});

/** A clock whose time may pass without its timers, and whose timers may be late. */
class SlowClock extends FakeClock {
  lateness = 1;
  #sleptMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.#sleptMs;
  }

  override after(delayMs: number, callback: () => void): { cancel(): void } {
    return super.after(delayMs * this.lateness, callback);
  }

  sleep(ms: number): void {
    this.#sleptMs += ms;
  }
}

class Rig {
  readonly clock = new SlowClock();
  count = 0;
  strict = false;
  /** After how many ticks each pause was told of. */
  readonly pauses: number[] = [];
  ticked: () => void = () => {};
  readonly ticks = new Ticks({
    clock: this.clock,
    periodMs: 50,
    tick: () => {
      this.count++;
      this.ticked();
    },
    stoodStill: () => this.pauses.push(this.count),
    isStrict: () => this.strict,
  });
}
