/** Bugs in what is done with the disk. */

import type { Disk, DiskFile } from "../../../src/platform/ports.ts";
import type { Fault, Swarm } from "../swarm.ts";
import type { Planted } from "./planted.ts";

/** In the order of the table in README.md. */
export const DISK_BUGS: readonly Planted[] = [
  {
    name: "fsync-failure-ignored",
    about: "a failed sync is taken for one that worked",
    seedsMax: 20,
    ports: (ports) => ({
      ...ports,
      disk: withFile(ports.disk, (file) => ({
        ...file,
        sync: () => file.sync().catch(() => {}),
      })),
    }),
    swarm: troubled(["failSync", "failSync", "kill", "crash"]),
  },
  {
    name: "full-disk-ignored",
    about: "a write that found no room is taken for one that worked",
    seedsMax: 20,
    ports: (ports) => ({
      ...ports,
      disk: withFile(ports.disk, (file) => ({
        ...file,
        writeAt: (offset, bytes) => file.writeAt(offset, bytes).catch(() => {}),
      })),
    }),
    swarm: troubled(["fillDisk", "fillDisk", "kill", "crash"]),
  },
  {
    name: "directory-not-synced",
    about: "the names of new files are not made durable",
    seedsMax: 20,
    ports: (ports) => ({
      ...ports,
      disk: { ...ports.disk, syncDirectory: () => Promise.resolve() },
    }),
    swarm: troubled(["crash", "coldStart"]),
  },
  {
    name: "off-by-one-compaction",
    about: "compaction gives up one segment of the journal too many",
    seedsMax: 60,
    ports: (ports) => ({ ...ports, disk: removesNextToo(ports.disk) }),
    swarm: (swarm) => ({
      ...troubled(["kill", "crash", "coldStart"])(swarm),
      // Segments of many entries, most of them behind the snapshot.
      largeChance: 0,
      tailEntries: 1,
    }),
  },
];

/** A world that writes much, in small segments, and in which these things happen. */
function troubled(faults: readonly Fault[]): (swarm: Swarm) => Swarm {
  return (swarm) => ({
    ...swarm,
    monitors: 3,
    workers: 0,
    clients: 4,
    thinkMs: 30,
    largeChance: 0.3,
    segmentBytes: 16 * 1024,
    snapshotEntries: 60,
    tailEntries: 5,
    faults,
    faultEveryMs: 700,
    faultLastsMs: 500,
  });
}

function withFile(disk: Disk, wrapped: (file: DiskFile) => DiskFile): Disk {
  return {
    ...disk,
    open: async (path, options) => wrapped(await disk.open(path, options)),
  };
}

function removesNextToo(disk: Disk): Disk {
  return {
    ...disk,
    async remove(path) {
      await disk.remove(path);
      const at = path.lastIndexOf("/");
      const directory = path.slice(0, at);
      if (!directory.endsWith("/journal")) return;
      const names = await disk.list(directory);
      const later = names.filter((name) => name > path.slice(at + 1));
      if (later.length > 0) await disk.remove(`${directory}/${later[0]}`);
    },
  };
}
