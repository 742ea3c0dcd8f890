/**
 * Hashes of JSON-like values that depend on content alone: not on the order of
 * an object's keys, nor on how the value came to be. For oracles that compare
 * replicas, not for security.
 */

import type { Versioned } from "./command.ts";

/** A 32-bit hash of a JSON-like value (murmur3's mixing functions, Appleby 2008). */
export function contentHash(value: unknown): number {
  switch (typeof value) {
    case "string":
      return hashText(value);
    case "number":
      return hashNumber(value);
    case "boolean":
      return value ? 0x5bd1e995 : 0x1b873593;
    case "object":
      return value === null
        ? 0x2545f491
        : Array.isArray(value)
        ? hashList(value)
        : hashRecord(value as Record<string, unknown>);
    default:
      return 0x7feb352d;
  }
}

/** A document's hash with its key and its place in history. */
export function documentHash(document: Versioned): number {
  let hash = mix(contentHash(document.key), contentHash(document.value));
  hash = mix(hash, document.revision);
  return mix(hash, document.createdRevision);
}

/** Stirs a second hash into a first one; the order of the two matters. */
export function mix(hash: number, other: number): number {
  let k = Math.imul(other, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = hash ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return finish(Math.imul(h, 5) + 0xe6546b64);
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5 ^ text.length;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return finish(hash);
}

function hashNumber(value: number): number {
  if (Number.isSafeInteger(value)) {
    const high = Math.floor(value / 2 ** 32);
    return mix(mix(0x3c6ef372, value >>> 0), high | 0);
  }
  return mix(0x6a09e667, hashText(String(value)));
}

function hashList(list: readonly unknown[]): number {
  let hash = mix(0x510e527f, list.length);
  for (const item of list) hash = mix(hash, contentHash(item));
  return hash;
}

function hashRecord(record: Record<string, unknown>): number {
  let sum = 0;
  let fields = 0;
  for (const key in record) {
    sum = (sum + mix(hashText(key), contentHash(record[key]))) | 0;
    fields++;
  }
  return mix(mix(0x9b05688c, fields), sum);
}
