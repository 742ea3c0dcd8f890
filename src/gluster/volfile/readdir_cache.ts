/** How one budget of memory for reading directories ahead is spread (VOLGEN.md §3.2). */

import { enabled, type Options, optionValue } from "./option_values.ts";
import { subvolumesOf, type VolumeForVolfile } from "./volume.ts";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
  PB: 1024 ** 5,
};

/** The least that one request for directory entries may ask for, in bytes. */
const REQUEST_BYTES_MIN = 4096;

/**
 * Divides the cache limit among the subvolumes when each reads ahead by
 * itself, and lowers the size of a request to the share if it is larger.
 */
export function spreadReaddirCache(
  volume: VolumeForVolfile,
  options: Options,
): Options {
  const count = subvolumesOf(volume).length;
  if (
    count < 2 || !enabled(options, "performance.parallel-readdir") ||
    !enabled(options, "performance.readdir-ahead")
  ) return options;
  const limit = bytesOf(optionValue(options, "performance.rda-cache-limit"));
  const request = bytesOf(
    optionValue(options, "performance.rda-request-size"),
  );
  if (limit === null) return options;
  const share = Math.floor(limit / count);
  const spread: Record<string, string> = {
    ...options,
    "performance.rda-cache-limit": `${share}B`,
  };
  if (request !== null && request > share) {
    const lowered = Math.max(share, REQUEST_BYTES_MIN);
    spread["performance.rda-request-size"] = `${lowered}B`;
  }
  return spread;
}

/** The bytes of a size such as `10MB`, or null when it is none. */
function bytesOf(size: string | null): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTP]?B?)$/i.exec(size ?? "");
  if (match === null) return null;
  const unit = match[2]!.toUpperCase();
  const factor = UNITS[unit] ?? UNITS[`${unit}B`];
  return factor === undefined ? null : Math.floor(Number(match[1]) * factor);
}
