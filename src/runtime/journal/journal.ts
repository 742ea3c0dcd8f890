/**
 * The journal: what must survive a restart, appended and made durable. One
 * sync serves everything that waits (group commit): while it is under way the
 * next batches gather. A sync that failed is never tried again, since nobody
 * knows what the disk then holds. Only a disk without room is waited for: what
 * is laid out ahead is used up first, then the very same write is tried.
 */

import { assert, type Problem } from "../../base/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import type { HardState, PersistBatch } from "../../raft/mod.ts";
import {
  batchSize,
  encodeBatches,
  encodeLead,
  leadSize,
  type LogPosition,
} from "./batch_codec.ts";
import { diskFullProblem, diskProblem, isDiskFull } from "./disk_failure.ts";
import {
  type ClosedSegment,
  recover,
  type RecoveredLog,
  segmentPath,
} from "./recovery.ts";
import { SegmentFile } from "./segment_file.ts";
import {
  RECORD_FRAME_BYTES,
  recordBuffer,
  sealRecord,
} from "./segment_format.ts";
import { LAZY_BYTES, LAZY_MS, type Urgency } from "./urgency.ts";

/** A segment is full at this size; a record larger than that has one of its own. */
const SEGMENT_BYTES = 32 * 1024 * 1024;

/**
 * How much room is laid out at a time, and kept ahead for when the disk is
 * full. A sync that need not allocate is faster by a third; laying out a
 * mebibyte costs about two milliseconds.
 */
const LAY_OUT_BYTES = 1024 * 1024;

/** Bodies stay below this, so that no sync waits for too much. */
const GROUP_BYTES = 16 * 1024 * 1024;

/** How often a full disk is tried again. */
const PROBE_MS = 500;

/** How the journal reports, and its sizes. */
export interface JournalOptions {
  readonly directory: string;
  /** All batches up to and including `sequence` are durable. */
  readonly durable: (sequence: number) => void;
  /** Nothing becomes durable any more; called once. */
  readonly failed: (problem: Problem) => void;
  /** The disk became full, or has room again (null). */
  readonly fullChanged?: (problem: Problem | null) => void;
  /** A snapshot covers the entries up to here: they are checked, but not needed. */
  readonly covered?: number;
  readonly segmentBytes?: number;
  readonly layOutBytes?: number;
}

type JournalPorts = Pick<Ports, "clock" | "disk" | "random" | "log">;

/** Where the journal stands: what its last record leaves behind. */
interface Standpoint {
  nextNumber: number;
  hardState: HardState | null;
  position: LogPosition;
}

/** An append-only log on the disk port. */
export class Journal {
  readonly #ports: JournalPorts;
  readonly #options: JournalOptions;
  readonly #segmentBytes: number;
  readonly #layOutBytes: number;
  readonly #at: Standpoint;
  #segment: SegmentFile;
  /** The segments before the present one, oldest first. */
  readonly #before: ClosedSegment[];
  /** The segment just left: it counts as one of those only once the next one has a record. */
  #leaving: ClosedSegment | null = null;
  #waiting: PersistBatch[] = [];
  #waitingBytes = 0;
  #flushing: Promise<void> | null = null;
  #atOnce = false;
  #lazy: Timer | null = null;
  #compacting: Promise<void> = Promise.resolve();
  #full: Problem | null = null;
  #probe: Timer | null = null;
  #wake: (() => void) | null = null;
  #closing = false;
  #failed = false;

  private constructor(
    ports: JournalPorts,
    options: JournalOptions,
    segment: SegmentFile,
    before: readonly ClosedSegment[],
    at: Standpoint,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#layOutBytes = options.layOutBytes ?? LAY_OUT_BYTES;
    this.#segment = segment;
    this.#before = [...before];
    if (segment.isEmpty) this.#leaving = this.#before.pop() ?? null;
    this.#at = at;
  }

