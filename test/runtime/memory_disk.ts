/**
 * A disk in memory that forgets what was not synced (content and names alike),
 * tears what was being written, stops at a chosen operation, fills up, gives
 * short reads, and fails or holds what it is told to: enough to test journal
 * and snapshots. (The simulator has a disk of its own.)
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
}

/** One change of names that its directory was not synced after. */
interface NameChange {
  readonly directory: string;
  readonly unlink: string | null;
  readonly link: { readonly path: string; readonly node: Node } | null;
  /** A whole directory that moves: all names below it at once. */
  readonly move?: { readonly from: string; readonly to: string };
}

/** An access as a fault sees it. */
export interface Access {
  readonly doing:
    | "open"
    | "read"
    | "write"
    | "truncate"
    | "sync"
    | "syncDirectory"
    | "rename"
    | "remove"
    | "replace";
  readonly path: string;
  readonly offset: number;
}

/** The disk; all paths live in one table. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, Node>();
  #durableNames = new Map<string, Node>();
  #unsyncedNames: NameChange[] = [];
  /** Operations that change something, so far. */
  operations = 0;
  syncs = 0;
  /** The operation at which the process dies, counted from 1. */
  killAt = Infinity;
  /** Syncs fail from now on. */
  failing = false;
  /** Answers the code with which an access fails, or null. */
  fault: (access: Access) => string | null = () => null;
  /** Files together may not be longer. */
  capacityBytes = Infinity;
  /** When set, reads give fewer bytes than they could, by chance. */
  shortReads: Prng | null = null;
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
    const names = new Map(this.#durableNames);
    for (const change of this.#keptNames(tear)) applyNames(names, change);
    const disk = new MemoryDisk();
    for (const [path, node] of names) disk.put(path, survivor(node, tear));
    return disk;
  }

  /** Names change in order: what survives is the beginning. */
  #keptNames(tear: Tear): readonly NameChange[] {
    const changes = this.#unsyncedNames;
    if (tear.kind === "kept") return changes;
    if (tear.kind !== "sectors") return [];
    return changes.slice(0, tear.random.below(changes.length + 1));
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
    const node = { durable: content.slice(), current: content, unsynced: [] };
    this.files.set(path, node);
    this.#durableNames.set(path, node);
  }

  open(path: string, options: { create?: boolean } = {}): Promise<DiskFile> {
    return attempt(() => {
      let node = this.files.get(path);
      if (node === undefined) {
        if (!options.create) {
          throw new DiskError("ENOENT", path, "no such file");
        }
        this.#may("open", path);
        this.#operation();
        const empty = new Uint8Array();
        node = { durable: empty, current: empty, unsynced: [] };
        this.#change(path, { unlink: null, link: { path, node } });
      }
      return this.#file(path, node);
    });
  }

  read(path: string): Promise<Uint8Array | null> {
    return attempt(() => this.files.get(path)?.current.slice() ?? null);
  }

  replace(path: string, content: Uint8Array): Promise<void> {
    return attempt(() => {
      this.#may("replace", path);
      this.#operation();
      this.put(path, content.slice());
    });
  }

  publish(path: string, content: Uint8Array): Promise<void> {
    return attempt(() => {
      this.#may("replace", path);
      this.#operation();
      const current = content.slice();
      const unsynced = [{ offset: 0, bytes: current }];
      const node = { durable: new Uint8Array(0), current, unsynced };
      this.#change(path, { unlink: null, link: { path, node } });
    });
  }

  rename(from: string, to: string): Promise<void> {
    return attempt(() => {
      this.#may("rename", from);
      this.#operation();
      const node = this.files.get(from);
      const below = `${from}/`;
      if ([...this.files.keys()].some((path) => path.startsWith(below))) {
        const move = { from: below, to: `${to}/` };
        this.#change(to, { unlink: null, link: null, move });
        return;
      }
      if (node === undefined) throw new DiskError("ENOENT", from, "no file");
      this.#change(to, { unlink: from, link: { path: to, node } });
    });
  }

  remove(path: string): Promise<void> {
    return attempt(() => {
      this.#may("remove", path);
      this.#operation();
      if (!this.files.has(path)) return;
      this.#change(path, { unlink: path, link: null });
    });
  }

  list(directory: string): Promise<string[]> {
    return attempt(() =>
      [
        ...new Set(
          [...this.files.keys()]
            .filter((path) => path.startsWith(`${directory}/`))
            .map((path) => path.slice(directory.length + 1).split("/")[0]!),
        ),
      ].sort()
    );
  }

  makeDirectory(): Promise<void> {
    return Promise.resolve();
  }

  syncDirectory(directory: string): Promise<void> {
    return attempt(() => {
      this.#may("syncDirectory", directory);
      this.#operation();
      const isHere = (change: NameChange): boolean =>
        change.directory === directory;
      for (const change of this.#unsyncedNames.filter(isHere)) {
        applyNames(this.#durableNames, change);
      }
      this.#unsyncedNames = this.#unsyncedNames.filter((one) => !isHere(one));
    });
  }

  lock(): Promise<DiskLock | null> {
    return Promise.resolve({ release: () => Promise.resolve() });
  }

  #operation(): void {
    this.operations++;
    if (this.operations >= this.killAt) throw new Killed("killed");
  }

  #may(doing: Access["doing"], path: string, offset = 0): void {
    const code = this.fault({ doing, path, offset });
    if (code !== null) throw new DiskError(code, path, `no ${doing}`);
  }

  #change(path: string, change: Omit<NameChange, "directory">): void {
    applyNames(this.files, change);
    this.#unsyncedNames.push({ ...change, directory: directoryOf(path) });
  }

  /** How many of these bytes the disk still has room for. */
  #roomFor(node: Node, offset: number, bytes: Uint8Array): number {
    let used = 0;
    for (const { current } of this.files.values()) used += current.length;
    const free = Math.max(0, this.capacityBytes - used);
    return Math.min(bytes.length, node.current.length + free - offset);
  }

  #file(path: string, node: Node): DiskFile {
    return {
      size: () => Promise.resolve(node.current.length),
      readAt: (offset, length) =>
        attempt(() => {
          this.#may("read", path, offset);
          const bytes = node.current.slice(offset, offset + length);
          if (this.shortReads === null || bytes.length < 2) return bytes;
          return bytes.slice(0, this.shortReads.between(1, bytes.length));
        }),
      writeAt: (offset, bytes) =>
        attempt(() => {
          this.#may("write", path, offset);
          const room = Math.max(0, this.#roomFor(node, offset, bytes));
          const written = bytes.slice(0, room);
          // Dying here, the write itself may be half done.
          node.unsynced.push({ offset, bytes: written });
          node.current = overwrite(node.current, offset, written);
          this.#operation();
          if (room === bytes.length) return;
          throw new DiskError("ENOSPC", path, "no space left");
        }),
      truncate: (size) =>
        attempt(() => {
          this.#may("truncate", path, size);
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
    this.#may("sync", path);
    this.#operation();
    node.durable = node.current.slice();
    node.unsynced = [];
  }
}

function applyNames(
  names: Map<string, Node>,
  change: Omit<NameChange, "directory">,
): void {
  const { move } = change;
  for (const [path, node] of move === undefined ? [] : [...names]) {
    if (!path.startsWith(move!.from)) continue;
    names.delete(path);
    names.set(move!.to + path.slice(move!.from.length), node);
  }
  if (change.unlink !== null) names.delete(change.unlink);
  if (change.link !== null) names.set(change.link.path, change.link.node);
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
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
