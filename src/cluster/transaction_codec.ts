/**
 * Transactions as bytes: what a log entry holds. Positional MessagePack
 * `[version, preconditions, writes, idempotency]`, small and quick to check.
 * Whatever a journal or a monitor hands over is checked before it is believed.
 */

import { decode, encode, LIMITS, Problem } from "../base/mod.ts";
import type {
  Idempotency,
  Precondition,
  Transaction,
  Write,
} from "./command.ts";
import type { Document } from "./document.ts";

const VERSION = 1;
const DEPTH_MAX = 16;

/** The bytes of a transaction. Throws Problem `too-large` beyond `LIMITS.commandBytes` or `LIMITS.transactionOperations`. */
export function encodeTransaction(transaction: Transaction): Uint8Array {
  const { preconditions, writes, idempotency } = transaction;
  const operations = Math.max(preconditions.length, writes.length);
  if (operations > LIMITS.transactionOperations) {
    throw new Problem(
      "too-large",
      `the change has ${operations} parts, the limit is ${LIMITS.transactionOperations}`,
      "split it into several changes",
    );
  }
  const bytes = encode([
    transaction.version,
    preconditions.map(packPrecondition),
    writes.map((write) =>
      write.kind === "put" ? [0, write.key, write.value] : [1, write.key]
    ),
    idempotency === null ? null : [idempotency.key, idempotency.digest],
  ]);
  if (bytes.length > LIMITS.commandBytes) {
    throw new Problem(
      "too-large",
      `the change is ${bytes.length} bytes long, the limit is ${LIMITS.commandBytes}`,
      "split it into several changes",
    );
  }
  return bytes;
}

/** The transaction, or null when the bytes are not one that this version understands. */
export function decodeTransaction(bytes: Uint8Array): Transaction | null {
  if (bytes.length > LIMITS.commandBytes) return null;
  let raw: unknown;
  try {
    raw = decode(bytes);
  } catch {
    return null;
  }
  if (!Array.isArray(raw) || raw.length !== 4 || raw[0] !== VERSION) {
    return null;
  }
  const preconditions = unpackAll(raw[1], unpackPrecondition);
  const writes = unpackAll(raw[2], unpackWrite);
  if (preconditions === null || writes === null) return null;
  const idempotency = raw[3] === null ? null : unpackIdempotency(raw[3]);
  if (idempotency === undefined) return null;
  return { version: VERSION, preconditions, writes, idempotency };
}

function packPrecondition(precondition: Precondition): unknown[] {
  switch (precondition.kind) {
    case "absent":
      return [0, precondition.key];
    case "revision":
      return [1, precondition.key, precondition.revision];
    case "unchanged":
      return [2, precondition.prefix, precondition.revision];
  }
}

function unpackAll<T>(
  raw: unknown,
  unpack: (item: unknown[]) => T | null,
): T[] | null {
  if (!Array.isArray(raw) || raw.length > LIMITS.transactionOperations) {
    return null;
  }
  const items: T[] = [];
  for (const item of raw) {
    const unpacked = Array.isArray(item) ? unpack(item) : null;
    if (unpacked === null) return null;
    items.push(unpacked);
  }
  return items;
}

function unpackPrecondition(raw: unknown[]): Precondition | null {
  const [kind, key, revision] = raw;
  if (kind === 0 && raw.length === 2 && isKey(key)) {
    return { kind: "absent", key };
  }
  if (raw.length !== 3 || !isRevision(revision)) return null;
  if (kind === 1 && isKey(key)) return { kind: "revision", key, revision };
  if (kind === 2 && isPrefix(key)) {
    return { kind: "unchanged", prefix: key, revision };
  }
  return null;
}

function unpackWrite(raw: unknown[]): Write | null {
  const [kind, key, value] = raw;
  if (!isKey(key)) return null;
  if (kind === 1 && raw.length === 2) return { kind: "delete", key };
  if (kind !== 0 || raw.length !== 3) return null;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return null;
  }
  if (!isPlain(value, DEPTH_MAX)) return null;
  return { kind: "put", key, value: value as Document };
}

function unpackIdempotency(raw: unknown): Idempotency | undefined {
  if (!Array.isArray(raw) || raw.length !== 2) return undefined;
  const [key, digest] = raw;
  return isKey(key) && isKey(digest) ? { key, digest } : undefined;
}

function isKey(value: unknown): value is string {
  return isPrefix(value) && value.length > 0;
}

function isPrefix(value: unknown): value is string {
  return typeof value === "string" && value.length <= LIMITS.documentKeyLength;
}

function isRevision(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON's own kinds of values and nothing else, to a bounded depth. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlain(item, depth - 1)) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const record = value as Record<string, unknown>;
  for (const key in record) {
    if (!isPlain(record[key], depth - 1)) return false;
  }
  return true;
}
