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
  const isBareV6 = plain.split(":").length > 2 &&
    /^[0-9a-fA-F:.]+$/.test(plain);
  const match = bracketed ??
    (isBareV6 ? [plain, plain] : /^([A-Za-z0-9._-]+)(?::(\d+))?$/.exec(plain));
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
  const octets = text.split(".");
  const isV4 = octets.length === 4 &&
    octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
  return isV4 || (text.includes(":") && /^[0-9a-fA-F:.]+$/.test(text));
}
