/**
 * A disk in memory that forgets what was not synced, tears what was being
 * written, stops at a chosen operation, and fails or holds its syncs: just
 * enough to test the journal. (The simulator has a disk of its own.)
 */

import type { Prng } from "../../src/base/mod.ts";
import {
  type Disk,
  DiskError,
  type DiskFile,
  type DiskLock,
} from "../../src/platform/mod.ts";

const SECTOR_BYTES = 512;

/** The process died at this operation. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/** What becomes of the bytes of a write that was not synced. */
export type Tear =
  | { readonly kind: "lost" }
  | { readonly kind: "kept" }
  /** The first bytes of each write are there, the rest is not. */
  | { readonly kind: "prefix"; readonly bytes: number }
  /** Each sector is there or not, by chance. */
  | { readonly kind: "sectors"; readonly random: Prng };

interface Node {
  /** What would survive. */
  durable: Uint8Array;
  /** What the process sees. */
  current: Uint8Array;
  unsynced: { readonly offset: number; readonly bytes: Uint8Array }[];
  durableName: boolean;
}

/** The disk; all paths live in one table. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, Node>();
  /** Operations that change something, so far. */
  operations = 0;
  syncs = 0;
  /** The operation at which the process dies, counted from 1. */
  killAt = Infinity;
  /** Syncs fail from now on. */
  failing = false;
  #held: (() => void)[] | null = null;

  /** Makes syncs wait until {@link releaseSyncs}. */
  holdSyncs(): void {
    this.#held = [];
  }

  /** Lets the held syncs, and all later ones, finish. */
  releaseSyncs(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const release of held) release();
  }

  /** How many syncs wait. */
  get heldSyncs(): number {
    return this.#held?.length ?? 0;
  }

  /** What a machine finds after the power came back. */
  afterCrash(tear: Tear): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [path, node] of this.files) {
      if (!node.durableName && tear.kind !== "kept") continue;
      disk.put(path, survivor(node, tear));
    }
    return disk;
  }

  /** A durable copy with one file changed. */
  with(path: string, content: Uint8Array | null): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [name, node] of this.files) disk.put(name, node.current.slice());
    if (content === null) disk.files.delete(path);
    else disk.put(path, content);
    return disk;
  }

  /** A durable file. */
  put(path: string, content: Uint8Array): void {
    this.files.set(path, {
      durable: content.slice(),
      current: content,
      unsynced: [],
      durableName: true,
    });
  }

  open(path: string, options: { create?: boolean } = {}): Promise<DiskFile> {
    return attempt(() => {
      let node = this.files.get(path);
      if (node === undefined) {
        if (!options.create) {
          throw new DiskError("ENOENT", path, "no such file");
        }
        this.#operation();
        const empty = new Uint8Array();
        node = {
          durable: empty,
          current: empty,
          unsynced: [],
          durableName: false,
        };
        this.files.set(path, node);
      }
      return this.#file(path, node);
    });
  }

  read(path: string): Promise<Uint8Array | null> {
    return attempt(() => this.files.get(path)?.current.slice() ?? null);
  }

  replace(path: string, content: Uint8Array): Promise<void> {
    return attempt(() => {
      this.#operation();
      this.put(path, content.slice());
    });
  }

  rename(): Promise<void> {
    throw new Error("not needed here");
  }

  remove(path: string): Promise<void> {
    return attempt(() => {
      this.#operation();
      this.files.delete(path);
    });
  }

  list(directory: string): Promise<string[]> {
    return attempt(() =>
      [...this.files.keys()]
        .filter((path) => path.startsWith(`${directory}/`))
        .map((path) => path.slice(directory.length + 1))
        .sort()
    );
  }

  makeDirectory(): Promise<void> {
    return Promise.resolve();
  }

  syncDirectory(directory: string): Promise<void> {
    return attempt(() => {
      this.#operation();
      for (const [path, node] of this.files) {
        if (path.startsWith(`${directory}/`)) node.durableName = true;
      }
    });
  }

  lock(): Promise<DiskLock | null> {
    return Promise.resolve({ release: () => Promise.resolve() });
  }

  #operation(): void {
    this.operations++;
    if (this.operations >= this.killAt) throw new Killed("killed");
  }

  #file(path: string, node: Node): DiskFile {
    return {
      size: () => Promise.resolve(node.current.length),
      readAt: (offset, length) =>
        Promise.resolve(node.current.slice(offset, offset + length)),
      writeAt: (offset, bytes) =>
        attempt(() => {
          // Dying here, the write itself may be half done.
          node.unsynced.push({ offset, bytes: bytes.slice() });
          node.current = overwrite(node.current, offset, bytes);
          this.#operation();
        }),
      truncate: (size) =>
        attempt(() => {
          this.#operation();
          node.current = resize(node.current, size);
        }),
      sync: () => this.#sync(path, node),
      close: () => Promise.resolve(),
    };
  }

  async #sync(path: string, node: Node): Promise<void> {
    this.syncs++;
    if (this.#held !== null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#held.push(resolve);
      await promise;
    }
    if (this.failing) throw new DiskError("EIO", path, "the disk is broken");
    this.#operation();
    node.durable = node.current.slice();
    node.unsynced = [];
  }
}

function survivor(node: Node, tear: Tear): Uint8Array {
  let content: Uint8Array = node.durable.slice();
  for (const { offset, bytes } of node.unsynced) {
    switch (tear.kind) {
      case "lost":
        break;
      case "kept":
        content = overwrite(content, offset, bytes);
        break;
      case "prefix":
        content = overwrite(content, offset, bytes.subarray(0, tear.bytes));
        break;
      case "sectors":
        content = overwriteSectors(content, offset, bytes, tear.random);
        break;
    }
  }
  return content;
}

function overwriteSectors(
  content: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  random: Prng,
): Uint8Array {
  let result = content;
  let at = 0;
  while (at < bytes.length) {
    const room = SECTOR_BYTES - ((offset + at) % SECTOR_BYTES);
    const piece = bytes.subarray(at, at + room);
    if (random.chance(0.5)) result = overwrite(result, offset + at, piece);
    at += room;
  }
  return result;
}

function overwrite(
  content: Uint8Array,
  offset: number,
  bytes: Uint8Array,
): Uint8Array {
  const size = Math.max(content.length, offset + bytes.length);
  const result = resize(content, size);
  result.set(bytes, offset);
  return result;
}

function resize(content: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  result.set(content.subarray(0, size));
  return result;
}

function attempt<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}
