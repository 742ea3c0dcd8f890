/**
 * Where a monitor is, as the opaque `data` of a member that consensus carries
 * along, and as the greeting among monitors tells it.
 */

import { Problem } from "../../base/mod.ts";
import type { Address } from "../../platform/mod.ts";
import type { MemberPlace, StoreOptions } from "./store_contract.ts";

const ADDRESS_LENGTH = 64;
const PORT_MAX = 65_535;

/** The data of a member. */
export function encodePlace(place: MemberPlace): string {
  const { address, raftPort, apiPort } = place;
  return JSON.stringify({ address, raftPort, apiPort });
}

/** The place in a member's data; null when there is none, as with founders of old. */
export function decodePlace(data: string): MemberPlace | null {
  if (data === "") return null;
  try {
    return readPlace(JSON.parse(data));
  } catch {
    return null;
  }
}

/** The place that some value is, or null. */
export function readPlace(value: unknown): MemberPlace | null {
  if (typeof value !== "object" || value === null) return null;
  const { address, raftPort, apiPort } = value as Record<string, unknown>;
  if (typeof address !== "string" || !isAddress(address)) return null;
  if (!isPort(raftPort) || !isPort(apiPort)) return null;
  return { address, raftPort, apiPort };
}

/** Throws Problem `malformed-request` when nobody can be there. */
export function checkPlace(name: string, place: MemberPlace): void {
  if (readPlace(place) !== null) return;
  const { address, raftPort, apiPort } = place;
  throw new Problem(
    "malformed-request",
    `${address} with the ports ${raftPort} and ${apiPort} is no place for monitor ${name}`,
    "give an IP address and two ports from 1 to 65535",
  );
}

/** Where a monitor says that it is. */
export function ownPlaceOf(
  { raftAddress: { host, port }, apiPort }: Pick<
    StoreOptions,
    "raftAddress" | "apiPort"
  >,
): MemberPlace {
  return { address: host, raftPort: port, apiPort };
}

/** True for two that are the same. */
export function isSamePlace(one: MemberPlace, other: MemberPlace): boolean {
  return one.address === other.address && one.raftPort === other.raftPort &&
    one.apiPort === other.apiPort;
}

/** Where the other monitors call. */
export function raftAddress({ address, raftPort }: MemberPlace): Address {
  return { host: address, port: raftPort };
}

/** An IP address, roughly: what it is not is found out when it is called. */
function isAddress(text: string): boolean {
  return text.length <= ADDRESS_LENGTH &&
    /^[0-9a-fA-F:.]+$/.test(text) && /[.:]/.test(text);
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 &&
    (value as number) <= PORT_MAX;
}
