/**
 * What a worker must do about its bricks now: desired state against what is
 * there. Driven by `runtime/brick_supervisor` whenever either changes or a
 * wait ends; it carries the actions out and asks again. One action a brick at
 * most, so that the steps of one brick never overtake one another.
 */

import type { DesiredBrick, DesiredState } from "../cluster/mod.ts";

/** What the supervisor knows of one brick on its host. */
export interface LocalBrick {
  /** `KEYS.brick(worker, path)`. */
  readonly key: string;
  readonly path: string;
  /** The volume whose mark the directory bears or was to bear. */
  readonly volumeId: string;
  /** Directory and attributes stand. */
  readonly prepared: boolean;
  readonly process: "none" | "starting" | "running" | "stopping";
  /** A preparation or a clean-up is under way. */
  readonly busy: boolean;
  /** Failed preparations and early exits in a row; see {@link failuresAfterExit}. */
  readonly failures: number;
  /** When the last of them happened (the worker's monotonic clock). */
  readonly lastFailureMs: number;
}

/** One thing to do. */
export type BrickAction =
  /** Make or check directory and attributes. */
  | { readonly kind: "prepare"; readonly brick: DesiredBrick }
  /** Take gmon's marks off, and the directory if it is empty: the brick is no longer wanted. */
  | {
    readonly kind: "cleanUp";
    readonly key: string;
    readonly path: string;
    readonly volumeId: string;
  }
  /** Adopt the running process or spawn one. */
  | { readonly kind: "start"; readonly brick: DesiredBrick }
  | { readonly kind: "stop"; readonly key: string }
  /** Nothing before then; ask again. */
  | { readonly kind: "wait"; readonly key: string; readonly untilMs: number };

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MOST_MS = 60_000;
const STEADY_RUN_MS = 60_000;

/** The actions for all bricks of a worker, wanted ones first, in the order of the desired state. */
export function reconcileBricks(
  desired: DesiredState,
  local: readonly LocalBrick[],
  nowMs: number,
): BrickAction[] {
  const actions: BrickAction[] = [];
  const localByKey = new Map(local.map((brick) => [brick.key, brick]));
  const wanted = new Set<string>();
  for (const brick of desired.bricks) {
    wanted.add(brick.key);
    const action = actionFor(brick, localByKey.get(brick.key), nowMs);
    if (action !== null) actions.push(action);
  }
  for (const brick of local) {
    const action = wanted.has(brick.key) ? null : dismissal(brick, nowMs);
    if (action !== null) actions.push(action);
  }
  return actions;
}

/** The new count of failures after an exit: a process that ran for a minute begins afresh. */
export function failuresAfterExit(failures: number, ranMs: number): number {
  return ranMs >= STEADY_RUN_MS ? 1 : failures + 1;
}

/** How long to wait after so many failures in a row: 1 s, doubling up to 60 s. */
export function backoffMs(failures: number): number {
  if (failures <= 0) return 0;
  return Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1));
}

function actionFor(
  brick: DesiredBrick,
  local: LocalBrick | undefined,
  nowMs: number,
): BrickAction | null {
  if (local === undefined) return { kind: "prepare", brick };
  // The path served another volume before: that one goes first.
  if (local.volumeId !== brick.volumeId) return dismissal(local, nowMs);
  if (local.busy || local.process === "stopping") return null;
  const { key } = brick;
  if (!local.prepared) {
    return unlessWaiting(local, nowMs, { kind: "prepare", brick });
  }
  const hasProcess = local.process !== "none";
  if (brick.want === "run") {
    if (hasProcess) return null;
    return unlessWaiting(local, nowMs, { kind: "start", brick });
  }
  return hasProcess ? { kind: "stop", key } : null;
}

/** The next step towards a brick being gone. */
function dismissal(local: LocalBrick, nowMs: number): BrickAction | null {
  const { key, path, volumeId } = local;
  if (local.busy || local.process === "stopping") return null;
  if (local.process !== "none") return { kind: "stop", key };
  return unlessWaiting(local, nowMs, { kind: "cleanUp", key, path, volumeId });
}

function unlessWaiting(
  local: LocalBrick,
  nowMs: number,
  action: BrickAction,
): BrickAction {
  const untilMs = local.lastFailureMs + backoffMs(local.failures);
  return local.failures > 0 && nowMs < untilMs
    ? { kind: "wait", key: local.key, untilMs }
    : action;
}
