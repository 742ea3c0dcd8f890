/**
 * One segment as a file: its header, the room that is laid out ahead, and
 * records at its end.
 */

import type { DiskFile, Ports } from "../../platform/mod.ts";
import { at } from "./disk_failure.ts";
import { type JournalEnd, segmentPath } from "./recovery.ts";
import { encodeHeader, SEGMENT_HEADER_BYTES } from "./segment_format.ts";

/** Zeros to lay out room with: fresh ones would cost the kernel a page each time. */
const ZEROS = new Uint8Array(1024 * 1024);

/** A segment that can be appended to. */
export class SegmentFile {
  readonly path: string;
  readonly sequence: number;
  readonly salt: number;
  readonly #file: DiskFile;
  #offset: number;
  #laidOut: number;

  private constructor(
    file: DiskFile,
    about: { path: string; sequence: number; salt: number; offset: number },
    laidOut: number,
  ) {
    this.#file = file;
    this.path = about.path;
    this.sequence = about.sequence;
    this.salt = about.salt;
    this.#offset = about.offset;
    this.#laidOut = laidOut;
  }

  /** A new segment with so much room laid out, durable under its name; on failure there is none. */
  static async create(
    ports: Pick<Ports, "disk" | "random">,
    directory: string,
    place: { readonly sequence: number; readonly firstNumber: number },
    roomBytes: number,
  ): Promise<SegmentFile> {
    const { sequence, firstNumber } = place;
    const path = segmentPath(directory, sequence);
    const file = await ports.disk.open(path, { create: true });
    try {
      const random = ports.random.bytes(4);
      const salt = new DataView(random.buffer, random.byteOffset).getUint32(0);
      const first = new Uint8Array(SEGMENT_HEADER_BYTES + roomBytes);
      first.set(encodeHeader({ sequence, firstNumber, salt }));
      await at(path, 0, "writing", () => file.writeAt(0, first));
      await at(path, 0, "syncing", () => file.sync());
      // Before any record: a record must not be durable in a file without a name.
      await at(
        directory,
        0,
        "syncing",
        () => ports.disk.syncDirectory(directory),
      );
      const offset = SEGMENT_HEADER_BYTES;
      const about = { path, sequence, salt, offset };
      return new SegmentFile(file, about, first.length);
    } catch (error) {
      await file.close().catch(() => {});
      await ports.disk.remove(path).catch(() => {});
      throw error;
    }
  }

  /** The last segment of a journal that was read back, cut where its records end. */
  static async reopen(
    ports: Pick<Ports, "disk" | "log">,
    directory: string,
    end: JournalEnd,
  ): Promise<SegmentFile> {
    const { path, offset } = end;
    const { sequence, salt } = end.header;
    const file = await ports.disk.open(path);
    try {
      if (end.unfinished) {
        const message = "cutting off a journal record that was never finished";
        ports.log.write("warn", message, { path, offset });
        await at(path, offset, "writing", () => file.truncate(offset));
      }
      // What was read may have been only in the kernel's memory, after a crash of
      // the process alone; from here on it counts as durable.
      await at(path, offset, "syncing", () => file.sync());
      await ports.disk.syncDirectory(directory);
      const size = Math.max(await file.size(), offset);
      return new SegmentFile(file, { path, sequence, salt, offset }, size);
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
  }

  /** Where the next record goes. */
  get offset(): number {
    return this.#offset;
  }

  /** True before the first record. */
  get isEmpty(): boolean {
    return this.#offset === SEGMENT_HEADER_BYTES;
  }

  /** True when so much room is laid out ahead. */
  hasRoom(bytes: number): boolean {
    return this.#offset + bytes <= this.#laidOut;
  }

  /** Lays out room with zeros up to `size`; a failure leaves what was laid out before. */
  async layOut(size: number): Promise<void> {
    if (size <= this.#laidOut) return;
    while (this.#laidOut < size) {
      const from = this.#laidOut;
      const zeros = ZEROS.subarray(0, size - from);
      await at(
        this.path,
        from,
        "writing",
        () => this.#file.writeAt(from, zeros),
      );
      this.#laidOut = from + zeros.length;
    }
  }

  /** Puts a record in its place; only the very same one may follow on a failure. */
  write(record: Uint8Array): Promise<void> {
    const offset = this.#offset;
    return at(
      this.path,
      offset,
      "writing",
      () => this.#file.writeAt(offset, record),
    );
  }

  /** Makes the record durable and goes on behind it. A failure is final. */
  async sync(
    recordBytes: number,
    options: { readonly atOnce: boolean },
  ): Promise<void> {
    await at(
      this.path,
      this.#offset,
      "syncing",
      () => this.#file.sync(options),
    );
    this.#offset += recordBytes;
    this.#laidOut = Math.max(this.#laidOut, this.#offset);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
