/**
 * The directories that bricks live in, with their extended attributes: the
 * simulator's {@link BrickStorage}. It survives loss of power whole; what
 * GlusterFS itself does about that is not gmon's business.
 */

import type { BrickStorage, StorageUsage } from "../../src/platform/ports.ts";
import { DiskError } from "../../src/platform/ports.ts";
import { never } from "./process.ts";
import type { Process } from "./process.ts";

const CALL_MS = 0.2;

/** One host's brick directories. */
export class BrickTree {
  readonly #directories = new Map<string, Map<string, Uint8Array>>([
    ["/", new Map()],
  ]);

  /** Makes a directory with its parents; for setting the stage. */
  prepare(path: string): void {
    let at = "";
    for (const part of path.split("/").slice(1)) {
      at += `/${part}`;
      if (!this.#directories.has(at)) this.#directories.set(at, new Map());
    }
  }

  /** Every directory with at least one extended attribute, sorted; for oracles. */
  marked(): string[] {
    return [...this.#directories]
      .filter(([_, attributes]) => attributes.size > 0)
      .map(([path]) => path)
      .sort();
  }

  /** The tree as one process uses it; goes dead with the process. */
  port(process: Process): BrickStorage {
    return this.storage((work) => callOf(process, work));
  }

  /** The tree behind its port; `call` says when, and whether, a call is carried out. */
  storage(call: <T>(work: () => T) => Promise<T>): BrickStorage {
    return {
      kind: (path) =>
        call(() => this.#directories.has(path) ? "directory" : null),
      makeDirectory: (path) => call(() => this.#make(path)),
      removeDirectory: (path) =>
        call(() => {
          if (!this.#hasChildren(path)) this.#directories.delete(path);
        }),
      getAttribute: (path, name) =>
        call(() => this.#attributes(path).get(name) ?? null),
      setAttribute: (path, name, value) => {
        const copy = value.slice();
        return call(() => void this.#attributes(path).set(name, copy));
      },
      removeAttribute: (path, name) =>
        call(() => void this.#attributes(path).delete(name)),
      usage: (path) => call(() => this.#usage(path)),
    };
  }

  #make(path: string): void {
    if (this.#directories.has(path)) {
      throw new DiskError("EEXIST", path, `${path} exists`);
    }
    const parent = path.slice(0, path.lastIndexOf("/")) || "/";
    if (!this.#directories.has(parent)) {
      throw new DiskError("ENOENT", path, `there is no ${parent}`);
    }
    this.#directories.set(path, new Map());
  }

  #attributes(path: string): Map<string, Uint8Array> {
    const found = this.#directories.get(path);
    if (found === undefined) {
      throw new DiskError("ENOENT", path, `there is no ${path}`);
    }
    return found;
  }

  #hasChildren(path: string): boolean {
    for (const other of this.#directories.keys()) {
      if (other.startsWith(`${path}/`)) return true;
    }
    return false;
  }

  /** Every first component of a path is a file system of its own. */
  #usage(path: string): StorageUsage {
    if (!this.#directories.has(path)) {
      throw new DiskError("ENOENT", path, `there is no ${path}`);
    }
    return {
      totalBytes: 1e12,
      freeBytes: 5e11,
      totalInodes: 1e9,
      freeInodes: 9e8,
      fileSystem: path.split("/").slice(0, 2).join("/"),
    };
  }
}

function callOf<T>(process: Process, work: () => T): Promise<T> {
  if (!process.alive) return never();
  return new Promise((resolve, reject) => {
    process.host.surroundings.calendar.after(CALL_MS, () => {
      if (!process.alive) return;
      try {
        const result = work();
        process.deliver(() => resolve(result));
      } catch (error) {
        process.deliver(() => reject(error));
      }
    });
  });
}