  /**
   * Reads the journal back and opens it for appending. Rejects with the
   * problems `journal-damaged`, `journal-format` and `disk-failed`.
   */
  static async open(
    ports: JournalPorts,
    options: JournalOptions,
  ): Promise<{ journal: Journal; recovered: RecoveredLog }> {
    const { disk, log } = ports;
    const { directory } = options;
    try {
      await disk.makeDirectory(directory);
      const { recovered, end, before } = await recover(
        disk,
        log,
        directory,
        options.covered,
      );
      const { hardState } = recovered;
      const segment = end === null
        ? await SegmentFile.create(
          ports,
          directory,
          { sequence: 1, firstNumber: 1 },
          0,
        )
        : await SegmentFile.reopen(ports, directory, end);
      const journal = new Journal(ports, options, segment, before, {
        nextNumber: end?.nextNumber ?? 1,
        hardState,
        position: endOf(recovered),
      });
      return { journal, recovered };
    } catch (error) {
      throw diskProblem(error);
    }
  }

  /** Why nothing new should be appended: the disk is full. Null once it has room again. */
  get full(): Problem | null {
    return this.#full;
  }

  /** How much waits to be written. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes a batch; `durable` tells when it is safe. */
  append(batch: PersistBatch, urgency: Urgency = "soon"): void {
    if (this.#failed) return;
    this.#waiting.push(batch);
    this.#waitingBytes += batchSize(batch);
    this.#atOnce = urgency === "atOnce";
    const isLazy = urgency === "lazily" && this.#waitingBytes < LAZY_BYTES;
    if (!isLazy) return this.#startFlush();
    this.#lazy ??= this.#ports.clock.after(LAZY_MS, () => this.#startFlush());
  }

  /** True once everything appended so far is durable, false when the journal failed before. */
  async settled(): Promise<boolean> {
    if (this.#lazy !== null) this.#startFlush();
    await this.#flushing;
    return !this.#failed;
  }

  /**
   * Gives up the segments whose entries are all at or before `index`: a
   * snapshot that is kept covers them. In the background; never part of one.
   */
  compact(index: number): Promise<void> {
    this.#compacting = this.#compacting
      .then(() => this.#dropSegments(index))
      .catch((error) => this.#fail(error));
    return this.#compacting;
  }

  /** Waits for the flush under way, unless the disk is full, and closes the file. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#failed ||= this.#wake !== null;
    this.#wake?.();
    await this.settled();
    this.#failed = true;
    this.#probe?.cancel();
    await this.#compacting;
    await this.#segment.close().catch(() => {});
  }

  /** From a microtask, so that everything of this turn goes together. */
  #startFlush(): void {
    this.#lazy?.cancel();
    this.#lazy = null;
    this.#flushing ??= Promise.resolve().then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    try {
      if (this.#full !== null) await this.#makeRoom(0);
      while (this.#waiting.length > 0 && !this.#failed) {
        await this.#flushGroup(this.#takeGroup());
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#flushing = null;
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.failed(diskProblem(error));
  }

  /** As much of what waits as goes in one record; one batch at least. */
  #takeGroup(): { batches: PersistBatch[]; bytes: number } {
    let bytes = 0;
    let count = 0;
    for (const batch of this.#waiting) {
      const size = batchSize(batch);
      if (count > 0 && bytes + size > GROUP_BYTES) break;
      bytes += size;
      count++;
    }
    this.#waitingBytes -= bytes;
    return { batches: this.#waiting.splice(0, count), bytes };
  }

  /** One record, one sync: so at most one record is ever unfinished. */
  async #flushGroup(
    group: { batches: PersistBatch[]; bytes: number },
  ): Promise<void> {
    const lead = leadSize(this.#at);
    const fits = await this.#makeRoom(lead + group.bytes + RECORD_FRAME_BYTES);
    if (!fits) return;
    const segment = this.#segment;
    const leads = segment.isEmpty && segment.sequence > 1;
    const { record, bodyOffset } = recordBuffer(
      group.bytes + (leads ? lead : 0),
    );
    const start = leads ? encodeLead(this.#at, record, bodyOffset) : bodyOffset;
    const end = encodeBatches(group.batches, record, start);
    assert(end === record.length - 1, "a body has the size foreseen");
    sealRecord(record, this.#at.nextNumber, segment.salt);
    if (!await this.#write(record)) return;
    await segment.sync(record.length, { atOnce: this.#atOnce });
    this.#moveOn(group.batches);
    this.#options.durable(group.batches.at(-1)!.sequence);
  }

  #moveOn(batches: readonly PersistBatch[]): void {
    this.#at.nextNumber++;
    for (const { hardState, entries, restart } of batches) {
      if (hardState !== null) this.#at.hardState = hardState;
      if (restart !== undefined) this.#at.position = restart;
      const last = entries.at(-1);
      if (last !== undefined) this.#at.position = positionOf(last);
    }
    if (this.#leaving !== null) this.#before.push(this.#leaving);
    this.#leaving = null;
  }

  /** Writes the very same record until the disk has room; false when closed before. */
  async #write(record: Uint8Array): Promise<boolean> {
    while (!this.#failed) {
      try {
        await this.#segment.write(record);
        return true;
      } catch (error) {
        this.#noteFull(error);
        await this.#pause();
      }
    }
    return false;
  }

  /**
   * Sees to it that a record of so many bytes has its place, and the room kept
   * ahead behind it. While the disk is full that room is used up; then this
   * waits. False when closed meanwhile.
   */
  async #makeRoom(bytes: number): Promise<boolean> {
    while (!this.#failed) {
      const probed = this.#full !== null && this.#probe !== null;
      if (probed && this.#segment.hasRoom(bytes)) return true;
      try {
        await this.#layOut(bytes);
        this.#noteRoom();
        return true;
      } catch (error) {
        this.#noteFull(error);
        if (this.#segment.hasRoom(bytes)) return true;
        await this.#pause();
      }
    }
    return false;
  }

  async #layOut(bytes: number): Promise<void> {
    const ahead = this.#layOutBytes;
    const { isEmpty, offset } = this.#segment;
    if (!isEmpty && offset + bytes > this.#segmentBytes) {
      // The room behind the end of a segment is for when there is no next one.
      await this.#startSegment(bytes + ahead);
      return;
    }
    if (this.#segment.hasRoom(bytes + ahead)) return;
    const needed = offset + bytes + ahead;
    const end = Math.max(this.#segmentBytes + ahead, needed);
    await this.#segment.layOut(Math.min(needed + ahead, end));
  }

  async #startSegment(roomBytes: number): Promise<void> {
    const left = this.#segment;
    const { sequence } = left;
    const { nextNumber, position } = this.#at;
    this.#segment = await SegmentFile.create(
      this.#ports,
      this.#options.directory,
      { sequence: sequence + 1, firstNumber: nextNumber },
      roomBytes,
    );
    this.#leaving = { sequence, lastIndex: position.index };
    await left.close();
  }

  /** Throws what is not the lack of room. */
  #noteFull(error: unknown): void {
    if (!isDiskFull(error)) throw error;
    if (this.#full === null) {
      this.#full = diskFullProblem(error);
      this.#ports.log.write("error", this.#full.message, {
        code: this.#full.code,
        remedy: this.#full.remedy,
      });
      this.#options.fullChanged?.(this.#full);
    }
    this.#probe ??= this.#ports.clock.after(PROBE_MS, () => {
      this.#probe = null;
      this.#wake?.();
      this.#startFlush();
    });
  }

  #noteRoom(): void {
    if (this.#full === null) return;
    this.#full = null;
    this.#ports.log.write("info", "the disk of this monitor has room again");
    this.#options.fullChanged?.(null);
  }

  /** Until it is time to try again. What is closed meanwhile is given up, with all behind it. */
  #pause(): Promise<void> {
    this.#failed ||= this.#closing;
    if (this.#failed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = (): void => {
        this.#wake = null;
        resolve();
      };
    });
  }

  async #dropSegments(index: number): Promise<void> {
    const { directory } = this.#options;
    while (!this.#failed) {
      const oldest = this.#before[0];
      if (oldest === undefined || oldest.lastIndex > index) return;
      await this.#ports.disk.remove(segmentPath(directory, oldest.sequence));
      // One at a time: a later one must never go before an earlier one.
      await this.#ports.disk.syncDirectory(directory);
      this.#before.shift();
    }
  }
}

function endOf({ base, entries }: RecoveredLog): LogPosition {
  const { index, term } = entries.at(-1) ?? base;
  assert(term !== null, "only entries make the term before them unknown");
  return { index, term };
}

function positionOf({ index, term }: LogPosition): LogPosition {
  return { index, term };
}
