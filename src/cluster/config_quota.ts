/**
 * What the users' keys take, and what they may. Every monitor decides by these
 * numbers, so that their meaning belongs to the version of commands.
 */

import { LIMITS, utf8Length } from "../base/mod.ts";
import type { Write } from "./command.ts";
import { type Document, KEYS } from "./document.ts";

const CONFIG = KEYS.config("");

/** What the cluster's document settles for all monitors. */
export interface ClusterSettings {
  /** The version of commands in use. */
  readonly commandVersion: number;
  readonly configQuotaBytes: number;
}

/** The settings of a cluster's document, or of none. Total: whatever is not a number counts as absent. */
export function settingsOf(document: Document | null): ClusterSettings {
  const { commandVersion, configQuotaBytes } = (document ?? {}) as Record<
    string,
    unknown
  >;
  return {
    commandVersion: Number.isSafeInteger(commandVersion)
      ? Math.max(1, commandVersion as number)
      : 1,
    configQuotaBytes: Number.isSafeInteger(configQuotaBytes)
      ? configQuotaBytes as number
      : LIMITS.configQuotaBytes,
  };
}

/** What a document counts towards the quota: nothing outside of `config/`. */
export function configBytes(key: string, document: Document): number {
  if (!key.startsWith(CONFIG)) return 0;
  const { value } = document as { value?: unknown };
  return LIMITS.configEntryBytes + utf8Length(key) - CONFIG.length +
    (typeof value === "string" ? utf8Length(value) : 0);
}

/** By how many bytes writes would change what is used; `present` answers what stands under a key. */
export function configGrowth(
  writes: readonly Write[],
  present: (key: string) => Document | null,
): number {
  const last = new Map(writes.map((write) => [write.key, write]));
  let growth = 0;
  for (const [key, write] of last) {
    const before = present(key);
    if (write.kind === "put") growth += configBytes(key, write.value);
    if (before !== null) growth -= configBytes(key, before);
  }
  return growth;
}

/** No less than {@link configGrowth}, and found without counting characters. */
export function configGrowthMax(writes: readonly Write[]): number {
  let growth = 0;
  for (const write of writes) {
    if (write.kind !== "put" || !write.key.startsWith(CONFIG)) continue;
    const { value } = write.value as { value?: unknown };
    // A UTF-16 unit takes at most three bytes.
    growth += LIMITS.configEntryBytes + 3 * write.key.length +
      (typeof value === "string" ? 3 * value.length : 0);
  }
  return growth;
}
