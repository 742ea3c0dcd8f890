/** Time by the host's monotonic and wall clocks. */

import { clearImmediate, setImmediate } from "node:timers";
import type { Clock, Timer } from "../ports.ts";

/** The longest delay that `setTimeout` keeps; beyond it, it would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The host's clocks. */
export class DenoClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  elapsedMs(): number {
    // The first number of /proc/uptime is CLOCK_BOOTTIME (proc(5)), in seconds.
    const uptime = Deno.readTextFileSync("/proc/uptime");
    return Math.round(Number(uptime.slice(0, uptime.indexOf(" "))) * 1_000);
  }

  after(delayMs: number, callback: () => void): Timer {
    // A timer of no delay would take one or two milliseconds.
    if (delayMs <= 0) {
      const handle = setImmediate(callback);
      return { cancel: (): void => clearImmediate(handle) };
    }
    const delay = Math.min(Math.max(0, delayMs), LONGEST_DELAY_MS);
    const handle = setTimeout(callback, delay);
    return { cancel: (): void => clearTimeout(handle) };
  }
}
