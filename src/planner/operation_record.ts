/** Operation documents: made, ended, and forgotten in bounded number. */

import { LIMITS } from "../base/mod.ts";
import {
  type ClusterState,
  KEYS,
  listOperations,
  type OperationDocument,
  type Write,
} from "../cluster/mod.ts";

/** How a new operation begins. */
export interface OperationStart {
  readonly id: string;
  readonly kind: OperationDocument["kind"];
  readonly volume: string;
  readonly volumeId: string;
  readonly bricks: readonly string[];
  readonly steps: readonly { readonly name: string; readonly done: boolean }[];
  readonly wallMs: number;
}

/** The write that records a new operation. */
export function beginOperation(start: OperationStart): Write {
  const { wallMs, ...described } = start;
  const value: OperationDocument = {
    ...described,
    state: "running",
    problems: [],
    startedAtMs: wallMs,
    endedAtMs: null,
  };
  return putOperation(value);
}

/** The write that replaces an operation's document. */
export function putOperation(value: OperationDocument): Write {
  return { kind: "put", key: KEYS.operation(value.id), value };
}

/** True once the operation neither runs nor undoes. */
export function hasEnded(operation: OperationDocument): boolean {
  return operation.state === "succeeded" || operation.state === "failed";
}

/** The writes that forget the oldest ended operations beyond `LIMITS.endedOperations`. */
export function forgetOldOperations(state: ClusterState): Write[] {
  const operations = listOperations(state);
  const excess = operations.length - LIMITS.endedOperations;
  if (excess <= 0) return [];
  const ended = operations.filter(({ value }) => hasEnded(value));
  return ended
    .sort((a, b) => a.createdRevision - b.createdRevision)
    .slice(0, Math.max(0, ended.length - LIMITS.endedOperations))
    .map(({ key }) => ({ kind: "delete", key }));
}
