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
  /** How many errors the disk has given. */
  given = 0;

  /** The next write or sync fails with EIO. */
  failNext(access: "write" | "sync"): void {
    this.#next = access;
  }

  /** A good disk again. */
  mend(): void {
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
