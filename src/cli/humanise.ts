/** Ages and sizes for people. */

import { parseRfc3339 } from "../base/mod.ts";

/** `5s`, `3m20s`, `2h`, `12d`: two units while that tells something. */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return two(whole, 60, "m", 1, "s", 10 * 60);
  if (whole < 86_400) return two(whole, 3600, "h", 60, "m", 10 * 3600);
  return two(whole, 86_400, "d", 3600, "h", 10 * 86_400);
}

/** The age of a moment in RFC 3339; `-` when it is none. */
export function ageOf(time: string | null, nowWallMs: number): string {
  const ms = time === null ? null : parseRfc3339(time);
  return ms === null ? "-" : age((nowWallMs - ms) / 1000);
}

/** `512 B`, `1.5 KiB`, `20 GiB`; `-` for unknown. */
export function size(bytes: number | null): string {
  if (bytes === null) return "-";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, "")} ${units[unit]}`;
}

function two(
  seconds: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
  /** From here on the smaller unit is left out. */
  plainFrom: number,
): string {
  const whole = Math.floor(seconds / large);
  const rest = Math.floor((seconds - whole * large) / small);
  return seconds >= plainFrom || rest === 0
    ? `${whole}${largeName}`
    : `${whole}${largeName}${rest}${smallName}`;
}
