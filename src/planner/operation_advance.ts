/**
 * Moving running operations on, by what the workers report. Driven by
 * `runtime/leader_duties` after check-ins and periodically; each transaction
 * rests on the operation's revision, so a step is never taken twice.
 */

import {
  type ClusterState,
  KEYS,
  listOperations,
  type OperationDocument,
  type Precondition,
  type Transaction,
  type Versioned,
  type VolumeDocument,
  type WorkerDocument,
  type Write,
} from "../cluster/mod.ts";
import type { CheckInLedger } from "./check_in_ledger.ts";
import {
  forgetOldOperations,
  hasEnded,
  putOperation,
} from "./operation_record.ts";
import { PREPARE_STEP } from "./volume_create.ts";
import { CLEAN_UP_STEP } from "./volume_delete.ts";

/** How long workers have, counted from when this leader first saw the operation run. */
export const OPERATION_TIMEOUT_MS = 60_000;

interface Round {
  readonly state: ClusterState;
  readonly ledger: CheckInLedger;
  readonly wallMs: number;
  readonly expired: boolean;
}

/**
 * One transaction for each operation that has somewhere to go. `nowMs` is the
 * ledger's clock, by which `timeoutMs` counts; `wallMs` is for people.
 */
export function advanceOperations(
  state: ClusterState,
  ledger: CheckInLedger,
  nowMs: number,
  wallMs: number,
  timeoutMs = OPERATION_TIMEOUT_MS,
): Transaction[] {
  const transactions: Transaction[] = [];
  const running = new Set<string>();
  for (const operation of listOperations(state)) {
    if (hasEnded(operation.value)) continue;
    // The bound starts anew when a creation begins to be undone.
    const phase = `${operation.value.id} ${operation.value.state}`;
    running.add(phase);
    const expired = nowMs - ledger.operationSeenMs(phase, nowMs) >= timeoutMs;
    const writes = advance(operation, { state, ledger, wallMs, expired });
    if (writes === null) continue;
    transactions.push({
      version: 1,
      preconditions: preconditionsOf(operation, state),
      writes: transactions.length === 0
        ? [...writes, ...forgetOldOperations(state)]
        : writes,
      idempotency: null,
    });
  }
  ledger.keepOperations(running);
  return transactions;
}

/** The operation and the volume that it holds are as they were read. */
function preconditionsOf(
  operation: Versioned<OperationDocument>,
  state: ClusterState,
): Precondition[] {
  const { key, revision, value: { id, volume: name } } = operation;
  const volume = state.get<VolumeDocument>(KEYS.volume(name));
  return [
    { kind: "revision", key, revision },
    ...(volume?.value.operation === id
      ? [{
        kind: "revision" as const,
        key: volume.key,
        revision: volume.revision,
      }]
      : []),
  ];
}

function advance(
  operation: Versioned<OperationDocument>,
  round: Round,
): Write[] | null {
  const { kind, state } = operation.value;
  return kind === "volume-create" && state === "running"
    ? advanceCreation(operation.value, round)
    : advanceCleanUp(operation, round);
}

function advanceCreation(
  operation: OperationDocument,
  round: Round,
): Write[] | null {
  const key = KEYS.volume(operation.volume);
  const volume = round.state.get<VolumeDocument>(key)?.value;
  if (volume === undefined || volume.id !== operation.volumeId) {
    return [ended(operation, "failed", ["the volume is gone"], round)];
  }
  const problems: string[] = [];
  let prepared = 0;
  for (const brick of operation.bricks) {
    const view = viewOf(brick, operation, round);
    if (view === "prepared") prepared++;
    else if (view !== null) problems.push(view);
  }
  if (problems.length === 0 && prepared < operation.bricks.length) {
    if (!round.expired) return null;
    problems.push(...unpreparedBricks(operation, round));
  }
  if (problems.length > 0) return undo(operation, problems, key);
  const value: VolumeDocument = {
    ...volume,
    status: "created",
    operation: null,
  };
  return [
    { kind: "put", key, value },
    ended(operation, "succeeded", [], round),
  ];
}

