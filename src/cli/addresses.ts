/** Addresses as people write them. */

import type { Address } from "../platform/mod.ts";
import { usage } from "./arguments.ts";

/** `HOST`, `HOST:PORT`, `[V6]:PORT` or a bare IPv6 address; throws Problem `usage` naming `origin`. */
export function parseAddress(
  text: string,
  defaultPort: number,
  origin: string,
): Address {
  const plain = text.replace(/^http:\/\//, "").replace(/\/$/, "");
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::(\d+))?$/.exec(plain);
  const match = bracketed ??
    (isIpv6(plain)
      ? [plain, plain]
      : /^([A-Za-z0-9._-]+)(?::(\d+))?$/.exec(plain));
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (match === null || port < 1 || port > 65535) {
    throw usage(
      `${origin} ${JSON.stringify(text)} is not an address`,
      "write HOST or HOST:PORT, e.g. 10.0.0.1:24010",
    );
  }
  return { host: match[1]!, port };
}

/** True for an IPv4 or IPv6 address. */
export function isIpAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

function isIpv4(text: string): boolean {
  const octets = text.split(".");
  return octets.length === 4 &&
    octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
}

/** RFC 4291 §2.2: eight groups, one run of zeros left out, the last two perhaps as IPv4. */
function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => half === "" ? [] : half.split(":"));
  const last = groups.at(-1);
  const hasIpv4 = last !== undefined && isIpv4(last);
  const plain = hasIpv4 ? groups.slice(0, -1) : groups;
  const count = plain.length + (hasIpv4 ? 2 : 0);
  return plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) &&
    (halves.length === 2 ? count < 8 : count === 8);
}
