/**
 * Reading the journal back. The rule: what was acknowledged is either
 * returned whole or refused aloud; only a write that was under way, the very
 * last one, may vanish.
 */

import { asProblem, Problem } from "../../base/mod.ts";
import { type Disk, DiskError, type Log } from "../../platform/mod.ts";
import type { Entry, HardState } from "../../raft/mod.ts";
import { decodeBatches } from "./batch_codec.ts";
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
  /** Consecutive from index 1. */
  readonly entries: readonly Entry[];
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

/** Reads all segments; changes nothing but an unfinished segment's file, which it removes. */
export async function recover(
  disk: Disk,
  log: Log,
  directory: string,
): Promise<{ recovered: RecoveredLog; end: JournalEnd | null }> {
  const names = (await disk.list(directory))
    .filter((name) => /^\d{12}\.segment$/.test(name));
  const replay = new Replay();
  let end: JournalEnd | null = null;
  for (let at = 0; at < names.length; at++) {
    const sequence = at + 1;
    const path = segmentPath(directory, sequence);
    if (`${directory}/${names[at]}` !== path) {
      throw damaged(path, 0, "the segment is missing, but a later one is here");
    }
    const segment = await disk.read(path) ?? new Uint8Array();
    const isLast = at === names.length - 1;
    const header = headerOf(segment, path, sequence, isLast);
    if (header === null) {
      log.write("warn", "removing a journal segment that was never finished", {
        path,
      });
      await disk.remove(path);
      await disk.syncDirectory(directory);
      return { recovered: replay.log(), end };
    }
    if (end?.unfinished) {
      throw damaged(end.path, end.offset, "bytes are missing");
    }
    end = replay.segment(segment, path, header);
  }
  return { recovered: replay.log(), end };
}

/** Damage in the journal as the user sees it: file, offset and what is wrong there. */
export function damaged(path: string, offset: number, what: string): Problem {
  return new Problem(
    "journal-damaged",
    `the journal is damaged: ${path} at offset ${offset}: ${what}`,
    "this monitor must not go on with what is left; replace its disk or data directory and let it join the quorum anew",
  );
}

const FREE_SPACE =
  "free some space on that file system and start the daemon again";
const OTHER_PATH = "name another directory, or put what is in the way right";

/** What to do about the errors that have a plain cause. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: FREE_SPACE,
  EDQUOT: FREE_SPACE,
  ENOTDIR: OTHER_PATH,
  EEXIST: OTHER_PATH,
  EROFS: OTHER_PATH,
  EACCES: "start it as a user who may write there, or name another directory",
  EPERM: "start it as a user who may write there, or name another directory",
};

/** A failure of the disk as the user sees it. */
export function diskProblem(error: unknown): Problem {
  if (!(error instanceof DiskError)) return asProblem(error);
  const problem = new Problem(
    "disk-failed",
    `the disk failed with ${error.code}: ${error.message}`,
    REMEDIES[error.code] ??
      "check the disk and the permissions, then start the daemon again",
  );
  problem.cause = error;
  return problem;
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
  readonly #entries: Entry[] = [];
  #nextNumber = 1;

  log(): RecoveredLog {
    return { hardState: this.#hardState, entries: this.#entries };
  }

  segment(
    segment: Uint8Array,
    path: string,
    header: SegmentHeader,
  ): JournalEnd {
    if (header.firstNumber !== this.#nextNumber) {
      const numbers = `${this.#nextNumber} to ${header.firstNumber - 1}`;
      throw damaged(path, 0, `the records ${numbers} before it are missing`);
    }
    let offset = SEGMENT_HEADER_BYTES;
    while (true) {
      const found = findRecord(segment, offset, header.salt);
      if (found.kind === "damaged") throw damaged(path, offset, found.why);
      if (found.kind !== "record") {
        return {
          header,
          path,
          offset,
          nextNumber: this.#nextNumber,
          unfinished: found.kind === "unfinished",
        };
      }
      if (found.number !== this.#nextNumber) {
        const what = `record ${found.number} stands where ` +
          `${this.#nextNumber} belongs`;
        throw damaged(path, offset, what);
      }
      if (!this.#record(found.body)) {
        throw damaged(path, offset, "an intact record makes no sense");
      }
      this.#nextNumber++;
      offset = found.end;
    }
  }

  /** Takes in one record; false when it cannot follow what stands before. */
  #record(body: Uint8Array): boolean {
    const parts = decodeBatches(body);
    if (parts === null) return false;
    for (const { hardState, entries } of parts) {
      if (hardState !== null) this.#hardState = hardState;
      const first = entries[0];
      if (first === undefined) continue;
      if (first.index < 1 || first.index > this.#entries.length + 1) {
        return false;
      }
      this.#entries.length = first.index - 1;
      for (const entry of entries) {
        if (entry.index !== this.#entries.length + 1) return false;
        this.#entries.push(entry);
      }
    }
    return true;
  }
}
