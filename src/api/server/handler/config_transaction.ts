/**
 * `POST /v1/transactions`: comparisons that are decided when the transaction is
 * applied, and the branch that they choose.
 */

import { LIMITS, Problem } from "../../../base/mod.ts";
import {
  type Compare,
  KEYS,
  type OperationResult,
  type TransactionResult,
  twiceWritten,
  type UserOperation,
  type UserTransaction,
} from "../../../cluster/mod.ts";
import type {
  OperationResult as OperationView,
  TransactionOutcome,
  TransactionRequest,
} from "../../contract/mod.ts";
import type { CallOf, Handlers } from "../call.ts";
import { requireCommandVersion } from "../command_version.ts";
import {
  idempotencyMismatch,
  notUnderstood,
  quotaExceeded,
} from "../commit.ts";
import { checkedKey, checkValue } from "../config_key.ts";

/** The one handler. */
export const configTransactionHandlers: Pick<Handlers, "configTransaction"> = {
  async configTransaction(call) {
    const transaction = transactionOf(call);
    await requireCommandVersion(call.services, transaction.version);
    const result = await call.services.store.commit(transaction);
    const body = outcomeOf(result);
    return { status: 200, body, revision: body.revision };
  },
};

type CompareRequest = NonNullable<TransactionRequest["compare"]>[number];
type OperationRequest = NonNullable<TransactionRequest["then"]>[number];

function transactionOf(call: CallOf<"configTransaction">): UserTransaction {
  const { body, idempotency } = call;
  return {
    version: 2,
    compares: bounded(body.compare, "compare").map(compareOf),
    then: operationsOf(body.then, "then"),
    else: operationsOf(body.else, "else"),
    idempotency,
  };
}

function bounded<T>(list: readonly T[] | undefined, field: string): T[] {
  const most = LIMITS.configTransactionOperations;
  const length = list?.length ?? 0;
  if (length <= most) return [...list ?? []];
  const message = `${length} items, the limit is ${most}`;
  throw new Problem(
    "too-large",
    `the transaction has ${message} in ${field}`,
    "split it into several transactions",
    { errors: [{ pointer: `/${field}`, message }] },
  );
}

function compareOf(compare: CompareRequest, at: number): Compare {
  if (compare.test === "unchanged") {
    const { prefix, revision } = compare;
    return { kind: "unchanged", prefix: KEYS.config(prefix), revision };
  }
  const key = KEYS.config(checkedKey(compare.key, `/compare/${at}/key`));
  switch (compare.test) {
    case "exists":
      return { kind: "revision", key, is: "greater", revision: 0 };
    case "absent":
      return { kind: "revision", key, is: "equal", revision: 0 };
    case "revision": {
      const { is = "equal", revision } = compare;
      return { kind: "revision", key, is, revision };
    }
    case "value": {
      const { is = "equal", value } = compare;
      checkValue(value, `/compare/${at}/value`);
      return { kind: "value", key, is, value };
    }
  }
}

function operationsOf(
  list: readonly OperationRequest[] | undefined,
  field: "then" | "else",
): UserOperation[] {
  const operations = bounded(list, field).map((one, at): UserOperation => {
    const key = KEYS.config(checkedKey(one.key, `/${field}/${at}/key`));
    if (one.op !== "put") return { kind: one.op, key };
    checkValue(one.value, `/${field}/${at}/value`);
    return { kind: "put", key, value: one.value };
  });
  const twice = twiceWritten(operations);
  if (twice === null) return operations;
  const pointer = `/${field}/${twice}/key`;
  throw new Problem(
    "malformed-request",
    `the key at ${pointer} is written more than once`,
    "write each key once in a branch",
    { errors: [{ pointer, message: "written before" }] },
  );
}

function outcomeOf(result: TransactionResult): TransactionOutcome {
  switch (result.kind) {
    case "committed":
      break;
    case "quotaExceeded":
      throw quotaExceeded(result);
    case "idempotencyMismatch":
      throw idempotencyMismatch();
    case "conflict":
    case "unknown":
      throw notUnderstood();
  }
  const { revision, outcome } = result;
  if (outcome === undefined) throw idempotencyMismatch();
  const { failedCompare, results } = outcome;
  return {
    succeeded: failedCompare === null,
    ...(failedCompare === null ? {} : { failedCompare }),
    revision,
    results: results.map((one) => resultView(one, revision)),
  };
}

function resultView(result: OperationResult, revision: number): OperationView {
  const key = result.key.slice(KEYS.config("").length);
  switch (result.kind) {
    case "put":
      return {
        op: "put",
        key,
        revision,
        created: result.previousRevision === 0,
      };
    case "delete":
      return { op: "delete", key, deleted: result.previousRevision !== 0 };
    case "get": {
      if (result.revision === 0) return { op: "get", key, entry: null };
      if (result.value === null) throw notKept(key, result.revision, revision);
      const { revision: at, createdRevision, value: { value } } = result;
      return {
        op: "get",
        key,
        entry: { key, value, revision: at, createdRevision },
      };
    }
  }
}

/** Only for a transaction that is asked for again much later. */
function notKept(key: string, readAt: number, revision: number): Problem {
  return new Problem(
    "compacted",
    `the transaction was carried out before, at revision ${revision}, and what ${key} held at revision ${readAt} is no longer kept`,
    "read what you need again",
    { revision },
  );
}
