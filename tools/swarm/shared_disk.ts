/**
 * One disk for all workers of a process. Hundreds of them at once would make
 * the process start a thread for each call, and the threads would take turns on
 * two cores; a thousand hosts have a thousand disks.
 */

import type { Disk } from "../../src/platform/ports.ts";
import { Slots } from "../../src/runtime/slots.ts";

const AT_ONCE = 8;

/** The disk with so many calls under way at once. Files that it opens are not bound. */
export function sharedDisk(disk: Disk): Disk {
  const slots = new Slots(AT_ONCE);
  const inTurn = async <T>(call: () => Promise<T>): Promise<T> => {
    await slots.take();
    try {
      return await call();
    } finally {
      slots.give();
    }
  };
  return {
    open: (path, options) => inTurn(() => disk.open(path, options)),
    read: (path) => inTurn(() => disk.read(path)),
    replace: (path, content, mode) =>
      inTurn(() => disk.replace(path, content, mode)),
    rename: (from, to) => inTurn(() => disk.rename(from, to)),
    remove: (path) => inTurn(() => disk.remove(path)),
    list: (directory) => inTurn(() => disk.list(directory)),
    makeDirectory: (path, mode) => inTurn(() => disk.makeDirectory(path, mode)),
    syncDirectory: (path) => inTurn(() => disk.syncDirectory(path)),
    lock: (directory) => inTurn(() => disk.lock(directory)),
  };
}
