/**
 * What happened, out of what changed: each change of the replicated state that
 * people want to hear of, as an event. Every monitor derives the same events
 * from the same changes, so they need no log of their own.
 */

import { rfc3339 } from "../base/mod.ts";
import type { Change, Versioned } from "./command.ts";
import {
  KEYS,
  type MonitorDocument,
  type OperationDocument,
  type RoleDocument,
  type VolumeDocument,
  type WorkerDocument,
} from "./document.ts";

/** One transition. */
export interface Transition {
  readonly kind: EventKind;
  /** What it happened to: `worker/w1`, `volume/v1`, `role/leader/v1/0`, `monitor/m1`, `operation/ID`. */
  readonly subject: string;
  /** Without the subject's name: "is dead". */
  readonly message: string;
  /** Who or what led to it; null when that goes without saying. */
  readonly evidence: string | null;
  /** When, by the leader's wall clock; null where neither the document nor the change says. */
  readonly atMs: number | null;
}

/** The kinds of events. */
export type EventKind =
  | `worker-${
    | "joined"
    | "suspected"
    | "cleared"
    | "rivalled"
    | "dead"
    | "unreachable"
    | "alive"
    | "left"
    | "removed"
    | "drained"
    | "undrained"
    | "flapping"
    | "steady"
    | "changed"}`
  | `volume-${
    | "created"
    | "started"
    | "stopped"
    | "deleted"
    | "changed"}`
  | "role-moved"
  | `monitor-${"added" | "removed" | "changed"}`
  | "leader-changed"
  | "operation-failed";

/** What is not told by the documents alone. */
export interface TransitionOptions {
  /** The planner's word for a worker that keeps falling. */
  readonly isFlapping: (worker: WorkerDocument) => boolean;
}

/** What the change of one document means to people: nothing, or one thing, or two. */
export function transitionsOf(
  change: Pick<Change, "key" | "value" | "previous" | "atMs">,
  options: TransitionOptions,
): Transition[] {
  const { atMs } = change;
  return untimed(change, options).map((transition) =>
    transition.atMs === null ? { ...transition, atMs } : transition
  );
}

/** As {@link transitionsOf}, with the times that the documents tell only. */
function untimed(
  { key, value, previous }: Pick<Change, "key" | "value" | "previous">,
  options: TransitionOptions,
): Transition[] {
  const before = previous?.value ?? null;
  if (key.startsWith(WORKERS)) {
    return ofWorker(
      `worker/${key.slice(WORKERS.length)}`,
      before as WorkerDocument | null,
      value as WorkerDocument | null,
      options,
    );
  }
  if (key.startsWith(VOLUMES)) {
    return ofVolume(
      `volume/${key.slice(VOLUMES.length)}`,
      before as VolumeDocument | null,
      value as VolumeDocument | null,
    );
  }
  if (key.startsWith(KEYS.roles)) {
    return ofRole(
      `role/${key.slice(KEYS.roles.length)}`,
      before as RoleDocument | null,
      value as RoleDocument | null,
    );
  }
  if (key.startsWith(MONITORS)) {
    return ofMonitor(
      `monitor/${key.slice(MONITORS.length)}`,
      before as MonitorDocument | null,
      value as MonitorDocument | null,
    );
  }
  return key.startsWith(OPERATIONS)
    ? ofOperation(
      `operation/${key.slice(OPERATIONS.length)}`,
      before as OperationDocument | null,
      value as OperationDocument | null,
    )
    : [];
}

/** The last transition of a document whose past is not known. */
export function lastTransitionOf(
  { key, value }: Versioned,
  options: TransitionOptions,
): Transition[] {
  if (key.startsWith(WORKERS)) {
    const worker = value as WorkerDocument;
    return [verdictOn(`worker/${worker.name}`, worker)];
  }
  return untimed({ key, value, previous: null }, options);
}

const WORKERS = KEYS.worker("");
const VOLUMES = KEYS.volume("");
const MONITORS = KEYS.monitor("");
const OPERATIONS = KEYS.operation("");

