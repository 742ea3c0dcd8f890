/**
 * The replicated log in memory. It answers in O(1), or O(log terms) where
 * terms are searched, and never copies an entry's data. Entry numbers start
 * after a base, so that a prefix can be given up once there are snapshots.
 */

import { assert, present } from "../base/mod.ts";
import type { Entry } from "./message.ts";

/** What an entry weighs besides its data, so that many empty ones have a limit too. */
const ENTRY_OVERHEAD_BYTES = 16;

/** A stretch of entries of one term; it ends where the next run begins. */
interface TermRun {
  readonly term: number;
  readonly firstIndex: number;
}

/** What one entry counts for in limits, in bytes. */
export function entryBytes(data: Uint8Array): number {
  return data.length + ENTRY_OVERHEAD_BYTES;
}

/** Entries with consecutive indexes and terms that never fall. */
export class Log {
  /** The entry before the first one kept: index 0 of term 0 in a whole log. */
  readonly #baseIndex: number;
  readonly #baseTerm: number;
  readonly #entries: Entry[] = [];
  readonly #runs: TermRun[] = [];

  constructor(baseIndex = 0, baseTerm = 0) {
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
  }

  /** The first index kept, present or not. */
  get firstIndex(): number {
    return this.#baseIndex + 1;
  }

  /** The last entry's index, or the base's when there is none. */
  get lastIndex(): number {
    return this.#baseIndex + this.#entries.length;
  }

  /** The last entry's term, or the base's when there is none. */
  get lastTerm(): number {
    return this.#runs.at(-1)?.term ?? this.#baseTerm;
  }

  /** The term at an index, or null where the log has none. */
  termAt(index: number): number | null {
    if (index === this.#baseIndex) return this.#baseTerm;
    return this.entryAt(index)?.term ?? null;
  }

  /** The entry at an index, or null where the log has none. */
  entryAt(index: number): Entry | null {
    return this.#entries[index - this.firstIndex] ?? null;
  }

  /** Adds one entry right after the last. */
  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, "the log has no gap");
    assert(entry.term >= this.lastTerm, "terms never fall along the log");
    if (this.#runs.length === 0 || entry.term > this.lastTerm) {
      this.#runs.push({ term: entry.term, firstIndex: entry.index });
    }
    this.#entries.push(entry);
  }

  /** Removes the entries from `index` on. */
  truncateFrom(index: number): void {
    assert(index >= this.firstIndex, "only entries that are kept are removed");
    this.#entries.length = Math.min(
      this.#entries.length,
      index - this.firstIndex,
    );
    while ((this.#runs.at(-1)?.firstIndex ?? 0) >= index) this.#runs.pop();
  }

  /** The entries from `first` to `last`, both included. */
  between(first: number, last: number): Entry[] {
    assert(first >= this.firstIndex && last <= this.lastIndex, "entries exist");
    return this.#entries.slice(first - this.firstIndex, last - this.#baseIndex);
  }

  /** The entries from `first` on that weigh at most `bytesMax` together, but at least one. */
  batchFrom(
    first: number,
    bytesMax: number,
  ): { entries: Entry[]; bytes: number } {
    let bytes = entryBytes(present(this.entryAt(first), "a first entry").data);
    let last = first;
    while (last < this.lastIndex) {
      const more = entryBytes(this.#entries[last + 1 - this.firstIndex]!.data);
      if (bytes + more > bytesMax) break;
      bytes += more;
      last += 1;
    }
    return { entries: this.between(first, last), bytes };
  }

  /** The largest index up to `index` whose term is at most `term`; the base's when there is none. */
  lastIndexOfTermAtMost(index: number, term: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#runs[middle]!.term <= term) low = middle + 1;
      else high = middle;
    }
    // `low` is now the first run of a greater term, or one past the last run.
    const next = this.#runs[low];
    const end = next === undefined ? this.lastIndex : next.firstIndex - 1;
    return Math.min(index, end);
  }
}
