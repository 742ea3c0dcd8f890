/**
 * One disk for all workers of a process. Hundreds of them at once would make
 * the process start a thread for each call, and the threads would take turns on
 * two cores; a thousand hosts have a thousand disks.
 */

import type { Disk } from "../../src/platform/ports.ts";
import { Slots } from "../../src/runtime/slots.ts";
import { behind } from "./disk_calls.ts";

const AT_ONCE = 8;

/** The disk with so many calls under way at once. */
export function sharedDisk(disk: Disk): Disk {
  const slots = new Slots(AT_ONCE);
  return behind(async (call) => {
    await slots.take();
    try {
      return await call();
    } finally {
      slots.give();
    }
  }, disk);
}
