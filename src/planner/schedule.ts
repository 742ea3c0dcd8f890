/**
 * When scheduled roles run: `every 15m`, or the five fields of cron(8) (minute,
 * hour, day of month, month, day of week; UTC). Times are milliseconds since
 * 1970. Nothing is due more than once a minute.
 */

import { Problem } from "../base/mod.ts";

/** A schedule, understood. */
export type Schedule =
  | { readonly kind: "interval"; readonly everyMs: number }
  | {
    readonly kind: "cron";
    readonly minutes: ReadonlySet<number>;
    readonly hours: ReadonlySet<number>;
    readonly days: ReadonlySet<number>;
    readonly months: ReadonlySet<number>;
    readonly weekdays: ReadonlySet<number>;
    /** Cron's rule: with both given, either day will do. */
    readonly anyDay: boolean;
  };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const UNITS_MS: Readonly<Record<string, number>> = {
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: DAY_MS,
};
/** A leap day may be eight years away. */
const DAYS_SEARCHED = 8 * 366 + 1;

/** Understands a schedule; throws Problem `invalid-schedule`. */
export function parseSchedule(text: string): Schedule {
  const interval = /^every ([1-9]\d{0,4})([mhd])$/.exec(text);
  if (interval !== null) {
    const everyMs = Number(interval[1]) * UNITS_MS[interval[2]!]!;
    return { kind: "interval", everyMs };
  }
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) {
    throw wrong(text, `it has ${fields.length} fields instead of five`);
  }
  const [minute, hour, day, month, weekday] = fields as [
    string,
    string,
    string,
    string,
    string,
  ];
  const schedule: Schedule = {
    kind: "cron",
    minutes: field(text, minute, 0, 59),
    hours: field(text, hour, 0, 23),
    days: field(text, day, 1, 31),
    months: field(text, month, 1, 12),
    // Sunday is 0 and 7.
    weekdays: new Set(
      [...field(text, weekday, 0, 7)].map((number) => number % 7),
    ),
    anyDay: day !== "*" && weekday !== "*",
  };
  if (nextDueMs(schedule, 0) === null) throw wrong(text, "it is never due");
  return schedule;
}

/** The first time due after `afterMs`; null for never. */
export function nextDueMs(schedule: Schedule, afterMs: number): number | null {
  if (schedule.kind === "interval") {
    const { everyMs } = schedule;
    return (Math.floor(afterMs / everyMs) + 1) * everyMs;
  }
  const fromMs = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  let dayMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
  for (let day = 0; day < DAYS_SEARCHED; day++, dayMs += DAY_MS) {
    if (!isDay(schedule, dayMs)) continue;
    for (let atMs = Math.max(dayMs, fromMs); atMs < dayMs + DAY_MS;) {
      const minute = Math.floor((atMs - dayMs) / MINUTE_MS);
      const hour = Math.floor(minute / 60);
      if (!schedule.hours.has(hour)) atMs = dayMs + (hour + 1) * 60 * MINUTE_MS;
      else if (schedule.minutes.has(minute % 60)) return atMs;
      else atMs += MINUTE_MS;
    }
  }
  return null;
}

/** The last time due at `nowMs` or before, but after `afterMs`; null for none. */
export function lastDueMs(
  schedule: Schedule,
  afterMs: number,
  nowMs: number,
): number | null {
  if (schedule.kind === "interval") {
    const { everyMs } = schedule;
    const atMs = Math.floor(nowMs / everyMs) * everyMs;
    return atMs > afterMs ? atMs : null;
  }
  // Whoever was away for long looks back a day: one run makes up for all that were missed.
  let last: number | null = null;
  let fromMs = Math.max(afterMs, nowMs - DAY_MS);
  while (true) {
    const atMs = nextDueMs(schedule, fromMs);
    if (atMs === null || atMs > nowMs) return last;
    last = atMs;
    fromMs = atMs;
  }
}

function isDay(
  schedule: Schedule & { readonly kind: "cron" },
  dayMs: number,
): boolean {
  const { year: _, month, day } = civil(dayMs / DAY_MS);
  if (!schedule.months.has(month)) return false;
  const byDay = schedule.days.has(day);
  // 1970 began on a Thursday.
  const byWeekday = schedule.weekdays.has((dayMs / DAY_MS + 4) % 7);
  return schedule.anyDay ? byDay || byWeekday : byDay && byWeekday;
}

/** The date of a day since 1970, in the Gregorian calendar (years are counted from March). */
function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** `*`, numbers, ranges and steps, joined by commas. */
function field(
  text: string,
  source: string,
  least: number,
  most: number,
): Set<number> {
  const numbers = new Set<number>();
  for (const part of source.split(",")) {
    const found = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(
      part,
    );
    if (found === null) throw wrong(text, `${part} is no field of cron`);
    const [, all, first, last, step] = found;
    const from = all === undefined ? Number(first) : least;
    const open = last === undefined &&
      (all !== undefined || step !== undefined);
    const to = open ? most : Number(last ?? first);
    const by = Number(step ?? 1);
    if (from < least || to > most || from > to || by < 1) {
      throw wrong(text, `${part} is not within ${least} to ${most}`);
    }
    for (let number = from; number <= to; number += by) numbers.add(number);
  }
  return numbers;
}

function wrong(text: string, why: string): Problem {
  return new Problem(
    "invalid-schedule",
    `${JSON.stringify(text)} is no schedule: ${why}`,
    'write "every 15m" or cron\'s five fields, e.g. "0 3 * * *"',
  );
}
