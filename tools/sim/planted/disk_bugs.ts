/** Bugs in what is done with the disk. */

import type { Disk, DiskFile } from "../../../src/platform/ports.ts";
import type { Fault, Swarm } from "../swarm.ts";
import type { Planted } from "./planted.ts";

const SYNCED_OF = 10;

/** Who sees that something was forgotten. */
const LOST = ["state-machine-safety", "durability", "election-safety"];

/** Nothing but the end of the journal can be lost then. */
const ONE_SEGMENT = {
  segmentBytes: 1024 * 1024,
  snapshotEntries: 1_000_000,
} satisfies Partial<Swarm>;

/** In the order of the table in README.md. */
export const DISK_BUGS: readonly Planted[] = [
  {
    name: "ack-before-fsync",
    about: "the disk says that a record is durable before it is",
    seedsMax: 40,
    by: LOST,
    ports: (ports) => ({ ...ports, disk: withFile(ports.disk, syncedLazily) }),
    swarm: (swarm) => ({
      ...troubled(["crash", "crashLeader", "coldStart"])(swarm),
      // Nothing of it shows on the disk: what was not synced is gone to the last byte.
      disk: { ...swarm.disk, keepChance: 0, tearChance: 0 },
      ...ONE_SEGMENT,
    }),
  },
  {
    name: "short-read-is-the-end",
    about: "what a read does not give is taken for zeros",
    seedsMax: 20,
    by: LOST,
    ports: (ports) => ({
      ...ports,
      disk: withFile(ports.disk, (file) => ({
        ...file,
        async readAt(offset, length) {
          const bytes = new Uint8Array(length);
          bytes.set(await file.readAt(offset, length));
          return bytes.subarray(0, (await file.size()) - offset);
        },
      })),
    }),
    swarm: (swarm) => ({
      ...troubled(["kill", "crash"])(swarm),
      disk: { ...swarm.disk, shortReadChance: 0.5 },
      ...ONE_SEGMENT,
    }),
  },
  {
    name: "fsync-failure-ignored",
    about: "a failed sync is taken for one that worked",
    seedsMax: 20,
    by: ["daemons"],
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
    by: ["daemons"],
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
    by: LOST,
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
    by: ["daemons"],
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

/** A file's head is synced, and of what follows one write in ten. */
function syncedLazily(file: DiskFile): DiskFile {
  let begins = false;
  let asked = 0;
  return {
    ...file,
    writeAt(offset, bytes) {
      begins ||= offset === 0;
      return file.writeAt(offset, bytes);
    },
    sync() {
      if (!begins && asked++ % SYNCED_OF !== 0) return Promise.resolve();
      begins = false;
      return file.sync();
    },
  };
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
