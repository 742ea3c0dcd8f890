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
function settingsOf(document: Document | null): ClusterSettings {
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
function configBytes(key: string, document: Document): number {
  if (!key.startsWith(CONFIG)) return 0;
  const { value } = document as { value?: unknown };
  return LIMITS.configEntryBytes + utf8Length(key) - CONFIG.length +
    (typeof value === "string" ? utf8Length(value) : 0);
}

/** How much the users' keys take at present, and what of writes to them is too much. */
export class ConfigQuota {
  #usedBytes = 0;
  #settings = settingsOf(null);

  /** What the documents under `config/` count. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What the cluster's document settles. */
  get settings(): ClusterSettings {
    return this.#settings;
  }

  /** Takes note of a document that stands from now on. */
  add(key: string, document: Document): void {
    this.#usedBytes += configBytes(key, document);
    if (key === KEYS.cluster) this.#settings = settingsOf(document);
  }

  /** Takes note that a document that stood does no more. */
  remove(key: string, document: Document): void {
    this.#usedBytes -= configBytes(key, document);
    if (key === KEYS.cluster) this.#settings = settingsOf(null);
  }

  /**
   * Null unless writes would leave the users' keys larger than before and over
   * their quota; `present` answers what stands under a key.
   */
  excess(
    writes: readonly Write[],
    present: (key: string) => Document | null,
  ): QuotaExcess | null {
    const { commandVersion, configQuotaBytes: quotaBytes } = this.#settings;
    if (commandVersion < 2) return null;
    const usedBytes = this.#usedBytes;
    if (usedBytes + growthMax(writes) <= quotaBytes) return null;
    const growth = growthOf(writes, present);
    const neededBytes = usedBytes + growth;
    if (growth <= 0 || neededBytes <= quotaBytes) return null;
    return { usedBytes, neededBytes, quotaBytes };
  }
}

/** By how much a quota would be exceeded. */
export interface QuotaExcess {
  readonly usedBytes: number;
  /** What would be used afterwards. */
  readonly neededBytes: number;
  readonly quotaBytes: number;
}

/** By how many bytes writes would change what is used. */
function growthOf(
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

/** No less than {@link growthOf}, and found without counting characters. */
function growthMax(writes: readonly Write[]): number {
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
