/**
 * How a disk fails: it is full, or one write or sync ends with an error. After
 * a failed sync nobody knows what the disk holds: Linux marks the pages clean
 * and may drop them, so what was not synced before is lost here.
 */

import { DiskError } from "../../src/platform/ports.ts";

/** What is wrong with one disk. */
export class DiskFaults {
  /** No room: nothing grows, nothing is created. */
  full = false;
  #next: "write" | "sync" | null = null;
  #planned: {
    calls: number;
    readonly when: "before" | "after";
    readonly doing: () => void;
  } | null = null;
  /** How many errors the disk has given. */
  given = 0;

  /** The next write or sync fails with EIO. */
  failNext(access: "write" | "sync"): void {
    this.#next = access;
  }

  /** Does something, like a loss of power, just before or just after the `calls`-th call from now. */
  atCall(calls: number, when: "before" | "after", doing: () => void): void {
    this.#planned = { calls, when, doing };
  }

  /** Carries out a call to the disk, and what is planned for it; null when that came before. */
  around<T>(work: () => T): { readonly result: T } | null {
    const planned = this.#planned;
    if (planned === null || --planned.calls > 0) {
      return { result: work() };
    }
    this.#planned = null;
    if (planned.when === "before") {
      planned.doing();
      return null;
    }
    try {
      return { result: work() };
    } finally {
      planned.doing();
    }
  }

  /** A good disk again. */
  mend(): void {
    this.#planned = null;
    this.full = false;
    this.#next = null;
  }

  /** Throws DiskError `ENOSPC` when the disk is full. */
  checkRoom(path: string): void {
    if (!this.full) return;
    this.given++;
    throw new DiskError("ENOSPC", path, "no space left on device");
  }

  /** Throws DiskError `EIO` once after {@link failNext}. */
  check(access: "write" | "sync", path: string): void {
    if (this.#next !== access) return;
    this.#next = null;
    this.given++;
    throw new DiskError("EIO", path, "input/output error");
  }
}
