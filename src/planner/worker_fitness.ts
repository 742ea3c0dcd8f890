/** Which workers may be given something to do. */

import type { WorkerDocument } from "../cluster/mod.ts";

/** A worker that fell so often without being steady in between counts as flapping. */
export const FALLS_MAX = 3;

/** So long in touch without a break, and a worker's falls are forgotten. */
export const STEADY_MS = 300_000;

/** True for a worker that keeps dying and returning: it is held back until it has been steady. */
export function isFlapping({ falls }: WorkerDocument): boolean {
  return (falls ?? 0) >= FALLS_MAX;
}

/** True for a living worker that roles and bricks may go to. */
export function isFit(worker: WorkerDocument): boolean {
  return worker.verdict === "alive" && !worker.draining && !isFlapping(worker);
}

/** Why a living worker is not fit; null when it is. */
export function unfitBecause(worker: WorkerDocument): string | null {
  if (worker.draining) return "it drains";
  if (!isFlapping(worker)) return null;
  return `it flaps: it fell ${worker.falls} times and has not been steady since`;
}

/** The labels in force: the operator's over those that the worker was started with. */
export function labelsOf(worker: WorkerDocument): Record<string, string> {
  return { ...worker.labels, ...worker.operatorLabels };
}
