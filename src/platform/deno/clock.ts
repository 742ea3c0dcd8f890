/** Time by the host's monotonic and wall clocks. */

import { clearImmediate, setImmediate } from "node:timers";
import type { Clock, Timer } from "../ports.ts";

/** The longest delay that `setTimeout` keeps; beyond it, it would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** clock_gettime(2): CLOCK_BOOTTIME counts suspension, and Deno has no call for it. */
const BOOT_TIME = 7;
const SYMBOLS = {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The host's clocks. */
export class DenoClock implements Clock {
  #library: Deno.DynamicLibrary<typeof SYMBOLS> | null = null;
  /** Seconds and nanoseconds. */
  readonly #time = new BigInt64Array(2);

  nowMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  elapsedMs(): number {
    // Leases ask with every check-in, and /proc/uptime takes a hundred times as long.
    this.#library ??= Deno.dlopen("libc.so.6", SYMBOLS);
    this.#library.symbols.clock_gettime(BOOT_TIME, this.#time);
    const [seconds, nanoseconds] = this.#time;
    return Number(seconds) * 1_000 + Math.round(Number(nanoseconds) / 1e6);
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
