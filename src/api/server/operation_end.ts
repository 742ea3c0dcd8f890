/** Operations that a request began or waits for. */

import { Problem } from "../../base/mod.ts";
import {
  KEYS,
  listOperations,
  type OperationDocument,
  type Versioned,
} from "../../cluster/mod.ts";
import type { ApiServices } from "./services.ts";
import { waitFor } from "./wait.ts";

/** Waits until the operation has ended or is forgotten, at most `waitMs`; answers its last known form. */
export async function operationEnded(
  services: ApiServices,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Versioned<OperationDocument> | null> {
  const key = KEYS.operation(id);
  let last: Versioned<OperationDocument> | null = null;
  await waitFor(services, waitMs, signal, () => {
    const now = services.store.state.get<OperationDocument>(key);
    last = now ?? last;
    return now === null || isEnded(now.value);
  });
  return last;
}

/** True when nothing more will happen to it. */
export function isEnded(operation: OperationDocument): boolean {
  return operation.state === "succeeded" || operation.state === "failed";
}

/** The operation that the transaction of this revision began, while it is kept. */
export function operationBegunAt(
  services: ApiServices,
  revision: number,
): Versioned<OperationDocument> | null {
  return listOperations(services.store.state)
    .find((operation) => operation.createdRevision === revision) ?? null;
}

/** Why an operation failed, as a refusal. */
export function operationFailure(operation: OperationDocument): Problem {
  const reasons = operation.problems.join("; ") || "no reason is known";
  const isCreation = operation.kind === "volume-create";
  return new Problem(
    isCreation ? "brick-preparation-failed" : "operation-failed",
    isCreation
      ? `volume ${operation.volume} was not created: ${reasons}`
      : `${operation.kind} of ${operation.volume} failed: ${reasons}`,
    // Its last step is the cleaning up.
    operation.steps.at(-1)?.done === true
      ? "put that right and try again; nothing was left behind"
      : "put that right and try again",
    { operation: operation.id },
  );
}
