/** Waiting for the replicated state to change: the one way in which requests block. */

import type { Change } from "../../cluster/mod.ts";
import type { ApiServices } from "./services.ts";

/** Longest wait that a client may ask for. */
export const WAIT_MS_MAX = 60_000;

/**
 * Resolves true once `arrived` is, asked at first with null and then with each
 * transaction's changes; false after `waitMs`, or when the client is gone.
 */
export function waitFor(
  services: ApiServices,
  waitMs: number,
  signal: AbortSignal,
  arrived: (changes: readonly Change[] | null) => boolean,
): Promise<boolean> {
  if (arrived(null)) return Promise.resolve(true);
  if (waitMs <= 0 || signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = services.ports.clock.after(
      Math.min(waitMs, WAIT_MS_MAX),
      () => end(false),
    );
    const unsubscribe = services.store.subscribe((changes) => {
      if (arrived(changes)) end(true);
    });
    const gone = (): void => end(false);
    signal.addEventListener("abort", gone);

    function end(answer: boolean): void {
      timer.cancel();
      unsubscribe();
      signal.removeEventListener("abort", gone);
      resolve(answer);
    }
  });
}
