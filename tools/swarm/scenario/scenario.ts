/** What a scenario is, and what several of them do. */

import type { Report } from "../report.ts";
import type { Swarm } from "../swarm.ts";
import type { VerdictEvent } from "../verdict_book.ts";

/** One scripted story; it finds everybody alive and leaves everybody alive. */
export interface Scenario {
  readonly summary: string;
  play(swarm: Swarm, report: Report): Promise<void>;
}

/** Workers that were away are alive again within this time, even all at once. */
export const RETURN_LIMIT_MS = 60_000;

/** Starts killed workers again and waits until the monitors have them alive. */
export async function revive(
  swarm: Swarm,
  workers: readonly number[],
): Promise<void> {
  await swarm.start(workers);
  await swarm.book.until(workers, ["alive"], RETURN_LIMIT_MS);
  swarm.book.allow(workers);
}

/** For each worker, how long after `sinceMs` the verdict came. Throws when one is missing on this page. */
export function delaysOf(
  page: readonly VerdictEvent[],
  workers: readonly number[],
  verdict: VerdictEvent["verdict"],
  sinceMs: (worker: number) => number,
): number[] {
  return workers.map((worker) => {
    const event = page.find((one) =>
      one.worker === worker && one.verdict === verdict
    );
    if (event === undefined) throw new Error(`no verdict on ${worker}`);
    return event.atMs - sinceMs(worker);
  });
}

/** Every `step`-th, so that zones and processes take turns; at most `count`. */
export function spread(workers: readonly number[], count: number): number[] {
  const step = Math.max(1, Math.floor(workers.length / count));
  return workers.filter((_, at) => at % step === step - 1).slice(0, count);
}

/** Resolves after so long: scenarios last by definition. */
export function lasting(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
