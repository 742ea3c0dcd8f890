/**
 * A disk that keeps exactly what POSIX promises and nothing more. On loss of
 * power, each write since the last sync of its file is kept whole, lost, or
 * kept in some of its 512-byte sectors, each write on its own and so in any
 * order; a change of names survives only if its directory was synced, and the others survive as
 * a prefix of their order (metadata is journaled). When only the process
 * dies, what it wrote stays (the page cache is the kernel's), and a write
 * under way may or may not have happened.
 *
 * Departures from the real thing: directories themselves are durable once
 * made, and how much space there is only `disk_faults.ts` decides.
 */

import type { Prng } from "../../src/base/mod.ts";
import type { Disk, DiskFile, DiskLock } from "../../src/platform/ports.ts";
import { DiskError } from "../../src/platform/ports.ts";
import type { Calendar } from "./calendar.ts";
import { DiskFaults } from "./disk_faults.ts";
import type { DiskOptions } from "./disk_options.ts";
import type { FileContent } from "./file_content.ts";
import { applyTo, Inode, type Pending } from "./inode.ts";
import { applyNames, directoryOf, type NameChange, trimmed } from "./names.ts";
import { never } from "./process.ts";
import type { Process } from "./process.ts";

/** The unit in which a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const VOLATILE = "/run/";

/** The disk of one host; every process of the host sees it through its own {@link Disk}. */
export class SimulatedDisk {
  /** What is wrong with it at present. */
  readonly faults = new DiskFaults();
  readonly #calendar: Calendar;
  readonly #prng: Prng;
  readonly #options: DiskOptions;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #unsyncedNames = new Map<string, NameChange[]>();
  readonly #directories = new Set<string>(["/"]);
  readonly #locks = new Map<string, Process>();

  constructor(calendar: Calendar, prng: Prng, options: DiskOptions) {
    this.#calendar = calendar;
    this.#prng = prng;
    this.#options = options;
  }