/** `prepared`, the line that says why it will not be, or null while that is open. */
function viewOf(
  brick: string,
  operation: OperationDocument,
  round: Round,
): string | null {
  const { worker, path } = splitKey(brick);
  const verdict = verdictOf(worker, round);
  if (verdict === "dead" || verdict === "left") {
    return `brick ${worker}:${path}: worker ${worker} is ${verdict}`;
  }
  const observation = round.ledger.observationOf(brick);
  if (observation?.volumeId !== operation.volumeId) return null;
  return observation.state === "failed"
    ? `brick ${worker}:${path}: ${
      observation.problem ?? "the worker could not prepare it"
    }`
    : "prepared";
}

function unpreparedBricks(
  operation: OperationDocument,
  round: Round,
): string[] {
  return operation.bricks
    .filter((brick) => viewOf(brick, operation, round) === null)
    .map((brick) => {
      const { worker, path } = splitKey(brick);
      return `brick ${worker}:${path}: worker ${worker} did not prepare it in time`;
    });
}

/** Takes volume and bricks out of the desired state; the workers clean up. */
function undo(
  operation: OperationDocument,
  problems: readonly string[],
  volumeKey: string,
): Write[] {
  const value: OperationDocument = {
    ...operation,
    state: "undoing",
    problems,
    steps: [
      { name: PREPARE_STEP, done: false },
      { name: CLEAN_UP_STEP, done: false },
    ],
  };
  return [
    { kind: "delete", key: volumeKey },
    ...operation.bricks.map((key) => ({ kind: "delete" as const, key })),
    putOperation(value),
  ];
}

/** Waits until the workers that are there have cleaned up; the others will when they return. */
function advanceCleanUp(
  operation: Versioned<OperationDocument>,
  round: Round,
): Write[] | null {
  const left = operation.value.bricks.filter((brick) =>
    !isCleanedUp(brick, operation, round)
  );
  const waited = left.filter((brick) =>
    verdictOf(splitKey(brick).worker, round) === "alive"
  );
  if (waited.length > 0 && !round.expired) return null;
  const problems = left.map((brick) => {
    const { worker, path } = splitKey(brick);
    const verdict = verdictOf(worker, round);
    return verdict === "alive"
      ? `brick ${worker}:${path}: not cleaned up yet`
      : `brick ${worker}:${path}: will be cleaned up when worker ${worker}, which is ${verdict}, returns`;
  });
  const state = operation.value.kind === "volume-create"
    ? "failed"
    : "succeeded";
  return [ended(operation.value, state, problems, round, left.length === 0)];
}

function isCleanedUp(
  brick: string,
  operation: Versioned<OperationDocument>,
  round: Round,
): boolean {
  const { ledger, state } = round;
  const { worker } = splitKey(brick);
  if (state.get(KEYS.worker(worker)) === null) return true;
  const observation = ledger.observationOf(brick);
  return ledger.knowsBricksOf(worker) &&
    ledger.revisionOf(worker) >= operation.revision &&
    observation?.volumeId !== operation.value.volumeId;
}

function ended(
  operation: OperationDocument,
  state: "succeeded" | "failed",
  problems: readonly string[],
  round: Round,
  cleanedUp = false,
): Write {
  return putOperation({
    ...operation,
    state,
    problems: [...operation.problems, ...problems],
    steps: operation.steps.map((step) =>
      state === "succeeded" || (cleanedUp && step.name === CLEAN_UP_STEP)
        ? { ...step, done: true }
        : step
    ),
    endedAtMs: round.wallMs,
  });
}

function verdictOf(worker: string, round: Round): WorkerDocument["verdict"] {
  const document = round.state.get<WorkerDocument>(KEYS.worker(worker));
  return document?.value.verdict ?? "left";
}

/** The two parts of a brick's key. */
function splitKey(brick: string): { worker: string; path: string } {
  const [, worker = "", ...path] = brick.split("/");
  return { worker, path: path.join("/") };
}
