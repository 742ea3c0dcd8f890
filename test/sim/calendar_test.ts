import { assertEquals } from "@std/assert";
import { Calendar } from "../../tools/sim/calendar.ts";

Deno.test("Calendar runs appointments by time, equal times in the order they were made", async () => {
  const calendar = new Calendar();
  const seen: string[] = [];
  calendar.after(5, () => seen.push(`c@${calendar.nowMs}`));
  calendar.after(1, () => seen.push(`a@${calendar.nowMs}`));
  calendar.after(5, () => seen.push(`d@${calendar.nowMs}`));
  calendar.after(2, () => {
    calendar.after(3, () => seen.push(`e@${calendar.nowMs}`));
    seen.push(`b@${calendar.nowMs}`);
  });
  assertEquals(await calendar.runUntil(10), "empty");
  assertEquals(seen, ["a@1", "b@2", "c@5", "d@5", "e@5"]);
  assertEquals(calendar.nowMs, 10);
});

Deno.test("Calendar drains long chains of microtasks before the next appointment", async () => {
  const calendar = new Calendar();
  const seen: string[] = [];
  async function chain(): Promise<void> {
    for (let link = 0; link < 1000; link++) await Promise.resolve();
    const answer = await new Response("text").text();
    seen.push(`chain ${answer}`);
  }
  calendar.after(1, () => void chain());
  calendar.after(1, () => seen.push("next"));
  await calendar.runUntil(2);
  assertEquals(seen, ["chain text", "next"]);
});

Deno.test("Calendar forgets cancelled appointments and stops where it is told", async () => {
  const calendar = new Calendar();
  let count = 0;
  calendar.after(1, () => count++).cancel();
  calendar.after(2, () => count++);
  calendar.after(3, () => count++);
  assertEquals(await calendar.runUntil(9, () => count === 1), "stopped");
  assertEquals([count, calendar.nowMs], [1, 2]);
  assertEquals(await calendar.runUntil(2.5), "time");
  assertEquals([count, calendar.nowMs], [1, 2.5]);
});
