/** A disk each of whose calls goes through a gate. */

import type { Disk } from "../../src/platform/ports.ts";

/** Carries a call out, in its own time or never. */
export type Gate = <T>(call: () => Promise<T>) => Promise<T>;

/** The disk behind the gate. Files that it opens are not. */
export function behind(gate: Gate, disk: Disk): Disk {
  return {
    open: (path, options) => gate(() => disk.open(path, options)),
    read: (path) => gate(() => disk.read(path)),
    replace: (path, content, mode) =>
      gate(() => disk.replace(path, content, mode)),
    publish: (path, content, mode) =>
      gate(() => disk.publish(path, content, mode)),
    rename: (from, to) => gate(() => disk.rename(from, to)),
    remove: (path) => gate(() => disk.remove(path)),
    list: (directory) => gate(() => disk.list(directory)),
    makeDirectory: (path, mode) => gate(() => disk.makeDirectory(path, mode)),
    syncDirectory: (path) => gate(() => disk.syncDirectory(path)),
    lock: (directory) => gate(() => disk.lock(directory)),
  };
}
