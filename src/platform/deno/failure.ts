/** Deno's and the kernel's errors in the words of the ports. */

import { constants } from "node:os";
import { DiskError, NetworkError } from "../ports.ts";

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

const NETWORK_REASONS: Readonly<Record<string, NetworkError["reason"]>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  ENOENT: "refused",
  EADDRINUSE: "in-use",
};

/** The name of an error number, e.g. `ENOENT`; `EIO` for one that has none. */
export function errnoName(number: number): string {
  return ERRNO_NAMES.get(number) ?? "EIO";
}

/** The name of the error number behind an error, or null when none can be found. */
export function errnoOf(error: unknown): string | null {
  let at: unknown = error;
  for (let depth = 0; depth < 4; depth++) {
    if (!(at instanceof Error)) return null;
    const code = (at as { code?: unknown }).code;
    if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) return code;
    const number = /\(os error (\d+)\)/.exec(at.message)?.[1];
    if (number !== undefined) return errnoName(Number(number));
    at = at.cause;
  }
  return null;
}

/** What the disk refused, at which path. */
export function diskError(error: unknown, path: string): DiskError {
  if (error instanceof DiskError) return error;
  const code = errnoOf(error) ?? "EIO";
  return new DiskError(code, path, `${path}: ${messageOf(error)}`);
}

/** Why the network refused; `closed` unless something more exact is known. */
export function networkError(error: unknown, what: string): NetworkError {
  if (error instanceof NetworkError) return error;
  const message = messageOf(error);
  const unresolved = /failed to lookup|resolve/i.test(message);
  const reason = unresolved
    ? "unreachable"
    : NETWORK_REASONS[errnoOf(error) ?? ""] ?? "closed";
  return new NetworkError(reason, `${what}: ${message}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
