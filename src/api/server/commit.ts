/**
 * Changes of the replicated state on behalf of a request: decide, commit,
 * decide again when something came in between. The decision is the planner's.
 */

import { assert, Problem } from "../../base/mod.ts";
import type {
  Idempotency,
  Transaction,
  TransactionResult,
} from "../../cluster/mod.ts";
import type { ApiServices } from "./services.ts";

/** How often a decision is made anew before the request is refused. */
const ATTEMPTS_MAX = 5;

/** Where a committed change stands. */
export interface Committed {
  readonly revision: number;
  /** True when an earlier request with the same idempotency key did it. */
  readonly repeated: boolean;
}

/**
 * Commits what `plan` decides from the current state. `what` names the
 * resource for people. Throws the planner's Problems, `volume-busy` when
 * others always came first, and the store's.
 */
export async function commitPlan(
  services: ApiServices,
  idempotency: Idempotency | null,
  what: string,
  plan: () => Transaction,
): Promise<Committed> {
  const { store } = services;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    // A plan from a state that lags behind would refuse or undo what others did.
    await store.readBarrier();
    const earlier = repeatedOf(services, idempotency);
    if (earlier !== null) return earlier;
    const result = await store.commit({ ...plan(), idempotency });
    switch (result.kind) {
      case "committed":
        return { revision: result.revision, repeated: result.repeated };
      case "idempotencyMismatch":
        throw idempotencyMismatch();
      case "quotaExceeded":
        throw quotaExceeded(result);
      case "unknown":
        throw notUnderstood();
      case "conflict":
        break;
    }
  }
  throw new Problem(
    "volume-busy",
    `${what} kept changing while the request was decided`,
    "try again",
    { retryAfterSeconds: 1 },
  );
}

/** Decides as {@link commitPlan} does, and leaves it at that. Throws the planner's Problems and the store's. */
export async function tryPlan(
  services: ApiServices,
  plan: () => Transaction,
): Promise<void> {
  await services.store.readBarrier();
  plan();
}

/** What an earlier request with the same key did; throws Problem `idempotency-mismatch`. */
export function repeatedOf(
  services: ApiServices,
  idempotency: Idempotency | null,
): Committed | null {
  if (idempotency === null) return null;
  const record = services.store.state.idempotencyOf(idempotency.key);
  if (record === null) return null;
  if (record.digest !== idempotency.digest) throw idempotencyMismatch();
  assert(record.revision <= services.store.state.revision, "a past revision");
  return { revision: record.revision, repeated: true };
}

/** One key, two requests. */
export function idempotencyMismatch(): Problem {
  return new Problem(
    "idempotency-mismatch",
    "the Idempotency-Key was used for a different request before",
    "use a new key for each new request",
  );
}

/** The users' keys would outgrow their quota. */
export function quotaExceeded(
  { usedBytes, neededBytes, quotaBytes }: QuotaExceeded,
): Problem {
  return new Problem(
    "quota-exceeded",
    `the users' keys take ${usedBytes} of ${quotaBytes} bytes, and ${
      neededBytes - usedBytes
    } more do not fit`,
    "delete keys that are not needed, or raise the quota with `gmon config quota`",
  );
}

type QuotaExceeded = TransactionResult & { readonly kind: "quotaExceeded" };

/** The quorum refused the transaction's format. */
export function notUnderstood(): Problem {
  return new Problem(
    "internal",
    "the monitors could not understand the transaction",
    "run the same version of gmon on all monitors",
  );
}
