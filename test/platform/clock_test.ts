import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { openPorts } from "../../src/platform/deno/mod.ts";

const { clock, random } = openPorts();

Deno.test("Clock.after calls once, not before its time, unless cancelled", async () => {
  const startMs = clock.nowMs();
  let cancelled = true;
  clock.after(1, () => cancelled = false).cancel();
  await new Promise<void>((resolve) => clock.after(5, resolve));
  assert(clock.nowMs() - startMs >= 4);
  assert(cancelled);
});

Deno.test("Clock.after takes very long delays for long, not for none", async () => {
  let called = false;
  const timer = clock.after(2 ** 40, () => called = true);
  await new Promise<void>((resolve) => clock.after(2, resolve));
  timer.cancel();
  timer.cancel();
  assertEquals(called, false);
});

Deno.test("Clock.elapsedMs is the time since the machine was started, suspension included", async () => {
  const uptime = await Deno.readTextFile("/proc/uptime");
  const elapsedMs = clock.elapsedMs();
  const uptimeMs = Number(uptime.split(" ")[0]) * 1_000;
  // The file tells hundredths of a second, a little earlier.
  assert(elapsedMs >= uptimeMs - 10, `${elapsedMs} ${uptimeMs}`);
  assert(elapsedMs < uptimeMs + 60_000, `${elapsedMs} ${uptimeMs}`);
  assert(clock.elapsedMs() >= elapsedMs);
});

Deno.test("Random.bytes gives as many as asked for, new ones each time", () => {
  for (const length of [0, 1, 16, 200_000]) {
    assertEquals(random.bytes(length).length, length);
  }
  assertNotEquals(random.bytes(16), random.bytes(16));
  const large = random.bytes(200_000);
  assert(large.subarray(199_000).some((byte) => byte !== 0));
});
