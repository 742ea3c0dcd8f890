/**
 * The journal: what must survive a restart, appended and made durable. One
 * sync serves everything that waits (group commit): while it is under way the
 * next batches gather. Driven by `raft_loop.ts`; it never tries a write or a
 * sync again that failed, since nobody knows what the disk then holds.
 */

import { assert, type Problem } from "../../base/mod.ts";
import type { DiskFile, Ports } from "../../platform/mod.ts";
import type { PersistBatch } from "../../raft/mod.ts";
import { batchSize, encodeBatches } from "./batch_codec.ts";
import {
  diskProblem,
  type JournalEnd,
  recover,
  type RecoveredLog,
  segmentPath,
} from "./recovery.ts";
import {
  encodeHeader,
  RECORD_FRAME_BYTES,
  recordBuffer,
  sealRecord,
  SEGMENT_HEADER_BYTES,
} from "./segment_format.ts";

/** A segment is full at this size; a record larger than that has one of its own. */
const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * How much room is laid out at a time. A sync that need not allocate is
 * faster by a third; laying out a mebibyte costs about two milliseconds.
 */
const LAY_OUT_BYTES = 1024 * 1024;

/** Bodies stay below this, so that no sync waits for too much. */
const GROUP_BYTES = 16 * 1024 * 1024;

/** How the journal reports, and its sizes. */
export interface JournalOptions {
  readonly directory: string;
  /** All batches up to and including `sequence` are durable. */
  readonly durable: (sequence: number) => void;
  /** Nothing becomes durable any more; called once. */
  readonly failed: (problem: Problem) => void;
  readonly segmentBytes?: number;
  readonly layOutBytes?: number;
}

interface Segment {
  readonly file: DiskFile;
  readonly sequence: number;
  readonly salt: number;
  /** Where the next record goes. */
  offset: number;
  /** How far the file is laid out with zeros. */
  laidOut: number;
}

/** An append-only log on the disk port. */
export class Journal {
  readonly #ports: Pick<Ports, "disk" | "random">;
  readonly #options: JournalOptions;
  readonly #segmentBytes: number;
  readonly #layOutBytes: number;
  #segment: Segment;
  #nextNumber: number;
  #waiting: PersistBatch[] = [];
  #flushing: Promise<void> | null = null;
  #failed = false;

  private constructor(
    ports: Pick<Ports, "disk" | "random">,
    options: JournalOptions,
    segment: Segment,
    nextNumber: number,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#layOutBytes = options.layOutBytes ?? LAY_OUT_BYTES;
    this.#segment = segment;
    this.#nextNumber = nextNumber;
  }

  /**
   * Reads the journal back and opens it for appending. Rejects with the
   * problems `journal-damaged`, `journal-format` and `disk-failed`.
   */
  static async open(
    ports: Pick<Ports, "disk" | "random" | "log">,
    options: JournalOptions,
  ): Promise<{ journal: Journal; recovered: RecoveredLog }> {
    const { disk, log } = ports;
    try {
      await disk.makeDirectory(options.directory);
      const { recovered, end } = await recover(disk, log, options.directory);
      const segment = end === null
        ? await createSegment(ports, options.directory, 1, 1)
        : await reopenSegment(ports, options.directory, end);
      const nextNumber = end?.nextNumber ?? 1;
      const journal = new Journal(ports, options, segment, nextNumber);
      return { journal, recovered };
    } catch (error) {
      throw diskProblem(error);
    }
  }

  /** Takes a batch; `durable` tells when it is safe. */
  append(batch: PersistBatch): void {
    if (this.#failed) return;
    this.#waiting.push(batch);
    // From a microtask, so that everything of this turn goes together.
    this.#flushing ??= Promise.resolve().then(() => this.#flush());
  }

  /** True once everything appended so far is durable, false when the journal failed before. */
  async settled(): Promise<boolean> {
    await this.#flushing;
    return !this.#failed;
  }

  /** Waits for the flush under way, if any, and closes the file. */
  async close(): Promise<void> {
    await this.#flushing;
    this.#failed = true;
    await this.#segment.file.close().catch(() => {});
  }

  async #flush(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && !this.#failed) {
        await this.#flushGroup(this.#takeGroup());
      }
    } catch (error) {
      this.#failed = true;
      this.#options.failed(diskProblem(error));
    } finally {
      this.#flushing = null;
    }
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
    return { batches: this.#waiting.splice(0, count), bytes };
  }

  /** One record, one sync: so at most one record is ever unfinished. */
  async #flushGroup(
    group: { batches: PersistBatch[]; bytes: number },
  ): Promise<void> {
    await this.#makeRoom(group.bytes + RECORD_FRAME_BYTES);
    const { record, bodyOffset } = recordBuffer(group.bytes);
    const end = encodeBatches(group.batches, record, bodyOffset);
    assert(end === record.length - 1, "a body has the size foreseen");
    const segment = this.#segment;
    sealRecord(record, this.#nextNumber, segment.salt);
    await segment.file.writeAt(segment.offset, record);
    await segment.file.sync();
    segment.offset += record.length;
    this.#nextNumber++;
    this.#options.durable(group.batches.at(-1)!.sequence);
  }

  async #makeRoom(bytes: number): Promise<void> {
    const isEmpty = this.#segment.offset === SEGMENT_HEADER_BYTES;
    if (!isEmpty && this.#segment.offset + bytes > this.#segmentBytes) {
      const { directory } = this.#options;
      const { file, sequence } = this.#segment;
      this.#segment = await createSegment(
        this.#ports,
        directory,
        sequence + 1,
        this.#nextNumber,
      );
      await file.close();
    }
    const segment = this.#segment;
    const needed = segment.offset + bytes;
    if (needed <= segment.laidOut) return;
    const full = Math.max(this.#segmentBytes, needed);
    const target = Math.min(needed + this.#layOutBytes, full);
    const zeros = new Uint8Array(target - segment.laidOut);
    await segment.file.writeAt(segment.laidOut, zeros);
    segment.laidOut = target;
  }
}

async function createSegment(
  ports: Pick<Ports, "disk" | "random">,
  directory: string,
  sequence: number,
  firstNumber: number,
): Promise<Segment> {
  const path = segmentPath(directory, sequence);
  const file = await ports.disk.open(path, { create: true });
  const random = ports.random.bytes(4);
  const salt = new DataView(random.buffer, random.byteOffset).getUint32(0);
  await file.writeAt(0, encodeHeader({ sequence, firstNumber, salt }));
  await file.sync();
  // Before any record: a record must not be durable in a file without a name.
  await ports.disk.syncDirectory(directory);
  const offset = SEGMENT_HEADER_BYTES;
  return { file, sequence, salt, offset, laidOut: offset };
}

async function reopenSegment(
  ports: Pick<Ports, "disk" | "log">,
  directory: string,
  end: JournalEnd,
): Promise<Segment> {
  const { path, offset } = end;
  const file = await ports.disk.open(path);
  if (end.unfinished) {
    const message = "cutting off a journal record that was never finished";
    ports.log.write("warn", message, { path, offset });
    await file.truncate(offset);
  }
  // What was read may have been only in the kernel's memory, after a crash of
  // the process alone; from here on it counts as durable.
  await file.sync();
  await ports.disk.syncDirectory(directory);
  return {
    file,
    sequence: end.header.sequence,
    salt: end.header.salt,
    offset,
    laidOut: Math.max(await file.size(), offset),
  };
}
