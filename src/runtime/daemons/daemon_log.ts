/** Why a GlusterFS daemon ended, in its own words: the last error in its log. */

import { text } from "../../base/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import { readFully } from "../journal/mod.ts";

const TAIL_BYTES = 16_384;
const LINE_LENGTH_MAX = 300;

/** The last error line of a log, or "" when there is none or it cannot be read. */
export async function lastError(ports: Ports, path: string): Promise<string> {
  try {
    const file = await ports.disk.open(path);
    try {
      const size = await file.size();
      const offset = Math.max(0, size - TAIL_BYTES);
      return errorIn(text(await readFully(file, path, offset, TAIL_BYTES)));
    } finally {
      await file.close();
    }
  } catch {
    return "";
  }
}

/**
 * The most telling error among GlusterFS's log lines (`[time] E [source] 0-name: message`):
 * a taken port if there is one, else the first error after the last start.
 */
export function errorIn(log: string): string {
  const started = log.lastIndexOf("Started running version");
  const lines = log.slice(Math.max(0, started)).split("\n");
  const errors = lines.flatMap((line) => {
    const found = /^\[[^\]]*\] [EC] (?:\[MSGID: \d+\] )?\[[^\]]*\] (.*)$/
      .exec(line.trimEnd());
    return found === null ? [] : [found[1]!.trim()];
  });
  const chosen = errors.find((error) => error.includes(ADDRESS_IN_USE)) ??
    errors[0] ?? "";
  return chosen.length > LINE_LENGTH_MAX
    ? `${chosen.slice(0, LINE_LENGTH_MAX)}…`
    : chosen;
}

/** True when a daemon ended because its port was taken. */
export function isAddressInUse(reason: string): boolean {
  return reason.includes(ADDRESS_IN_USE);
}

const ADDRESS_IN_USE = "Address already in use";
