/**
 * A backup as a file. It gets its name only once it was read back whole:
 * every checksum, the mark at its end, and the hash of the state.
 */

import { Problem } from "../../base/mod.ts";
import {
  clusterOf,
  type ClusterState,
  COMMAND_VERSION_MAX,
} from "../../cluster/mod.ts";
import { type Disk, DiskError } from "../../platform/mod.ts";
import type { Snapshot } from "../../raft/mod.ts";
import { at, type LoadedSnapshot, readSnapshot } from "../journal/mod.ts";
import { withDiskProblems } from "./unfinished.ts";

const SYNC_BYTES = 16 * 1024 * 1024;

/** What a backup that was checked holds. */
export interface CheckedBackup {
  readonly clusterId: string;
  readonly revision: number;
  readonly bytes: number;
}

/**
 * Reads and checks a whole backup. Rejects with the problems `usage` (there is
 * none), `backup-damaged`, which names file and offset, and `version-too-old`;
 * with DiskError.
 */
export async function readBackup(
  disk: Disk,
  path: string,
): Promise<LoadedSnapshot> {
  let loaded: LoadedSnapshot;
  try {
    loaded = await readSnapshot(disk, path);
  } catch (error) {
    if (error instanceof DiskError && error.code === "ENOENT") {
      throw new Problem(
        "usage",
        `there is no backup ${path}`,
        "name a file that gmon backup wrote",
      );
    }
    if (!(error instanceof Problem) || error.code !== "snapshot-damaged") {
      throw error;
    }
    throw new Problem(
      "backup-damaged",
      error.message.replace("a snapshot is damaged", "the backup is damaged"),
      "use another backup: of this one nothing is restored, so that nothing is missing in silence",
    );
  }
  const { commandVersion } = loaded.state.settings;
  if (commandVersion <= COMMAND_VERSION_MAX) return loaded;
  throw new Problem(
    "version-too-old",
    `${path} uses version ${commandVersion} of commands, and this program knows ${COMMAND_VERSION_MAX}`,
    "restore it with the version of gmon that made it, or a newer one",
  );
}

/** Reads and checks a whole backup. Rejects with the problems of {@link readBackup}, and `disk-failed`. */
export function checkBackup(disk: Disk, path: string): Promise<CheckedBackup> {
  return withDiskProblems(async () => describe(await readBackup(disk, path)));
}

/**
 * Writes a backup that arrives in chunks, checks it, and gives it its name; on
 * failure nothing is left. Rejects with the problems `backup-damaged`,
 * `disk-failed`, and with what `chunks` throws.
 */
export function writeBackup(
  disk: Disk,
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<CheckedBackup> {
  return withDiskProblems(async () => {
    const temporary = `${path}.part`;
    await disk.remove(temporary);
    try {
      await write(disk, temporary, chunks);
      const checked = describe(await readBackup(disk, temporary));
      await disk.rename(temporary, path);
      await disk.syncDirectory(directoryOf(path));
      return checked;
    } catch (error) {
      await disk.remove(temporary).catch(() => {});
      throw error;
    }
  });
}

async function write(
  disk: Disk,
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const file = await disk.open(path, { create: true });
  try {
    let offset = 0;
    let unsynced = 0;
    const sync = (): Promise<void> =>
      at(path, offset, "syncing", () => file.sync());
    for await (const chunk of chunks) {
      const from = offset;
      await at(path, from, "writing", () => file.writeAt(from, chunk));
      offset += chunk.length;
      unsynced += chunk.length;
      if (unsynced < SYNC_BYTES) continue;
      await sync();
      unsynced = 0;
    }
    await sync();
  } finally {
    await file.close();
  }
}

function describe(
  { snapshot, state }: { snapshot: Snapshot; state: ClusterState },
): CheckedBackup {
  return {
    clusterId: clusterOf(state)?.id ?? "",
    revision: state.revision,
    bytes: snapshot.bytes,
  };
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}
