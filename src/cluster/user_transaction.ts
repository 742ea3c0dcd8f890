/**
 * Version 2 of commands: a user's transaction over `config/`. Its comparisons
 * are decided when it is applied, by what the state holds just then, and choose
 * between two lists of operations, as in etcd. Keys are whole document keys.
 */

import type { Idempotency, Stamped } from "./command.ts";
import type { ConfigDocument } from "./document.ts";

/** Applied as one: either all of `then`, or all of `else`. */
export interface UserTransaction extends Stamped {
  readonly version: 2;
  readonly compares: readonly Compare[];
  /** Carried out when every comparison holds. No key is written twice. */
  readonly then: readonly UserOperation[];
  /** Carried out otherwise. */
  readonly else: readonly UserOperation[];
  readonly idempotency: Idempotency | null;
}

/** How two things must stand to one another. */
export type Relation = "equal" | "notEqual" | "less" | "greater";

/** What must hold just before the operations. */
export type Compare =
  /** The key's revision; 0 when there is no such key. */
  | {
    readonly kind: "revision";
    readonly key: string;
    readonly is: Relation;
    readonly revision: number;
  }
  /** The key's value; a key that does not exist equals no value. */
  | {
    readonly kind: "value";
    readonly key: string;
    readonly is: "equal" | "notEqual";
    readonly value: string;
  }
  /** Nothing under `prefix` was put or deleted after `revision`. */
  | {
    readonly kind: "unchanged";
    readonly prefix: string;
    readonly revision: number;
  };

/** One step. They are carried out in order: a `get` sees what was put before it. */
export type UserOperation =
  | { readonly kind: "put"; readonly key: string; readonly value: string }
  /** Deleting what is not there changes nothing. */
  | { readonly kind: "delete"; readonly key: string }
  | { readonly kind: "get"; readonly key: string };

/** What was decided and done. */
export interface UserOutcome {
  /** The first comparison that did not hold, counted from 0; null when all did. */
  readonly failedCompare: number | null;
  /** One for each operation of the branch taken, in order. */
  readonly results: readonly OperationResult[];
}

/** What one operation did or found. */
export type OperationResult =
  /** Revisions before the transaction; 0 when there was no such key. */
  | {
    readonly kind: "put";
    readonly key: string;
    readonly previousRevision: number;
  }
  | {
    readonly kind: "delete";
    readonly key: string;
    readonly previousRevision: number;
  }
  | {
    readonly kind: "get";
    readonly key: string;
    /** 0 when there was no such key. */
    readonly revision: number;
    readonly createdRevision: number;
    /** Null when there was no such key, or when what a repeated transaction once read is no longer kept. */
    readonly value: ConfigDocument | null;
  };

/** The operations of the branch that an outcome tells of. */
export function branchOf(
  transaction: UserTransaction,
  failedCompare: number | null,
): readonly UserOperation[] {
  return failedCompare === null ? transaction.then : transaction.else;
}

/**
 * An outcome without keys and values, small enough to be remembered with an
 * idempotency key: the failed comparison or -1, then for each operation its
 * previous revision, or for a `get` its revision and created revision.
 */
export type PackedOutcome = readonly number[];

/** See {@link PackedOutcome}. */
export function packOutcome(outcome: UserOutcome): PackedOutcome {
  const packed = [outcome.failedCompare ?? -1];
  for (const result of outcome.results) {
    if (result.kind === "get") {
      packed.push(result.revision, result.createdRevision);
    } else packed.push(result.previousRevision);
  }
  return packed;
}

/**
 * The outcome again, for the same transaction; `valueAt` finds what a key held
 * as of one of its revisions. Null when the numbers do not fit the transaction.
 */
export function unpackOutcome(
  packed: PackedOutcome,
  transaction: UserTransaction,
  valueAt: (key: string, revision: number) => ConfigDocument | null,
): UserOutcome | null {
  const failedCompare = packed[0] === -1 ? null : packed[0] ?? null;
  const results: OperationResult[] = [];
  let at = 1;
  for (const { kind, key } of branchOf(transaction, failedCompare)) {
    if (kind !== "get") {
      const previousRevision = packed[at++] ?? 0;
      results.push({ kind, key, previousRevision });
      continue;
    }
    const revision = packed[at++] ?? 0;
    const createdRevision = packed[at++] ?? 0;
    const value = revision === 0 ? null : valueAt(key, revision);
    results.push({ kind, key, revision, createdRevision, value });
  }
  return at === packed.length ? { failedCompare, results } : null;
}
