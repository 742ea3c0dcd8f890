import { assertEquals, assertThrows } from "@std/assert";
import { Prng, Problem } from "../../src/base/mod.ts";
import { lastDueMs, nextDueMs, parseSchedule } from "../../src/planner/mod.ts";

function next(schedule: string, after: string): string | null {
  const ms = nextDueMs(parseSchedule(schedule), Date.parse(after));
  return ms === null ? null : new Date(ms).toISOString();
}

Deno.test("nextDueMs finds the next minute that cron's fields name", () => {
  for (
    const [schedule, after, expected] of [
      ["0 3 * * *", "2026-11-25T02:59:59Z", "2026-11-25T03:00:00.000Z"],
      ["0 3 * * *", "2026-11-25T03:00:00Z", "2026-11-26T03:00:00.000Z"],
      ["*/15 * * * *", "2026-11-25T03:01:00Z", "2026-11-25T03:15:00.000Z"],
      ["5-7,50 22 * * *", "2026-11-25T22:07:00Z", "2026-11-25T22:50:00.000Z"],
      ["0 0 29 2 *", "2026-11-25T00:00:00Z", "2028-02-29T00:00:00.000Z"],
      ["0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00.000Z"],
      // 25 November 2026 is a Wednesday.
      ["0 12 * * 0", "2026-11-25T00:00:00Z", "2026-11-29T12:00:00.000Z"],
      ["0 12 * * 7", "2026-11-25T00:00:00Z", "2026-11-29T12:00:00.000Z"],
      ["0 12 1 * 3", "2026-11-25T12:00:00Z", "2026-12-01T12:00:00.000Z"],
      ["59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00.000Z"],
      ["every 90m", "1970-01-01T01:30:00Z", "1970-01-01T03:00:00.000Z"],
    ] as const
  ) assertEquals(next(schedule, after), expected, `${schedule} after ${after}`);
});

Deno.test("lastDueMs finds the last time that is due and was not run yet", () => {
  const schedule = parseSchedule("0 3 * * *");
  const at = (text: string) => Date.parse(text);
  const now = at("2026-11-25T03:10:00Z");
  assertEquals(
    lastDueMs(schedule, at("2026-11-25T02:00:00Z"), now),
    at("2026-11-25T03:00:00Z"),
  );
  assertEquals(lastDueMs(schedule, at("2026-11-25T03:00:00Z"), now), null);
  // One run makes up for all that were missed.
  assertEquals(lastDueMs(schedule, 0, now), at("2026-11-25T03:00:00Z"));
  const often = parseSchedule("every 5m");
  assertEquals(lastDueMs(often, 0, now), now);
  assertEquals(lastDueMs(often, now, now + 299_999), null);
});

Deno.test("parseSchedule refuses what is no schedule, and says why", () => {
  for (
    const text of [
      "",
      "every",
      "every 0m",
      "every 10s",
      "* * * *",
      "* * * * * *",
      "60 * * * *",
      "* 24 * * *",
      "* * 0 * *",
      "* * * 13 *",
      "* * * * 8",
      "5-1 * * * *",
      "*/0 * * * *",
      "a * * * *",
      "0 0 31 2 *",
    ]
  ) {
    const problem = assertThrows(() => parseSchedule(text), Problem);
    assertEquals(problem.code, "invalid-schedule", text);
  }
});

Deno.test("nextDueMs agrees with looking at every minute", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const part = (least: number, most: number) =>
      prng.chance(0.4) ? "*" : `${prng.between(least, most)}`;
    const fields = [
      part(0, 59),
      part(0, 23),
      part(1, 28),
      part(1, 12),
      part(0, 6),
    ];
    const schedule = parseSchedule(fields.join(" "));
    const afterMs = Date.UTC(2026, prng.below(12), prng.between(1, 28));
    const found = nextDueMs(schedule, afterMs)!;
    const within = Math.min(found, afterMs + 3 * 24 * 3_600_000);
    for (let ms = afterMs + 60_000; ms < within; ms += 60_000) {
      assertEquals(isDue(fields, ms), false, `${fields} at ${ms}`);
    }
    assertEquals(isDue(fields, found), true, `${fields} at ${found}`);
  }
});

/** Written apart from the planner, over the host's own calendar. */
function isDue(fields: readonly string[], ms: number): boolean {
  const date = new Date(ms);
  const [minute, hour, day, month, weekday] = fields;
  const fits = (field: string | undefined, value: number) =>
    field === "*" || Number(field) === value;
  const byDay = fits(day, date.getUTCDate());
  const byWeekday = fits(weekday, date.getUTCDay());
  const both = day !== "*" && weekday !== "*";
  return fits(minute, date.getUTCMinutes()) &&
    fits(hour, date.getUTCHours()) && fits(month, date.getUTCMonth() + 1) &&
    (both ? byDay || byWeekday : byDay && byWeekday);
}
