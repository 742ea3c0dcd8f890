/**
 * `gmon restore`: the data directory of a monitor out of a backup. Everything
 * that the monitors of the new quorum must agree on comes from the backup, the
 * list of monitors and the restore's own name alone, so that each of them can
 * be made by itself; monitors of the quorum before are strangers to it.
 */

import { digestOf, Problem, utf8 } from "../../base/mod.ts";
import {
  clusterOf,
  type ClusterState,
  type MonitorDocument,
  quorumIdOf,
} from "../../cluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import type { Snapshot } from "../../raft/mod.ts";
import { UNFINISHED_NAME } from "../data_directory.ts";
import { readBackup } from "./backup_file.ts";
import {
  beginJournal,
  placeState,
  stateAfterLoss,
  votersOf,
  writeLife,
} from "./new_life.ts";
import {
  begin,
  begun,
  clear,
  end,
  lockDirectory,
  withDiskProblems,
} from "./unfinished.ts";

const COMMAND = "restore";

/** What to make, out of what. */
export interface RestoreOptions {
  /** The backup. */
  readonly file: string;
  readonly dataDirectory: string;
  /** The monitor that is made here; one of `monitors`. */
  readonly name: string;
  /** All founders of the new quorum; the same on each. */
  readonly monitors: readonly MonitorDocument[];
  /** Names this restore: the same on each monitor, another one each time. */
  readonly restoreId: string;
}

/** What was made. */
export interface Restored {
  readonly clusterId: string;
  /** What the backup covers. */
  readonly backupRevision: number;
  /** Where the new quorum goes on. */
  readonly revision: number;
  readonly bytes: number;
}

type RestorePorts = Pick<Ports, "clock" | "disk" | "random" | "log">;

/**
 * Makes the data directory. Cut short, it is refused by monitors until the
 * command is repeated. Rejects with the problems `backup-damaged`,
 * `version-too-old`, `usage`, `data-directory-in-use` and `disk-failed`.
 */
export function restoreMonitor(
  ports: RestorePorts,
  options: RestoreOptions,
): Promise<Restored> {
  return withDiskProblems(() => restore(ports, options));
}

async function restore(
  ports: RestorePorts,
  options: RestoreOptions,
): Promise<Restored> {
  const { disk } = ports;
  const { dataDirectory } = options;
  const { snapshot, state } = await readBackup(disk, options.file);
  await disk.makeDirectory(dataDirectory);
  // Before the lock, which is a file, too.
  await requireRoom(disk, dataDirectory);
  const lock = await lockDirectory(disk, dataDirectory);
  try {
    await begin(disk, dataDirectory, COMMAND);
    await clear(disk, `${dataDirectory}/snapshots`);
    await clear(disk, `${dataDirectory}/journal`);
    return await make(ports, options, snapshot, state);
  } finally {
    await lock.release();
  }
}

async function make(
  ports: RestorePorts,
  options: RestoreOptions,
  snapshot: Snapshot,
  state: ClusterState,
): Promise<Restored> {
  const { disk } = ports;
  const { dataDirectory, name, monitors } = options;
  const { index, term, bytes } = snapshot;
  const lineage = lineageOf(snapshot, options);
  const incarnationOf = (monitor: string): string =>
    digestOf([utf8(lineage), utf8(monitor)]);
  const backupRevision = state.revision;
  const successor = stateAfterLoss(state, lineage, monitors);
  const configuration = votersOf(monitors, incarnationOf);
  await placeState(
    disk,
    dataDirectory,
    { index, term, configuration },
    successor,
  );
  await beginJournal(ports, dataDirectory, { index, term });
  const cluster = clusterOf(successor)!;
  await writeLife(ports, dataDirectory, {
    name,
    clusterId: quorumIdOf(cluster),
    incarnation: incarnationOf(name),
  });
  await end(disk, dataDirectory);
  return {
    clusterId: cluster.id,
    backupRevision,
    revision: successor.revision,
    bytes,
  };
}

/** Differs when anything differs that the monitors must agree on. */
function lineageOf(
  snapshot: Snapshot,
  { restoreId, monitors }: RestoreOptions,
): string {
  const list = monitors
    .map(({ name, address, apiPort, raftPort }) =>
      `${name}=${address}:${apiPort}:${raftPort}`
    ).sort();
  return digestOf([snapshot.digest, restoreId, ...list].map(utf8));
}

/** A directory is taken that is empty, or that this command left behind. */
async function requireRoom(
  disk: Ports["disk"],
  directory: string,
): Promise<void> {
  if ((await begun(disk, directory))?.command === COMMAND) return;
  const found = (await disk.list(directory)).filter((name) =>
    name !== "LOCK" && name !== `${UNFINISHED_NAME}.tmp`
  );
  if (found.length === 0) return;
  throw new Problem(
    "usage",
    `the directory ${directory} is not empty: it has ${found[0]}`,
    "name a new one: a backup is never restored over other data",
  );
}
