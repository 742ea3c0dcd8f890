/** Reading a snapshot's file: every byte is checked before the whole is believed. */

import { Problem, RunningDigest } from "../../base/mod.ts";
import {
  type ClusterState,
  MalformedSnapshot,
  SNAPSHOT_VERSION,
  SnapshotDecoder,
  UnknownSnapshot,
} from "../../cluster/mod.ts";
import type { Disk, DiskFile } from "../../platform/mod.ts";
import type { Snapshot } from "../../raft/mod.ts";
import { at, REPLACE_REMEDY } from "./disk_failure.ts";
import {
  FRAME_HEAD_BYTES,
  isIntact,
  isMagic,
  payloadLength,
  readPayload,
  SNAPSHOT_FILE_VERSION,
  SNAPSHOT_MAGIC,
  type SnapshotHead,
} from "./snapshot_format.ts";

/** So much is read at a time, and worked on before others get their turn. */
const READ_BYTES = 128 * 1024;

/** A snapshot and the state in it. */
export interface LoadedSnapshot {
  readonly snapshot: Snapshot;
  readonly state: ClusterState;
}

/**
 * Reads a whole snapshot. Rejects with the problems `snapshot-damaged`, which
 * names file and offset, and `version-too-old`; with DiskError on a failing disk.
 */
export async function readSnapshot(
  disk: Disk,
  path: string,
): Promise<LoadedSnapshot> {
  const file = await disk.open(path);
  try {
    return await new SnapshotReader(path, file).read();
  } finally {
    await file.close();
  }
}

class SnapshotReader {
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #digest = new RunningDigest();
  readonly #decoder = new SnapshotDecoder();
  #head: SnapshotHead | null = null;
  #frames = 0;
  /** What was read and not looked at yet, and where it begins. */
  #buffer = new Uint8Array();
  #offset = 0;

  constructor(path: string, file: DiskFile) {
    this.#path = path;
    this.#file = file;
  }

  async read(): Promise<LoadedSnapshot> {
    const magic = await this.#take(SNAPSHOT_MAGIC.length);
    if (magic === null || !isMagic(magic)) {
      throw this.#damaged(0, "this is no snapshot");
    }
    while (!await this.#frame()) continue;
    const end = this.#offset;
    if (await this.#take(1) !== null) {
      throw this.#damaged(end, "something follows the end");
    }
    const { bytes } = this.#digest;
    const digest = this.#digest.toString();
    const state = this.#decode(end, () => this.#decoder.finish());
    return { snapshot: { ...this.#head!, bytes, digest }, state };
  }

  /** Takes in one frame; true when it was the last. */
  async #frame(): Promise<boolean> {
    const start = this.#offset;
    const head = await this.#take(FRAME_HEAD_BYTES);
    if (head === null) throw this.#damaged(start, "the end is missing");
    const length = payloadLength(head, this.#frames);
    if (length === null) {
      throw this.#damaged(start, "the head of a frame is wrong");
    }
    const payload = await this.#take(length);
    if (payload === null) throw this.#damaged(start, "a frame is cut off");
    if (!isIntact(head, payload)) {
      throw this.#damaged(start, "the checksum of a frame is wrong");
    }
    const number = this.#frames++;
    const content = readPayload(payload);
    if (content.kind === "unknownVersion") {
      throw this.#unknown(content.version, SNAPSHOT_FILE_VERSION);
    }
    if (
      content.kind === "malformed" ||
      (number === 0) !== (content.kind === "about")
    ) throw this.#damaged(start, "an intact frame makes no sense");
    if (content.kind === "about") this.#head = content.head;
    if (content.kind === "part") {
      this.#decode(start, () => this.#decoder.push(content.part));
    }
    if (content.kind !== "end") return false;
    if (content.frames === number) return true;
    throw this.#damaged(start, "frames are missing");
  }

  #decode<T>(offset: number, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (error instanceof UnknownSnapshot) {
        throw this.#unknown(error.version, SNAPSHOT_VERSION);
      }
      if (!(error instanceof MalformedSnapshot)) throw error;
      throw this.#damaged(offset, error.message);
    }
  }

  /** The next bytes, or null when there are not so many. */
  async #take(length: number): Promise<Uint8Array | null> {
    while (this.#buffer.length < length) {
      const from = this.#offset + this.#buffer.length;
      const more = await at(
        this.#path,
        from,
        "reading",
        () => this.#file.readAt(from, Math.max(READ_BYTES, length)),
      );
      if (more.length === 0) return null;
      const joined = new Uint8Array(this.#buffer.length + more.length);
      joined.set(this.#buffer);
      joined.set(more, this.#buffer.length);
      this.#buffer = joined;
    }
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    this.#offset += length;
    this.#digest.add(taken);
    return taken;
  }

  #damaged(offset: number, what: string): Problem {
    return new Problem(
      "snapshot-damaged",
      `a snapshot is damaged: ${this.#path} at offset ${offset}: ${what}`,
      REPLACE_REMEDY,
    );
  }

  #unknown(version: number, known: number): Problem {
    return new Problem(
      "version-too-old",
      `${this.#path} has format ${version}; this version of gmon reads format ${known}`,
      "start the version of gmon that wrote it, or a newer one",
    );
  }
}
