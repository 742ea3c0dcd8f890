/**
 * Where the monitors are, as a worker knows it: told at its start, and again
 * with every check-in. The latest word is kept on disk, so that a worker that
 * was started with addresses of long ago finds a quorum that has moved since.
 */

import { asProblem, text, utf8 } from "../../base/mod.ts";
import type { Address, Ports } from "../../platform/mod.ts";

const FORMAT_VERSION = 1;

/** The monitors' API addresses. */
export interface KnownMonitors {
  /** At least one; those of the latest word first, then those of the start. */
  readonly addresses: readonly Address[];
  /** Takes in the latest word; an empty one says nothing. */
  learn(monitors: readonly Address[]): void;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** `path`: the file that keeps the latest word; `configured`: at least one. Rejects with DiskError. */
export async function openKnownMonitors(
  ports: Pick<Ports, "disk" | "log">,
  path: string,
  configured: readonly Address[],
): Promise<KnownMonitors> {
  const kept = await ports.disk.read(path);
  let latest = kept === null ? [] : decodeMonitors(kept) ?? [];
  let addresses = union(latest, configured);
  let writing: Promise<void> = Promise.resolve();

  async function keep(monitors: readonly Address[]): Promise<void> {
    try {
      await ports.disk.replace(path, encodeMonitors(monitors), 0o600);
    } catch (error) {
      ports.log.write("error", "the monitors could not be kept on disk", {
        path,
        problem: asProblem(error).line,
      });
    }
  }

  if (kept !== null && latest.length === 0) {
    ports.log.write("warn", "the kept monitors are unreadable", { path });
  }
  return {
    get addresses() {
      return addresses;
    },
    learn(monitors): void {
      if (monitors.length === 0 || isSame(monitors, latest)) return;
      latest = [...monitors];
      addresses = union(latest, configured);
      writing = writing.then(() => keep(monitors));
    },
    close: () => writing,
  };
}

function union(
  first: readonly Address[],
  second: readonly Address[],
): Address[] {
  const more = second.filter((one) => !first.some((it) => isAt(it, one)));
  return [...first, ...more];
}

function isSame(some: readonly Address[], others: readonly Address[]): boolean {
  return some.length === others.length &&
    some.every((one, at) => isAt(one, others[at]!));
}

function isAt(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}

function encodeMonitors(monitors: readonly Address[]): Uint8Array {
  return utf8(`${JSON.stringify({ version: FORMAT_VERSION, monitors })}\n`);
}

/** Null for what is none of this version's. */
function decodeMonitors(content: Uint8Array): Address[] | null {
  let found: unknown;
  try {
    found = JSON.parse(text(content));
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null) return null;
  const { version, monitors } = found as Record<string, unknown>;
  if (version !== FORMAT_VERSION || !Array.isArray(monitors)) return null;
  return monitors.every(isAddress)
    ? monitors.map(({ host, port }) => ({ host, port }))
    : null;
}

function isAddress(value: unknown): value is Address {
  if (typeof value !== "object" || value === null) return false;
  const { host, port } = value as Record<string, unknown>;
  return typeof host === "string" && Number.isInteger(port) &&
    (port as number) > 0 && (port as number) < 65_536;
}
