/** Writing a snapshot's file, a slice at a time, under a temporary name. */

import { concat, RunningDigest } from "../../base/mod.ts";
import type { Disk, DiskFile } from "../../platform/mod.ts";
import type { Snapshot } from "../../raft/mod.ts";
import { at } from "./disk_failure.ts";
import {
  aboutPayload,
  encodeFrame,
  endPayload,
  SNAPSHOT_MAGIC,
  type SnapshotHead,
} from "./snapshot_format.ts";

/**
 * Unsynced bytes stay below this. A journal's sync may have to wait for all
 * that its file system has not written yet, whosesoever it is.
 */
const SYNC_BYTES = 1024 * 1024;

/** A snapshot's file in the making. */
export class SnapshotWriter {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #head: SnapshotHead;
  readonly #digest = new RunningDigest();
  #frames = 0;
  #unsynced = 0;

  private constructor(path: string, file: DiskFile, head: SnapshotHead) {
    this.path = path;
    this.#file = file;
    this.#head = head;
  }

  /** Begins a file, instead of what may be there under that name. Rejects with DiskError or Problem. */
  static async begin(
    disk: Disk,
    path: string,
    head: SnapshotHead,
  ): Promise<SnapshotWriter> {
    await disk.remove(path);
    const file = await disk.open(path, { create: true });
    const writer = new SnapshotWriter(path, file, head);
    await writer.#write([SNAPSHOT_MAGIC, writer.#frame(aboutPayload(head))]);
    return writer;
  }

  /** How much was written. */
  get bytes(): number {
    return this.#digest.bytes;
  }

  /** Appends parts of the state, in their order. */
  write(parts: readonly Uint8Array[]): Promise<void> {
    return this.#write(parts.map((part) => this.#frame(part)));
  }

  /** Makes the whole durable; it still has its temporary name. */
  async finish(): Promise<Snapshot> {
    await this.#write([this.#frame(endPayload(this.#frames))]);
    await this.#sync();
    await this.#file.close();
    const { bytes } = this;
    return { ...this.#head, bytes, digest: this.#digest.toString() };
  }

  /** Closes the file, of which nothing will be needed. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  #frame(payload: Uint8Array): Uint8Array {
    return encodeFrame(this.#frames++, payload);
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(pieces);
    const offset = this.#digest.bytes;
    this.#digest.add(bytes);
    await at(
      this.path,
      offset,
      "writing",
      () => this.#file.writeAt(offset, bytes),
    );
    this.#unsynced += bytes.length;
    if (this.#unsynced >= SYNC_BYTES) await this.#sync();
  }

  async #sync(): Promise<void> {
    const offset = this.#digest.bytes - this.#unsynced;
    await at(this.path, offset, "syncing", () => this.#file.sync());
    this.#unsynced = 0;
  }
}
