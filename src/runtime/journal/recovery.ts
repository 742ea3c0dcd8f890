/**
 * Reading the journal back. The rule: what was acknowledged is either
 * returned whole or refused aloud; only a write that was under way, the very
 * last one, may vanish.
 */

import { Problem } from "../../base/mod.ts";
import type { Disk, Log } from "../../platform/mod.ts";
import type { Entry, HardState } from "../../raft/mod.ts";
import { type BatchPart, decodeBatches } from "./batch_codec.ts";
import { damaged, readWhole } from "./disk_failure.ts";
import {
  findHeader,
  findRecord,
  SEGMENT_HEADER_BYTES,
  SEGMENT_VERSION,
  type SegmentHeader,
} from "./segment_format.ts";

/** What the journal held. */
export interface RecoveredLog {
  /** Null when nothing was ever written. */
  readonly hardState: HardState | null;
  /**
   * The entry before the first one: index 0 of term 0 in a whole log. What it
   * and all before it did is in a snapshot. Its term may not be known.
   */
  readonly base: { readonly index: number; readonly term: number | null };
  /** The lowest `base.index` that the files allow, when none are passed over. */
  readonly reach: number;
  /** Consecutive from the one after `base`. */
  readonly entries: readonly Entry[];
}

/** A segment that is not appended to any more. */
export interface ClosedSegment {
  readonly sequence: number;
  /** Where the log ended when the next segment began. */
  readonly lastIndex: number;
}

/** Where the journal goes on. */
export interface JournalEnd {
  readonly header: SegmentHeader;
  readonly path: string;
  /** Where the next record belongs. */
  readonly offset: number;
  readonly nextNumber: number;
  /** The file holds something behind `offset` that must be cut off. */
  readonly unfinished: boolean;
}

/** The path of a segment. */
export function segmentPath(directory: string, sequence: number): string {
  return `${directory}/${String(sequence).padStart(12, "0")}.segment`;
}

/** What was read back, and where to go on. */
export interface Recovery {
  readonly recovered: RecoveredLog;
  /** Null when there is no segment. */
  readonly end: JournalEnd | null;
  /** The segments before the last one, oldest first. */
  readonly before: readonly ClosedSegment[];
}

/**
 * Reads all segments; changes nothing but an unfinished segment's file, which
 * it removes. Entries up to `covered` are checked but passed over.
 */
export async function recover(
  disk: Disk,
  log: Log,
  directory: string,
  covered = 0,
): Promise<Recovery> {
  const names = (await disk.list(directory))
    .filter((name) => /^\d{12}\.segment$/.test(name));
  const first = Number(names[0]?.slice(0, 12) ?? 1);
  const replay = new Replay(covered);
  const before: ClosedSegment[] = [];
  let end: JournalEnd | null = null;
  for (let at = 0; at < names.length; at++) {
    const sequence = first + at;
    const path = segmentPath(directory, sequence);
    if (`${directory}/${names[at]}` !== path) {
      throw damaged(path, 0, "the segment is missing, but a later one is here");
    }
    const segment = await readWhole(disk, path);
    const isLast = at === names.length - 1;
    const header = headerOf(segment, path, sequence, isLast);
    if (header === null || (isLast && wasNeverUsed(segment, header, end))) {
      log.write("warn", "removing a journal segment that was never finished", {
        path,
      });
      await disk.remove(path);
      await disk.syncDirectory(directory);
      break;
    }
    if (end !== null) {
      if (end.unfinished) {
        throw damaged(end.path, end.offset, "bytes are missing");
      }
      const { sequence } = end.header;
      before.push({ sequence, lastIndex: replay.lastIndex });
    }
    end = replay.segment(segment, path, header);
  }
  if (end === null && first > 1) {
    const path = segmentPath(directory, first - 1);
    throw damaged(path, 0, "the segments before the last one are missing");
  }
  return { recovered: replay.log(), end, before };
}

/**
 * True for a segment that was begun on a full disk and given up again: the
 * records went on in the one before it.
 */
function wasNeverUsed(
  segment: Uint8Array,
  header: SegmentHeader,
  before: JournalEnd | null,
): boolean {
  return before !== null && header.firstNumber < before.nextNumber &&
    findRecord(segment, SEGMENT_HEADER_BYTES, header.salt).kind === "end";
}

