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
  /** The place before the first entry kept: index 0 of term 0 in a whole log. */
  #baseIndex: number;
  #baseTerm: number;
  #entries: Entry[] = [];
  #runs: TermRun[] = [];

  constructor(baseIndex = 0, baseTerm = 0) {
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
  }

  /** The index before the first one kept. */
  get baseIndex(): number {
    return this.#baseIndex;
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

  /** Gives up the entries up to `index`, which becomes the base (thesis §5.1). */
  compactTo(index: number): void {
    if (index <= this.#baseIndex) return;
    assert(index <= this.lastIndex, "only entries that are kept are given up");
    const term = present(this.termAt(index), "the term of an entry");
    this.#entries = this.#entries.slice(index - this.#baseIndex);
    this.#baseIndex = index;
    this.#baseTerm = term;
    const runs = this.#runs.filter((_, at) =>
      (this.#runs[at + 1]?.firstIndex ?? Infinity) > index + 1
    );
    const first = runs[0];
    if (this.#entries.length === 0) this.#runs = [];
    else {
      // The first run begins behind the base, whatever it began with.
      const firstIndex = Math.max(first!.firstIndex, index + 1);
      this.#runs = [{ term: first!.term, firstIndex }, ...runs.slice(1)];
    }
  }

  /** Forgets everything, and goes on behind `index` (thesis §5.3). */
  reset(index: number, term: number): void {
    this.#baseIndex = index;
    this.#baseTerm = term;
    this.#entries = [];
    this.#runs = [];
  }

  /** The lowest index behind which the entries weigh at most `bytesMax` together. */
  indexWithin(bytesMax: number): number {
    let bytes = 0;
    let index = this.lastIndex;
    while (index > this.#baseIndex) {
      bytes += entryBytes(this.#entries[index - this.firstIndex]!.data);
      if (bytes > bytesMax) break;
      index -= 1;
    }
    return index;
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
