/** `identity.json`: who a data directory belongs to. */

import { text, utf8 } from "../base/mod.ts";

const FORMAT_VERSION = 1;

/** Who a data directory belongs to. */
export interface Identity {
  readonly role: "monitor" | "worker";
  readonly name: string;
  /** A worker's permanent identifier, made at its first start; null for monitors. */
  readonly id: string | null;
  /** The cluster, once it is known. */
  readonly clusterId: string | null;
}

/** The file's content. */
export function encodeIdentity(identity: Identity): Uint8Array {
  const content = { version: FORMAT_VERSION, ...identity };
  return utf8(`${JSON.stringify(content, null, 2)}\n`);
}

/** The identity in a file's content, or null when it is not one of this version. */
export function decodeIdentity(content: Uint8Array): Identity | null {
  let found: unknown;
  try {
    found = JSON.parse(text(content));
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null) return null;
  const { version, role, name, id, clusterId } = found as Record<
    string,
    unknown
  >;
  const isKnown = version === FORMAT_VERSION &&
    (role === "monitor" || role === "worker") &&
    typeof name === "string" && isTextOrNull(id) && isTextOrNull(clusterId) &&
    (role === "monitor") === (id === null);
  return isKnown ? { role, name, id, clusterId } : null;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
