/** A simulated file behind its names: what is read now, what would survive, and what lies between. */

import { FileContent } from "./file_content.ts";

/** A change that was not synced yet. */
export type Pending =
  | {
    readonly kind: "write";
    readonly offset: number;
    readonly bytes: Uint8Array;
  }
  | { readonly kind: "truncate"; readonly size: number };

/** One file, whatever its name: what is read now, and what would survive. */
export class Inode {
  current = new FileContent();
  durable = new FileContent();
  pending: Pending[] = [];

  apply(change: Pending): void {
    applyTo(this.current, change);
    this.pending.push(change);
  }

  /** Turns one bit over, on the medium and in what is read of it; false when the medium has no such byte. */
  turn(offset: number, bit: number): boolean {
    if (!this.durable.turn(offset, bit)) return false;
    this.current.turn(offset, bit);
    return true;
  }

  /** Makes the first `count` pending changes durable. */
  settle(count: number): void {
    for (const change of this.pending.splice(0, count)) {
      applyTo(this.durable, change);
    }
  }
}

/** Makes a change. */
export function applyTo(content: FileContent, change: Pending): void {
  if (change.kind === "write") content.write(change.offset, change.bytes);
  else content.truncate(change.size);
}
