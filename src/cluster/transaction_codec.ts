/**
 * Commands as bytes: what a log entry holds. Positional MessagePack, small and
 * quick to check: `[1, preconditions, writes, idempotency]`, or for a user's
 * transaction `[2, compares, then, else, idempotency]`. `[3, atMs, command]` says
 * when one of these was proposed. Whatever a journal or a monitor hands over is checked before it is believed.
 */

import { decode, encode, LIMITS, Problem } from "../base/mod.ts";
import {
  type Command,
  type Precondition,
  STAMPED_VERSION,
  type Transaction,
  type Write,
} from "./command.ts";
import type { Document } from "./document.ts";
import {
  isKey,
  isPrefix,
  isRevision,
  unpackAll,
  unpackIdempotency,
} from "./packed.ts";
import {
  packUserTransaction,
  unpackUserTransaction,
} from "./user_transaction_codec.ts";

const DEPTH_MAX = 16;

/** The bytes of a command. Throws Problem `too-large` beyond `LIMITS.commandBytes` or `LIMITS.transactionOperations`. */
export function encodeTransaction(command: Command): Uint8Array {
  const operations = command.version === 1
    ? Math.max(command.preconditions.length, command.writes.length)
    : Math.max(
      command.compares.length,
      command.then.length,
      command.else.length,
    );
  if (operations > LIMITS.transactionOperations) {
    throw new Problem(
      "too-large",
      `the change has ${operations} parts, the limit is ${LIMITS.transactionOperations}`,
      "split it into several changes",
    );
  }
  const packed = command.version === 1
    ? packTransaction(command)
    : packUserTransaction(command);
  const { atMs } = command;
  const bytes = encode(
    atMs === undefined ? packed : [STAMPED_VERSION, atMs, packed],
  );
  if (bytes.length > LIMITS.commandBytes) {
    throw new Problem(
      "too-large",
      `the change is ${bytes.length} bytes long, the limit is ${LIMITS.commandBytes}`,
      "split it into several changes",
    );
  }
  return bytes;
}

/** The command, or null when the bytes are not one that this version understands. */
export function decodeTransaction(bytes: Uint8Array): Command | null {
  if (bytes.length > LIMITS.commandBytes) return null;
  let raw: unknown;
  try {
    raw = decode(bytes);
  } catch {
    return null;
  }
  if (!Array.isArray(raw)) return null;
  if (raw[0] !== STAMPED_VERSION) return unpackCommand(raw);
  const [, atMs, packed] = raw;
  const isStamped = raw.length === 3 && Number.isSafeInteger(atMs) &&
    atMs >= 0 && Array.isArray(packed);
  const command = isStamped ? unpackCommand(packed) : null;
  return command && { ...command, atMs };
}

function unpackCommand(raw: readonly unknown[]): Command | null {
  switch (raw[0]) {
    case 1:
      return unpackTransaction(raw);
    case 2:
      return unpackUserTransaction(raw);
    default:
      return null;
  }
}

function packTransaction(transaction: Transaction): unknown[] {
  const { version, preconditions, writes, idempotency } = transaction;
  return [
    version,
    preconditions.map(packPrecondition),
    writes.map((write) =>
      write.kind === "put" ? [0, write.key, write.value] : [1, write.key]
    ),
    idempotency === null ? null : [idempotency.key, idempotency.digest],
  ];
}

function unpackTransaction(raw: readonly unknown[]): Transaction | null {
  if (raw.length !== 4) return null;
  const preconditions = unpackAll(raw[1], unpackPrecondition);
  const writes = unpackAll(raw[2], unpackWrite);
  if (preconditions === null || writes === null) return null;
  const idempotency = raw[3] === null ? null : unpackIdempotency(raw[3]);
  if (idempotency === undefined) return null;
  return { version: 1, preconditions, writes, idempotency };
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
