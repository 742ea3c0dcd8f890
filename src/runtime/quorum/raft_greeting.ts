/**
 * The greeting among monitors: the first frame in each direction of a
 * connection, a MessagePack map. Versions may add fields to it, and take what
 * is missing as not said.
 */

import { decode, encode } from "../../base/mod.ts";
import { frame } from "../stream_frames.ts";
import { readPlace } from "./member_place.ts";
import type { MemberPlace } from "./store_contract.ts";

/** Version of what monitors say to one another, Raft's own messages aside. */
export const RAFT_PROTOCOL = 1;

/** No greeting is longer. */
export const GREETING_BYTES = 4096;

/** Who calls whom; the first frame of the caller. */
export interface Hello {
  readonly protocol: number;
  /** Null before the caller knows its cluster. */
  readonly clusterId: string | null;
  readonly from: string;
  readonly to: string;
  /** The caller's life; empty for founders. */
  readonly incarnation: string;
  /** Where the caller is to be called back; null from versions that did not say. */
  readonly place: MemberPlace | null;
  /** The index of the latest configuration that the caller knows to list it; -1 for none, or not said. */
  readonly listedIndex: number;
  /** It keeps leases (thesis §6.4.1); false when not said. */
  readonly leases: boolean;
  /** Its log is empty; false when not said. */
  readonly empty: boolean;
}

/** The answer to a {@link Hello}; the first frame of the called. */
export interface Welcome {
  readonly protocol: number;
  readonly clusterId: string | null;
  readonly name: string;
  /** Why the call is refused, or null. */
  readonly refusal: Refusal | null;
  /** The called one's life. */
  readonly incarnation: string;
  /** The index of the last configuration that the called one knows to be committed; -1 for none, or not said. */
  readonly membersIndex: number;
  /** It keeps leases; false when not said. */
  readonly leases: boolean;
  /** Its log is empty; false when not said. */
  readonly empty: boolean;
}

/** Why two monitors do not talk. */
export type Refusal =
  | "protocol"
  | "cluster"
  | "unknown-name"
  /** It has lost its log: it might vote again where it has voted. */
  | "forgetful"
  | "wrong-address"
  /** Nobody says it: the caller finds that the called one is in another life. */
  | "other-life";

/** The frame of a greeting. */
export function greet(greeting: Hello | Welcome): Uint8Array {
  return frame(encode(greeting));
}

/** The caller's greeting, or null when it is none. */
export function readHello(payload: Uint8Array): Hello | null {
  const fields = readFields(payload);
  if (fields === null) return null;
  const { protocol, clusterId, from, to, incarnation = "" } = fields;
  const isKnown = typeof protocol === "number" && isTextOrNull(clusterId) &&
    typeof from === "string" && typeof to === "string" &&
    typeof incarnation === "string";
  if (!isKnown) return null;
  const place = readPlace(fields.place);
  return {
    protocol,
    clusterId,
    from,
    to,
    incarnation,
    place,
    listedIndex: readIndex(fields.listedIndex),
    leases: fields.leases === true,
    empty: fields.empty === true,
  };
}

/** The called one's greeting, or null when it is none. */
export function readWelcome(payload: Uint8Array): Welcome | null {
  const fields = readFields(payload);
  if (fields === null) return null;
  const { protocol, clusterId, name, incarnation = "" } = fields;
  const isKnown = typeof protocol === "number" && isTextOrNull(clusterId) &&
    typeof name === "string" && isTextOrNull(fields.refusal) &&
    typeof incarnation === "string";
  if (!isKnown) return null;
  const refusal = fields.refusal as Refusal | null;
  return {
    protocol,
    clusterId,
    name,
    refusal,
    incarnation,
    membersIndex: readIndex(fields.membersIndex),
    leases: fields.leases === true,
    empty: fields.empty === true,
  };
}

function readFields(payload: Uint8Array): Record<string, unknown> | null {
  try {
    const fields = decode(payload);
    const isMap = typeof fields === "object" && fields !== null;
    return isMap ? fields as Record<string, unknown> : null;
  } catch {
    return null;
  }
}

function readIndex(value: unknown): number {
  return Number.isSafeInteger(value) ? value as number : -1;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
