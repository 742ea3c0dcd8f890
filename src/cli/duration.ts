/** Durations as people write them: a number and its unit. */

import { usage } from "./arguments.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of `500ms`, `30s`, `1.5m` or `2h`; null for anything else. */
export function durationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (match === null) return null;
  return Math.round(Number(match[1]) * UNIT_MS[match[2]!]!);
}

/** The same, or Problem `usage` that names where the text came from. */
export function checkedDurationMs(text: string, origin: string): number {
  const ms = durationMs(text);
  if (ms !== null && ms > 0) return ms;
  throw usage(
    `${origin} ${JSON.stringify(text)} is not a duration`,
    "write a number and a unit, e.g. 500ms, 30s or 2m",
  );
}