function ofWorker(
  subject: string,
  before: WorkerDocument | null,
  after: WorkerDocument | null,
  { isFlapping }: TransitionOptions,
): Transition[] {
  if (after === null) {
    const evidence = before === null ? null : lastKnownOf(before);
    return [{ ...plain("worker-removed", subject, "was removed"), evidence }];
  }
  if (before === null || before.id !== after.id) {
    return [{
      kind: "worker-joined",
      subject,
      message: `joined at ${after.address}`,
      evidence: after.evidence,
      atMs: after.verdictAtMs,
    }];
  }
  const found: Transition[] = [];
  if (before.verdict !== after.verdict) found.push(verdictOn(subject, after));
  if (!isFlapping(before) && isFlapping(after)) {
    found.push({
      ...plain("worker-flapping", subject, "flaps, and is held back"),
      evidence: `it fell ${after.falls} times without being steady in between`,
      atMs: after.verdictAtMs,
    });
  }
  if (isFlapping(before) && !isFlapping(after)) {
    found.push(plain("worker-steady", subject, "is steady again"));
  }
  if (before.draining !== after.draining) {
    found.push(
      after.draining
        ? plain("worker-drained", subject, "drains: its roles go to others")
        : plain("worker-undrained", subject, "takes roles again"),
    );
  }
  const fields = Object.keys(WORKER_FIELDS) as (keyof typeof WORKER_FIELDS)[];
  const changed = fields.filter((field) =>
    JSON.stringify(before[field]) !== JSON.stringify(after[field])
  );
  if (changed.length > 0) {
    const parts = changed.map((field) =>
      `${WORKER_FIELDS[field]} ${shown(before[field])} → ${shown(after[field])}`
    );
    found.push(plain("worker-changed", subject, parts.join(", ")));
  }
  return found;
}

/** What people are told of by name when it changes. */
const WORKER_FIELDS = {
  address: "address",
  zone: "zone",
  version: "version",
  labels: "its labels",
  operatorLabels: "labels",
} as const;

/** What a worker that is no more was at last. */
function lastKnownOf(
  { verdict, verdictAtMs, evidence, draining }: WorkerDocument,
): string {
  const since = rfc3339(verdictAtMs);
  const was = verdict === "left"
    ? `it left at ${since}`
    : `it was ${verdict} since ${since}`;
  return `${was} (${evidence})${draining ? ", and drained" : ""}`;
}

function verdictOn(subject: string, worker: WorkerDocument): Transition {
  return {
    kind: `worker-${worker.verdict}`,
    subject,
    message: worker.verdict === "left" ? "left" : `is ${worker.verdict}`,
    evidence: worker.evidence,
    atMs: worker.verdictAtMs,
  };
}

function ofVolume(
  subject: string,
  before: VolumeDocument | null,
  after: VolumeDocument | null,
): Transition[] {
  if (after === null) {
    // What was never created was not deleted either.
    return before?.status === "creating"
      ? []
      : [plain("volume-deleted", subject, "was deleted")];
  }
  if (after.status === "creating" || after.status === "deleting") return [];
  if (before === null || before.status === "creating") {
    return [{
      ...plain(
        "volume-created",
        subject,
        `was created with ${after.bricks.length} ${
          after.bricks.length === 1 ? "brick" : "bricks"
        }`,
      ),
      atMs: before === null ? after.createdAtMs : null,
    }];
  }
  if (before.status !== after.status) {
    return after.status === "started"
      ? [plain("volume-started", subject, "was started")]
      : [plain("volume-stopped", subject, "was stopped")];
  }
  const isSame = JSON.stringify([before.bricks, before.options]) ===
    JSON.stringify([after.bricks, after.options]);
  return isSame
    ? []
    : [plain("volume-changed", subject, "has other bricks or options")];
}

function ofRole(
  subject: string,
  before: RoleDocument | null,
  after: RoleDocument | null,
): Transition[] {
  const from = before?.holder ?? null;
  const to = after?.holder ?? null;
  if (from === to) return [];
  return [{
    kind: "role-moved",
    subject,
    message: to === null
      ? `is held by nobody, and was by ${from}`
      : from === null
      ? `is held by ${to}`
      : `went from ${from} to ${to}`,
    evidence: after === null
      ? "nothing needs it any more"
      : after.reason ?? null,
    atMs: after?.sinceMs ?? null,
  }];
}

function ofMonitor(
  subject: string,
  before: MonitorDocument | null,
  after: MonitorDocument | null,
): Transition[] {
  if (after === null) {
    return [plain("monitor-removed", subject, "was removed")];
  }
  const place = `${after.address}:${after.apiPort}`;
  if (before === null) {
    return [plain("monitor-added", subject, `was added at ${place}`)];
  }
  const isSame = place === `${before.address}:${before.apiPort}`;
  return isSame ? [] : [plain("monitor-changed", subject, `is at ${place}`)];
}

function ofOperation(
  subject: string,
  before: OperationDocument | null,
  after: OperationDocument | null,
): Transition[] {
  if (after?.state !== "failed" || before?.state === "failed") return [];
  return [{
    kind: "operation-failed",
    subject,
    message: `${after.kind} of ${after.volume} failed`,
    evidence: after.problems.join("; "),
    atMs: after.endedAtMs,
  }];
}

function plain(kind: EventKind, subject: string, message: string): Transition {
  return { kind, subject, message, evidence: null, atMs: null };
}

function shown(value: unknown): string {
  if (value === undefined || value === "") return "-";
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([key, text]) => `${key}=${text}`).sort()
    .join(" ") || "-";
}
