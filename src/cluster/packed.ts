/** Checks of what positional MessagePack holds, shared by the versions of commands. */

import { LIMITS } from "../base/mod.ts";
import type { Idempotency } from "./command.ts";

/** Each item by `unpack`; null when there are too many, or when one does not fit. */
export function unpackAll<T>(
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

/** `[key, digest]`; undefined when it is anything else. */
export function unpackIdempotency(raw: unknown): Idempotency | undefined {
  if (!Array.isArray(raw) || raw.length !== 2) return undefined;
  const [key, digest] = raw;
  return isKey(key) && isKey(digest) ? { key, digest } : undefined;
}

/** A key of a document, of bounded length. */
export function isKey(value: unknown): value is string {
  return isPrefix(value) && value.length > 0;
}

/** As a key, or empty. */
export function isPrefix(value: unknown): value is string {
  return typeof value === "string" && value.length <= LIMITS.documentKeyLength;
}

/** A revision, or 0. */
export function isRevision(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