  /** The disk as one process uses it; goes dead with the process. */
  port(process: Process): Disk {
    return {
      open: (path, options = {}) =>
        this.#call(process, this.#accessMs(), () => {
          const create = options.create ?? false;
          if (create && !this.#names.has(path)) this.faults.checkRoom(path);
          const inode = this.#open(path, create);
          return this.#file(process, path, inode);
        }),
      read: (path) =>
        this.#call(process, this.#accessMs(), () => {
          const inode = this.#names.get(path);
          return inode === undefined
            ? null
            : inode.current.read(0, inode.current.size);
        }),
      replace: (path, content) => this.#put(process, path, content, true),
      publish: (path, content) => this.#put(process, path, content, false),
      rename: (from, to) =>
        this.#call(process, this.#accessMs(), () => this.#rename(from, to)),
      remove: (path) =>
        this.#call(process, this.#accessMs(), () => {
          if (!this.#names.has(path)) return;
          this.#change(directoryOf(path), { unlink: path, link: null });
        }),
      list: (directory) =>
        this.#call(process, this.#accessMs(), () => this.list(directory)),
      makeDirectory: (path) =>
        this.#call(process, this.#accessMs(), () => this.makeDirectory(path)),
      syncDirectory: (path) =>
        this.#call(
          process,
          this.#syncMs(),
          () => this.#syncDirectory(trimmed(path)),
        ),
      lock: (directory) =>
        this.#call(
          process,
          this.#accessMs(),
          () => this.#lock(process, trimmed(directory)),
        ),
    };
  }

  /** Names in a directory, sorted. */
  list(directory: string): string[] {
    const prefix = trimmed(directory) === "/" ? "/" : `${trimmed(directory)}/`;
    const found = new Set<string>();
    for (const path of [...this.#names.keys(), ...this.#directories]) {
      if (!path.startsWith(prefix) || path === prefix) continue;
      found.add(path.slice(prefix.length).split("/")[0]!);
    }
    return [...found].sort();
  }

  /** Makes a directory and its parents. */
  makeDirectory(path: string): void {
    for (let at = trimmed(path); at !== "/"; at = directoryOf(at)) {
      if (this.#names.has(at)) {
        throw new DiskError("ENOTDIR", at, `${at} is not a directory`);
      }
      this.#directories.add(at);
    }
  }

  /** What a file holds now, or null; for the simulator's own eyes. */
  peek(path: string): Uint8Array | null {
    const inode = this.#names.get(path);
    return inode === undefined
      ? null
      : inode.current.read(0, inode.current.size);
  }

  /** Writes a file at once; for simulated programs that keep no promises (pid files, logs). */
  poke(path: string, bytes: Uint8Array): void {
    const inode = this.#open(path, true);
    inode.apply({ kind: "truncate", size: 0 });
    inode.apply({ kind: "write", offset: 0, bytes });
  }

  /** Removes a file at once. */
  unlink(path: string): void {
    if (!this.#names.has(path)) return;
    this.#change(directoryOf(path), { unlink: path, link: null });
  }

  /** The disk is replaced by an empty one. Every process that used it is gone. */
  wipe(): void {
    this.mend();
    this.#locks.clear();
    this.#unsyncedNames.clear();
    this.#names.clear();
    this.#durableNames.clear();
    this.#directories.clear();
    this.#directories.add("/");
  }

  /** Everything that was not synced is decided by lot. Every process is already gone. */
  powerLoss(): void {
    this.#locks.clear();
    for (const directory of [...this.#unsyncedNames.keys()].sort()) {
      const changes = this.#unsyncedNames.get(directory)!;
      const kept = this.#prng.below(changes.length + 1);
      for (const change of changes.slice(0, kept)) {
        applyNames(this.#durableNames, change);
      }
    }
    this.#unsyncedNames.clear();
    this.#names = new Map(this.#durableNames);
    this.#forgetVolatile();
    for (const path of [...this.#names.keys()].sort()) {
      this.#tear(this.#names.get(path)!);
    }
  }

  /** `/run` is kept in memory. */
  #forgetVolatile(): void {
    for (const path of [...this.#names.keys()]) {
      if (path.startsWith(VOLATILE)) this.#names.delete(path);
    }
    for (const path of [...this.#directories]) {
      if (path.startsWith(VOLATILE)) this.#directories.delete(path);
    }
    this.#durableNames = new Map(this.#names);
  }

  #tear(inode: Inode): void {
    for (const change of inode.pending) {
      const lot = this.#prng.float();
      if (lot < this.#options.keepChance) {
        applyTo(inode.durable, change);
      } else if (
        change.kind === "write" &&
        lot < this.#options.keepChance + this.#options.tearChance
      ) {
        this.#tearWrite(inode.durable, change.offset, change.bytes);
      }
    }
    inode.pending = [];
    inode.current = inode.durable.clone();
  }

  #tearWrite(content: FileContent, offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const left = SECTOR_BYTES - ((offset + at) % SECTOR_BYTES);
      const count = Math.min(left, bytes.length - at);
      if (this.#prng.chance(0.5)) {
        content.write(offset + at, bytes.subarray(at, at + count));
      }
      at += count;
    }
  }

  #file(process: Process, path: string, inode: Inode): DiskFile {
    return {
      size: () => this.#call(process, 0, () => inode.current.size),
      readAt: (offset, length) =>
        this.#call(
          process,
          this.#accessMs(),
          () => inode.current.read(offset, this.#given(length)),
        ),
      writeAt: (offset, bytes) => {
        const change: Pending = { kind: "write", offset, bytes: bytes.slice() };
        return this.#mutate(process, inode, change, () => {
          const grows = offset + bytes.length > inode.current.size;
          if (grows) this.faults.checkRoom(path);
          this.faults.check("write", path);
        });
      },
      truncate: (size) =>
        this.#mutate(process, inode, { kind: "truncate", size }),
      sync: () => {
        const count = inode.pending.length;
        const settled = inode.pending[count - 1];
        return this.#call(process, this.#syncMs(), () => {
          this.#failSync(path, inode);
          // A sync that ended meanwhile may have settled a part already.
          if (settled === undefined) return;
          inode.settle(inode.pending.indexOf(settled) + 1);
        });
      },
      close: () => this.#call(process, 0, () => void path),
    };
  }

  /** How much of what was asked for a read gives: one byte at least. */
  #given(length: number): number {
    return length > 1 && this.#prng.chance(this.#options.shortReadChance)
      ? this.#prng.between(1, length)
      : length;
  }

  #failSync(path: string, inode: Inode): void {
    try {
      this.faults.check("sync", path);
    } catch (error) {
      this.#tear(inode);
      throw error;
    }
  }

  /** Turns one bit of a file over, until {@link mend}; false when there is none. */
  turnBit(path: string, offset: number, bit: number): boolean {
    return this.#names.get(path)?.turn(offset, bit) ?? false;
  }

  /** The files in which a bit is not as it was written. */
  get damaged(): string[] {
    return [...this.#names]
      .filter(([, { current, durable }]) =>
        current.isDamaged || durable.isDamaged
      )
      .map(([path]) => path);
  }

  /** A good disk again, and what turned over turns back. */
  mend(): void {
    this.faults.mend();
    const inodes = [...this.#names.values(), ...this.#durableNames.values()];
    for (const { current, durable } of inodes) {
      current.turnBack();
      durable.turnBack();
    }
  }

  /** A change that a dying process may leave behind when it was under way. */
  #mutate(
    process: Process,
    inode: Inode,
    change: Pending,
    check: () => void = () => {},
  ): Promise<void> {
    let done = false;
    const forget = process.onEnd((how) => {
      if (done || how === "crash" || !this.#prng.chance(0.5)) return;
      done = true;
      inode.apply(change);
    });
    return this.#call(process, this.#accessMs(), () => {
      done = true;
      forget();
      check();
      inode.apply(change);
    });
  }

  #open(path: string, create: boolean): Inode {
    const found = this.#names.get(path);
    if (found !== undefined) return found;
    if (!create || !this.#directories.has(directoryOf(path))) {
      throw new DiskError("ENOENT", path, `there is no ${path}`);
    }
    if (this.#directories.has(path)) {
      throw new DiskError("EISDIR", path, `${path} is a directory`);
    }
    const inode = new Inode();
    this.#change(directoryOf(path), { unlink: null, link: { path, inode } });
    return inode;
  }

  #put(
    process: Process,
    path: string,
    content: Uint8Array,
    durably: boolean,
  ): Promise<void> {
    const bytes = content.slice();
    const takesMs = this.#accessMs() + (durably ? 2 * this.#syncMs() : 0);
    return this.#call(process, takesMs, () => {
      this.faults.checkRoom(path);
      const directory = directoryOf(path);
      if (!this.#directories.has(directory)) {
        throw new DiskError("ENOENT", path, `there is no ${directory}`);
      }
      const inode = new Inode();
      inode.apply({ kind: "write", offset: 0, bytes });
      if (durably) inode.settle(1);
      this.#change(directory, { unlink: null, link: { path, inode } });
      if (durably) this.#syncDirectory(directory);
    });
  }

  #rename(from: string, to: string): void {
    const inode = this.#names.get(from);
    if (inode === undefined || !this.#directories.has(directoryOf(to))) {
      throw new DiskError("ENOENT", from, `cannot rename ${from} to ${to}`);
    }
    this.#change(directoryOf(to), { unlink: from, link: { path: to, inode } });
  }

  #change(directory: string, change: NameChange): void {
    applyNames(this.#names, change);
    const changes = this.#unsyncedNames.get(directory) ?? [];
    changes.push(change);
    this.#unsyncedNames.set(directory, changes);
  }

  #syncDirectory(directory: string): void {
    if (!this.#directories.has(directory)) {
      throw new DiskError("ENOENT", directory, `there is no ${directory}`);
    }
    for (const change of this.#unsyncedNames.get(directory) ?? []) {
      applyNames(this.#durableNames, change);
    }
    this.#unsyncedNames.delete(directory);
  }

  #lock(process: Process, directory: string): DiskLock | null {
    if (!this.#directories.has(directory)) {
      throw new DiskError("ENOENT", directory, `there is no ${directory}`);
    }
    const holder = this.#locks.get(directory);
    if (holder !== undefined && holder.alive) return null;
    this.#locks.set(directory, process);
    return {
      release: () =>
        this.#call(process, 0, () => {
          if (this.#locks.get(directory) !== process) return;
          this.#locks.delete(directory);
        }),
    };
  }

  /** Does `work` after `delayMs` and tells the process; a dead process waits for ever. */
  #call<T>(process: Process, delayMs: number, work: () => T): Promise<T> {
    if (!process.alive) return never();
    return new Promise((resolve, reject) => {
      this.#calendar.after(delayMs, () => {
        if (!process.alive) return;
        try {
          const done = this.faults.around(work);
          if (done !== null) process.deliver(() => resolve(done.result));
        } catch (error) {
          process.deliver(() => reject(error));
        }
      });
    });
  }

  #accessMs(): number {
    return this.#options.accessMs * (0.5 + this.#prng.float());
  }

  #syncMs(): number {
    const { syncMinMs, syncMeanMs, stallChance, stallMs } = this.#options;
    const tail = -Math.log(1 - this.#prng.float()) * syncMeanMs;
    const stall = this.#prng.chance(stallChance) ? stallMs : 0;
    return syncMinMs + tail + stall;
  }
}
