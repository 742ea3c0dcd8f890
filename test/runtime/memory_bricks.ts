/** Brick directories in memory, whose steps can be made to fail. */

import {
  type BrickStorage,
  DiskError,
  type Ports,
  type StorageUsage,
} from "../../src/platform/mod.ts";

/** Paths to attributes; a path that is not here does not exist. */
export class MemoryBricks implements BrickStorage {
  readonly directories = new Map<string, Map<string, Uint8Array>>();
  /** Things that are no directories; a symbolic link leads to what its value names. */
  readonly others = new Map<string, string | null>();
  /** Error codes by `step path`, e.g. `makeDirectory /d/b/.glusterfs`. */
  readonly failing = new Map<string, string>();
  /** Every change, in order. */
  readonly changes: string[] = [];

  constructor(...directories: readonly string[]) {
    for (const path of ["/", ...directories]) {
      this.directories.set(path, new Map());
    }
  }

  /** Just these ports; any other breaks the test. */
  ports(): Ports {
    return { bricks: this } as unknown as Ports;
  }

  kind(path: string): Promise<"directory" | "other" | null> {
    this.#step("kind", path);
    if (this.others.has(path)) return Promise.resolve("other");
    return Promise.resolve(
      this.directories.has(this.#real(path)) ? "directory" : null,
    );
  }

  makeDirectory(path: string, mode: number): Promise<void> {
    this.#step("makeDirectory", path);
    this.changes.push(`make ${path} ${mode.toString(8)}`);
    this.directories.set(path, new Map());
    return Promise.resolve();
  }

  removeDirectory(path: string): Promise<void> {
    this.#step("removeDirectory", path);
    const full = [...this.directories.keys(), ...this.others.keys()]
      .some((other) => other.startsWith(`${path}/`));
    if (!full && this.directories.delete(path)) {
      this.changes.push(`remove ${path}`);
    }
    return Promise.resolve();
  }

  getAttribute(path: string, name: string): Promise<Uint8Array | null> {
    this.#step("getAttribute", path);
    return Promise.resolve(
      this.directories.get(this.#real(path))?.get(name) ?? null,
    );
  }

  setAttribute(path: string, name: string, value: Uint8Array): Promise<void> {
    this.#step("setAttribute", path);
    this.changes.push(`set ${path} ${name}`);
    this.directories.get(path)!.set(name, value);
    return Promise.resolve();
  }

  removeAttribute(path: string, name: string): Promise<void> {
    this.#step("removeAttribute", path);
    this.changes.push(`unset ${path} ${name}`);
    this.directories.get(path)!.delete(name);
    return Promise.resolve();
  }

  usage(): Promise<StorageUsage> {
    throw new Error("not asked for");
  }

  #real(path: string): string {
    if (!path.endsWith("/.")) return path;
    const link = path.slice(0, -2);
    return this.others.get(link) ?? link;
  }

  #step(step: string, path: string): void {
    const code = this.failing.get(`${step} ${path}`);
    if (code === undefined) return;
    throw new DiskError(code, path, `${path}: ${step} failed`);
  }
}
