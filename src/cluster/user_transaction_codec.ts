/** Users' transactions as positional MessagePack: `[2, compares, then, else, idempotency]`. */

import { KEYS } from "./document.ts";
import {
  isPrefix,
  isRevision,
  unpackAll,
  unpackIdempotency,
} from "./packed.ts";
import type {
  Compare,
  Relation,
  UserOperation,
  UserTransaction,
} from "./user_transaction.ts";

const CONFIG = KEYS.config("");

/** By their place: appending is all that may ever be done here. */
const RELATIONS: readonly Relation[] = ["equal", "notEqual", "less", "greater"];

/** What is encoded. */
export function packUserTransaction(transaction: UserTransaction): unknown[] {
  const { idempotency } = transaction;
  return [
    2,
    transaction.compares.map(packCompare),
    transaction.then.map(packOperation),
    transaction.else.map(packOperation),
    idempotency === null ? null : [idempotency.key, idempotency.digest],
  ];
}

/** The transaction, or null when it is not one. */
export function unpackUserTransaction(
  raw: readonly unknown[],
): UserTransaction | null {
  if (raw.length !== 5) return null;
  const compares = unpackAll(raw[1], unpackCompare);
  const then = unpackAll(raw[2], unpackOperation);
  const otherwise = unpackAll(raw[3], unpackOperation);
  if (compares === null || then === null || otherwise === null) return null;
  if (twiceWritten(then) !== null || twiceWritten(otherwise) !== null) {
    return null;
  }
  const idempotency = raw[4] === null ? null : unpackIdempotency(raw[4]);
  if (idempotency === undefined) return null;
  return { version: 2, compares, then, else: otherwise, idempotency };
}

/** The place of the first operation that writes a key written before it, or null. */
export function twiceWritten(
  operations: readonly UserOperation[],
): number | null {
  const written = new Set<string>();
  for (const [at, { kind, key }] of operations.entries()) {
    if (kind === "get") continue;
    if (written.has(key)) return at;
    written.add(key);
  }
  return null;
}

function packCompare(compare: Compare): unknown[] {
  switch (compare.kind) {
    case "revision": {
      const { key, is, revision } = compare;
      return [0, key, RELATIONS.indexOf(is), revision];
    }
    case "value":
      return [1, compare.key, RELATIONS.indexOf(compare.is), compare.value];
    case "unchanged":
      return [2, compare.prefix, compare.revision];
  }
}

function unpackCompare(raw: unknown[]): Compare | null {
  if (raw[0] === 2) {
    const [, prefix, revision] = raw;
    return raw.length === 3 && isPrefix(prefix) && prefix.startsWith(CONFIG) &&
        isRevision(revision)
      ? { kind: "unchanged", prefix, revision }
      : null;
  }
  const [kind, key, relation, operand] = raw;
  if (raw.length !== 4 || !isConfigKey(key)) return null;
  const is = typeof relation === "number" ? RELATIONS[relation] : undefined;
  if (is === undefined) return null;
  if (kind === 0) {
    return isRevision(operand)
      ? { kind: "revision", key, is, revision: operand }
      : null;
  }
  if (kind !== 1 || typeof operand !== "string") return null;
  return is === "equal" || is === "notEqual"
    ? { kind: "value", key, is, value: operand }
    : null;
}

function packOperation(operation: UserOperation): unknown[] {
  switch (operation.kind) {
    case "put":
      return [0, operation.key, operation.value];
    case "delete":
      return [1, operation.key];
    case "get":
      return [2, operation.key];
  }
}

function unpackOperation(raw: unknown[]): UserOperation | null {
  const [kind, key, value] = raw;
  if (!isConfigKey(key)) return null;
  if (kind === 0) {
    return raw.length === 3 && typeof value === "string"
      ? { kind: "put", key, value }
      : null;
  }
  if (raw.length !== 2) return null;
  if (kind === 1) return { kind: "delete", key };
  return kind === 2 ? { kind: "get", key } : null;
}

/** A user's transaction reaches nothing but the users' keys. */
function isConfigKey(value: unknown): value is string {
  return isPrefix(value) && value.startsWith(CONFIG);
}
