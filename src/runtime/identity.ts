/** `identity.json`: who a data directory belongs to. */

import { crc32c, text, utf8 } from "../base/mod.ts";

const FORMAT_VERSION = 1;

/** Who a data directory belongs to. */
export interface Identity {
  readonly role: "monitor" | "worker";
  readonly name: string;
  /** A worker's permanent identifier, made at its first start; null for monitors. */
  readonly id: string | null;
  /** The cluster, once it is known. */
  readonly clusterId: string | null;
  /** Tells the lives of a monitor's name apart; empty for founders and workers. */
  readonly incarnation: string;
  /** The monitors that the cluster was founded with, once it is known that it was; null for others. */
  readonly founders: readonly Founder[] | null;
  /** The monitor was a member, and is none any more. */
  readonly removed: boolean;
  /** A founder's directory was made, and nobody has said yet that there never was another one. */
  readonly untried: boolean;
  /** Another monitor knows that a log was here: whatever this directory begins might vote twice. */
  readonly lost: boolean;
}

/** A monitor of the first start's list, and where it was then. */
export interface Founder {
  readonly name: string;
  /** An IP address. */
  readonly address: string;
  readonly raftPort: number;
  readonly apiPort: number;
}

/** The file's content. What is the same for most is left out. */
export function encodeIdentity(identity: Identity): Uint8Array {
  const { role, name, id, clusterId } = identity;
  const { incarnation, founders, removed, untried, lost } = identity;
  const content = {
    version: FORMAT_VERSION,
    role,
    name,
    id,
    clusterId,
    ...(incarnation === "" ? {} : { incarnation }),
    ...(founders === null ? {} : { founders }),
    ...(removed ? { removed } : {}),
    ...(untried ? { untried } : {}),
    ...(lost ? { lost } : {}),
  };
  const sealed = { ...content, checksum: checksumOf(content) };
  return utf8(`${JSON.stringify(sealed, null, 2)}\n`);
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
  if (!isIntact(found)) return null;
  const {
    version,
    role,
    name,
    id,
    clusterId,
    incarnation = "",
    founders = null,
    removed = false,
    untried = false,
    lost = false,
  } = found as Record<string, unknown>;
  const isKnown = version === FORMAT_VERSION &&
    (role === "monitor" || role === "worker") &&
    typeof name === "string" && isTextOrNull(id) && isTextOrNull(clusterId) &&
    (role === "monitor") === (id === null) &&
    typeof incarnation === "string" && typeof removed === "boolean" &&
    typeof untried === "boolean" && typeof lost === "boolean" &&
    (founders === null || isListOfFounders(founders));
  return isKnown
    ? {
      role,
      name,
      id,
      clusterId,
      incarnation,
      founders,
      removed,
      untried,
      lost,
    }
    : null;
}

function isListOfFounders(value: unknown): value is readonly Founder[] {
  return Array.isArray(value) &&
    value.every((one) =>
      typeof one === "object" && one !== null &&
      typeof one.name === "string" && typeof one.address === "string" &&
      Number.isInteger(one.raftPort) && Number.isInteger(one.apiPort)
    );
}

/** Without a checksum it is of an earlier version. */
function isIntact(found: object): boolean {
  const { checksum, ...content } = found as Record<string, unknown>;
  return checksum === undefined || checksum === checksumOf(content);
}

/** Of what is said, however it is laid out. */
function checksumOf(content: object): number {
  return crc32c(utf8(JSON.stringify(content)));
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