function headerOf(
  segment: Uint8Array,
  path: string,
  sequence: number,
  isLast: boolean,
): SegmentHeader | null {
  const found = findHeader(segment);
  switch (found.kind) {
    case "header":
      if (found.header.sequence !== sequence) {
        const other = found.header.sequence;
        throw damaged(path, 12, `this is segment ${other} under a wrong name`);
      }
      return found.header;
    case "unknownVersion":
      throw new Problem(
        "journal-format",
        `${path} has journal format ${found.version}; this version of gmon reads format ${SEGMENT_VERSION}`,
        "start the version of gmon that wrote it, or a newer one",
      );
    case "unfinished":
      if (isLast) return null;
      throw damaged(path, 0, "the segment is empty, but a later one is here");
    case "damaged":
      throw damaged(path, 0, "the segment's header is wrong");
  }
}

/** The log as it grows while records are read. */
class Replay {
  #hardState: HardState | null = null;
  #base: RecoveredLog["base"] = { index: 0, term: 0 };
  #entries: Entry[] = [];
  /** Where the log began anew: it never had anything before. */
  #firm = 0;
  #reach = 0;
  #nextNumber: number | null = null;

  readonly #covered: number;

  constructor(covered: number) {
    this.#covered = covered;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  log(): RecoveredLog {
    return {
      hardState: this.#hardState,
      base: this.#base,
      reach: this.#reach,
      entries: this.#entries,
    };
  }

  segment(
    segment: Uint8Array,
    path: string,
    header: SegmentHeader,
  ): JournalEnd {
    const isFirst = this.#nextNumber === null;
    let next = this.#nextNumber ?? header.firstNumber;
    if (header.firstNumber !== next) {
      const numbers = `${next} to ${header.firstNumber - 1}`;
      throw damaged(path, 0, `the records ${numbers} before it are missing`);
    }
    // What a segment in the middle begins with stands for those before it.
    let mustLead = isFirst && header.sequence > 1;
    let offset = SEGMENT_HEADER_BYTES;
    while (true) {
      const found = findRecord(segment, offset, header.salt);
      if (found.kind === "damaged") throw damaged(path, offset, found.why);
      if (found.kind !== "record") {
        if (mustLead) {
          throw damaged(path, offset, "the segments before it are missing");
        }
        this.#nextNumber = next;
        const unfinished = found.kind === "unfinished";
        return { header, path, offset, nextNumber: next, unfinished };
      }
      if (found.number !== next) {
        const what = `record ${found.number} stands where ${next} belongs`;
        throw damaged(path, offset, what);
      }
      const parts = decodeBatches(found.body, this.#covered);
      if (mustLead && !this.#lead(parts ?? [])) {
        throw damaged(path, offset, "the segments before it are missing");
      }
      mustLead = false;
      if (parts === null || !parts.every((part) => this.#take(part))) {
        throw damaged(path, offset, "an intact record makes no sense");
      }
      this.#passOver();
      next++;
      offset = found.end;
    }
  }

  /** Begins the log where the segments that were given up ended. */
  #lead(parts: readonly BatchPart[]): boolean {
    for (const part of parts) {
      if (part.kind !== "position") continue;
      this.#base = part.position;
      this.#reach = part.position.index;
      return true;
    }
    return false;
  }

  /** Takes in a part of a record; false when it cannot follow what stands before. */
  #take(part: BatchPart): boolean {
    switch (part.kind) {
      case "hardState":
        this.#hardState = part.hardState;
        return true;
      case "position": {
        const { index, term } = this.#entries.at(-1) ?? this.#base;
        return part.position.index === index &&
          (term === null || part.position.term === term);
      }
      case "restart":
        this.#base = part.position;
        this.#entries = [];
        this.#firm = part.position.index;
        this.#reach = part.position.index;
        return true;
      case "entries":
        return this.#takeEntries(part.entries);
    }
  }

  #takeEntries(entries: readonly Entry[]): boolean {
    const first = entries[0]?.index ?? this.lastIndex + 1;
    if (first > this.lastIndex + 1) return false;
    if (first <= this.#base.index && !this.#reachBack(first)) return false;
    this.#entries.length = first - this.#base.index - 1;
    for (const entry of entries) {
      if (entry.index !== this.lastIndex + 1) return false;
      this.#entries.push(entry);
    }
    return true;
  }

  /**
   * Entries replace some that were passed over, or stood in a segment that was
   * given up. They were committed since, or it would not have been; what
   * stands before them does not matter.
   */
  #reachBack(first: number): boolean {
    if (first <= this.#firm) return false;
    this.#base = { index: first - 1, term: null };
    this.#reach = Math.min(this.#reach, first - 1);
    return true;
  }

  /** Drops the entries that need not be kept. */
  #passOver(): void {
    const count = Math.min(
      this.#entries.length,
      this.#covered - this.#base.index,
    );
    const last = this.#entries[count - 1];
    if (last === undefined) return;
    this.#base = { index: last.index, term: last.term };
    this.#entries.splice(0, count);
  }
}
