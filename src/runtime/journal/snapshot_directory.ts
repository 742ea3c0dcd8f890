/**
 * The snapshots that a monitor keeps: which there are, how one comes to be
 * (temporary name, sync, rename, sync of the directory), and which may go.
 *
 *   INDEX.snapshot    taken here; the journal is at least as long
 *   INDEX.received    came from the leader; the journal may not know of it yet
 *   INDEX-TERM-BYTES-DIGEST.incoming   the beginning of one that is coming
 *   taking            one that is being taken
 */

import type { Disk } from "../../platform/mod.ts";
import type { Snapshot, SnapshotIdentity } from "../../raft/mod.ts";
import { at, readFully } from "./disk_failure.ts";
import type { SnapshotHead } from "./snapshot_format.ts";
import { SnapshotWriter } from "./snapshot_writer.ts";

const INDEX_DIGITS = 15;

/** A snapshot that is kept. */
export interface KeptSnapshot {
  readonly index: number;
  readonly path: string;
  /** It came from the leader, so that the journal need not reach it. */
  readonly received: boolean;
}

/** The files of one directory. */
export class SnapshotDirectory {
  readonly #disk: Disk;
  readonly #directory: string;
  /** By index, ascending. */
  #kept: KeptSnapshot[];
  #incoming: {
    readonly snapshot: SnapshotIdentity;
    readonly path: string;
    offset: number;
  } | null = null;

  private constructor(disk: Disk, directory: string, kept: KeptSnapshot[]) {
    this.#disk = disk;
    this.#directory = directory;
    this.#kept = kept;
  }

  /** Looks at what is there, and clears away what was not finished. Rejects with DiskError. */
  static async open(disk: Disk, directory: string): Promise<SnapshotDirectory> {
    await disk.makeDirectory(directory);
    const kept: KeptSnapshot[] = [];
    const incoming: string[] = [];
    for (const name of await disk.list(directory)) {
      const path = `${directory}/${name}`;
      const found = /^(\d{15})\.(snapshot|received)$/.exec(name);
      if (found !== null) {
        const received = found[2] === "received";
        kept.push({ index: Number(found[1]), path, received });
      } else if (name.endsWith(".incoming")) incoming.push(name);
      else if (name === "taking") await disk.remove(path);
    }
    // A process that ended before it synced a name left it in the kernel's memory
    // only; from here on the snapshot counts as durable.
    if (kept.length > 0) await syncNames(disk, directory);
    kept.sort((a, b) => a.index - b.index);
    const snapshots = new SnapshotDirectory(disk, directory, kept);
    await snapshots.#findIncoming(incoming);
    return snapshots;
  }

  /** The snapshots, oldest first. */
  get kept(): readonly KeptSnapshot[] {
    return this.#kept;
  }

  /** How much there is of a snapshot that is coming in. It is checked once it is whole. */
  get incoming(): { snapshot: SnapshotIdentity; offset: number } | null {
    if (this.#incoming === null) return null;
    const { snapshot, offset } = this.#incoming;
    return { snapshot, offset };
  }

  /** Begins to take a snapshot; one at a time. */
  begin(head: SnapshotHead): Promise<SnapshotWriter> {
    return SnapshotWriter.begin(this.#disk, this.#takingPath, head);
  }

  /** Gives a finished snapshot its name, durably; `received` when the journal need not reach it. */
  async publish(snapshot: Snapshot, received = false): Promise<void> {
    await this.#publish(this.#takingPath, snapshot.index, received);
  }

  /** Removes what is left of a snapshot that was not finished. */
  async clearTaking(): Promise<void> {
    await this.#disk.remove(this.#takingPath);
  }

  /** Bytes of a snapshot that is kept, fewer at its end; null when it is not there. Rejects with DiskError. */
  async read(
    index: number,
    offset: number,
    length: number,
  ): Promise<Uint8Array | null> {
    const kept = this.#kept.find((one) => one.index === index);
    if (kept === undefined) return null;
    const file = await this.#disk.open(kept.path);
    try {
      return await readFully(file, kept.path, offset, length);
    } finally {
      await file.close();
    }
  }

  /** Writes bytes of a snapshot that is coming in, durably; at offset 0 it begins anew. */
  async receive(
    snapshot: SnapshotIdentity,
    offset: number,
    data: Uint8Array,
  ): Promise<void> {
    const path = this.#incomingPath(snapshot);
    if (offset === 0) await this.dropIncoming();
    const file = await this.#disk.open(path, { create: true });
    try {
      await at(path, offset, "writing", () => file.writeAt(offset, data));
      await at(path, offset, "syncing", () => file.sync());
    } finally {
      await file.close();
    }
    this.#incoming = { snapshot, path, offset: offset + data.length };
  }

  /** The file of the snapshot that has come in, to be checked. */
  incomingPathOf(snapshot: SnapshotIdentity): string {
    return this.#incomingPath(snapshot);
  }

  /** Keeps the snapshot that has come in, durably. */
  async publishReceived(snapshot: SnapshotIdentity): Promise<void> {
    await this.#publish(this.#incomingPath(snapshot), snapshot.index, true);
    this.#incoming = null;
  }

  /** Throws away what has come in. */
  async dropIncoming(): Promise<void> {
    const path = this.#incoming?.path;
    this.#incoming = null;
    if (path !== undefined) await this.#disk.remove(path);
  }

  /**
   * Removes what is neither among the last two nor in use. Answers up to where
   * the log is not needed any more: the end of the older one of two.
   */
  async prune(inUse: readonly number[]): Promise<number> {
    const last = this.#kept.slice(-2);
    const isNeeded = (one: KeptSnapshot): boolean =>
      last.includes(one) || inUse.includes(one.index);
    for (const one of this.#kept.filter((one) => !isNeeded(one))) {
      await this.#disk.remove(one.path);
    }
    this.#kept = this.#kept.filter(isNeeded);
    await syncNames(this.#disk, this.#directory);
    return last.length === 2 ? last[0]!.index : 0;
  }

  /** A snapshot that turned out to be damaged is set aside: it is none, but may be looked at. */
  async setAside(kept: KeptSnapshot): Promise<void> {
    await this.#disk.rename(kept.path, `${this.#directory}/damaged`);
    this.#kept = this.#kept.filter((one) => one !== kept);
  }

  get #takingPath(): string {
    return `${this.#directory}/taking`;
  }

  #incomingPath(snapshot: SnapshotIdentity): string {
    const { index, term, bytes, digest } = snapshot;
    return `${this.#directory}/${index}-${term}-${bytes}-${digest}.incoming`;
  }

  async #publish(
    from: string,
    index: number,
    received: boolean,
  ): Promise<void> {
    const name = String(index).padStart(INDEX_DIGITS, "0");
    const path = `${this.#directory}/${name}.${
      received ? "received" : "snapshot"
    }`;
    await this.#disk.rename(from, path);
    await syncNames(this.#disk, this.#directory);
    const others = this.#kept.filter((one) => one.path !== path);
    this.#kept = [...others, { index, path, received }]
      .sort((a, b) => a.index - b.index);
  }

  /** Keeps the latest transfer that was under way, removes others. */
  async #findIncoming(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const path = `${this.#directory}/${name}`;
      const snapshot = identityIn(name);
      const known = this.#incoming?.snapshot.index ?? -1;
      if (snapshot === null || snapshot.index <= known) {
        await this.#disk.remove(path);
        continue;
      }
      await this.dropIncoming();
      const file = await this.#disk.open(path);
      const offset = await file.size();
      await file.close();
      this.#incoming = { snapshot, path, offset };
      // Whole, but nobody knows whether it is right: it comes in anew.
      if (offset >= snapshot.bytes) await this.dropIncoming();
    }
  }
}

function syncNames(disk: Disk, directory: string): Promise<void> {
  return at(directory, 0, "syncing", () => disk.syncDirectory(directory));
}

function identityIn(name: string): SnapshotIdentity | null {
  const found = /^(\d+)-(\d+)-(\d+)-([0-9a-f]+-[0-9a-f]{16})\.incoming$/
    .exec(name);
  if (found === null) return null;
  return {
    index: Number(found[1]),
    term: Number(found[2]),
    bytes: Number(found[3]),
    digest: found[4]!,
  };
}
