/**
 * Who belongs to the quorum, as a document that is replaced whole (thesis
 * §4.1). Addresses and the like ride along in `data`, which is opaque here.
 */

import { decode, encode } from "../base/mod.ts";
import type { MonitorName } from "./message.ts";

/** One monitor of the quorum. */
export interface Member {
  readonly name: MonitorName;
  /** False for a learner: it gets the log but has no say (thesis §4.2.1). */
  readonly voter: boolean;
  /** The driver's own, such as addresses. */
  readonly data: string;
  /**
   * Tells the lives of one name apart: a monitor that comes back with an empty
   * disk is another one, whose votes and answers must not count as those of
   * the life before. Empty for founders.
   */
  readonly incarnation: string;
  /** A learner that the leader makes a voter by itself once it has caught up. */
  readonly promote: boolean;
  /** The member that the leader removes by itself once this one is a voter. */
  readonly replaces: MonitorName | null;
}

/** All members, each name once. Empty only where a joining monitor knows of none yet. */
export type Configuration = readonly Member[];

/** Which of the log's configurations is in force. */
export interface ConfigurationInForce {
  /** Where it stands in the log; 0 for the founders'. */
  readonly index: number;
  readonly configuration: Configuration;
  /** False while it may still be taken back. */
  readonly committed: boolean;
}

const VERSION = 1;
const MEMBER_FIELDS = 6;

/** The configuration that a quorum is founded with. */
export function foundingConfiguration(
  voters: readonly MonitorName[],
): Configuration {
  return voters.map((name) => ({
    name,
    voter: true,
    data: "",
    incarnation: "",
    promote: false,
    replaces: null,
  }));
}

/** The member of a name, or null. */
export function memberOf(
  configuration: Configuration,
  name: MonitorName,
): Member | null {
  return configuration.find((member) => member.name === name) ?? null;
}

/** The bytes of a configuration, as its log entry and snapshots hold them. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  return encode([VERSION, ...configuration.map(toList)]);
}

/** The configuration of bytes; null when they are none that this version knows. */
export function decodeConfiguration(bytes: Uint8Array): Configuration | null {
  let list: unknown;
  try {
    // Of a copy: the decoder leaves a note on the array that it reads.
    list = decode(bytes.slice());
  } catch {
    return null;
  }
  if (!Array.isArray(list) || list[0] !== VERSION) return null;
  const members: Member[] = [];
  for (const fields of list.slice(1)) {
    const member = memberFrom(fields);
    if (member === null || memberOf(members, member.name)) return null;
    members.push(member);
  }
  return members;
}

function toList(member: Member): unknown[] {
  const { name, voter, data, incarnation, promote, replaces } = member;
  return [name, voter, data, incarnation, promote, replaces];
}

function memberFrom(fields: unknown): Member | null {
  // More fields are a later version's, which adds nothing that binds this one.
  if (!Array.isArray(fields) || fields.length < MEMBER_FIELDS) return null;
  const [name, voter, data, incarnation, promote, replaces] = fields;
  if (typeof name !== "string" || name === "") return null;
  if (typeof voter !== "boolean" || typeof promote !== "boolean") return null;
  if (typeof data !== "string" || typeof incarnation !== "string") return null;
  if (replaces !== null && typeof replaces !== "string") return null;
  return { name, voter, data, incarnation, promote, replaces };
}
