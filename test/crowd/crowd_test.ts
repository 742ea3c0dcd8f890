import { assert, assertEquals } from "@std/assert";
import { measureCrowd } from "../../tools/crowd/measure.ts";
import { renderCrowd } from "../../tools/crowd/render.ts";
import { Wheel } from "../../tools/crowd/wheel.ts";

Deno.test("a crowd finds its dead, slanders nobody, and is the same every time", async () => {
  const measure = () => measureCrowd(200, 7, () => {});
  const one = await measure();
  assertEquals(one.deaths, 20);
  assertEquals([one.falseVerdicts, one.falselyFailed], [0, 0]);
  assert(one.processVerdictMs[1] <= 3_000, String(one.processVerdictMs));
  assert(one.hostVerdictMs[1] <= 8_000, String(one.hostVerdictMs));
  assert(Number.isFinite(one.disseminationMs[1]));
  // Every two seconds, each of them.
  assert(one.checkIns > 95 && one.checkIns < 120, String(one.checkIns));
  assert(one.checkInsPerDeath < 40, String(one.checkInsPerDeath));
  const other = await measure();
  assertEquals({ ...other, msPerSecond: 0 }, { ...one, msPerSecond: 0 });
  const memory = { monitorBytes: 1e6, workerBytes: 1e5 };
  const { markdown, svg } = renderCrowd([{ ...one, ...memory }], [{
    workers: 100,
    processVerdictMs: 900,
    hostVerdictMs: NaN,
    bytes: 700,
    monitorBytes: 1e8,
  }]);
  assert(markdown.includes("| workers | 200 |"), markdown);
  assert(!svg.includes("NaN"), svg);
});

Deno.test("the wheel runs what is due in order, with all that it starts", async () => {
  const wheel = new Wheel();
  const told: string[] = [];
  wheel.after(5, () => told.push("b"));
  wheel.after(2, () => {
    told.push("a");
    void Promise.resolve().then(() => wheel.after(0, () => told.push("a2")));
  });
  wheel.after(3, () => told.push("never")).cancel();
  wheel.after(4.2, () => told.push("c"));
  await wheel.run(4);
  assertEquals([told.join(), wheel.nowMs], ["a,a2", 4]);
  await wheel.run(1);
  assertEquals([told.join(), wheel.nowMs], ["a,a2,b,c", 5]);
  await wheel.run(100, () => wheel.nowMs >= 9);
  assertEquals(wheel.nowMs, 9);
});
