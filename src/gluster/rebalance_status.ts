/** What a rebalance process says of itself: asked on its socket, or told as a notice when it ends. */

import {
  type Dictionary,
  dictionaryInteger,
  dictionaryText,
} from "./dictionary.ts";

/** How far a rebalance process is. */
export interface RebalanceStatus {
  readonly state: "running" | "stopped" | "completed" | "failed" | "unknown";
  /** Moved files, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly failures: number;
  readonly skipped: number;
  readonly seconds: number;
}

/** `status` (WIRE.md E.6). */
const STATES: Readonly<Record<number, RebalanceStatus["state"]>> = {
  1: "running",
  2: "stopped",
  3: "completed",
  4: "failed",
};

/** The status in an answer or a notice; missing numbers count as 0. */
export function rebalanceStatusOf(dictionary: Dictionary): RebalanceStatus {
  const number = (key: string): number => {
    const value = Number(dictionaryText(dictionary, key) ?? "0");
    return Number.isFinite(value) && value >= 0 ? value : 0;
  };
  return {
    state: STATES[dictionaryInteger(dictionary, "status") ?? 0] ?? "unknown",
    files: number("files"),
    bytes: number("size"),
    failures: number("failures"),
    skipped: number("skipped"),
    seconds: number("run-time"),
  };
}
