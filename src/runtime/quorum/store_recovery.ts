/**
 * What a monitor finds when it starts: the newest whole snapshot, and the
 * journal behind it.
 */

import type { Ports } from "../../platform/mod.ts";
import {
  diskProblem,
  type Journal,
  type LoadedSnapshot,
  loadSnapshot,
  type RecoveredLog,
  SnapshotDirectory,
} from "../journal/mod.ts";

/** Everything that survived. */
export interface StoreRecovery {
  readonly journal: Journal;
  readonly recovered: RecoveredLog;
  readonly directory: SnapshotDirectory;
  /** Null when the journal is whole without one. */
  readonly loaded: LoadedSnapshot | null;
}

/** Where to look, and how. */
export interface StoreRecoveryOptions {
  /** The data directory. */
  readonly directory: string;
  /** So many entries behind the snapshot are wanted in memory. */
  readonly tailEntries: number;
  /** Entries up to `covered` are not wanted. */
  readonly openJournal: (
    covered: number,
  ) => Promise<{ journal: Journal; recovered: RecoveredLog }>;
  /** Throws when the journal cannot be all there was. */
  readonly check: (recovered: RecoveredLog, hasSnapshot: boolean) => void;
}

/** Rejects with the problems of `Journal.open` and `loadSnapshot`. */
export async function recoverStore(
  ports: Pick<Ports, "disk" | "log">,
  options: StoreRecoveryOptions,
): Promise<StoreRecovery> {
  const { openJournal, tailEntries } = options;
  try {
    const directory = await SnapshotDirectory.open(
      ports.disk,
      `${options.directory}/snapshots`,
    );
    const newest = directory.kept.at(-1)?.index ?? 0;
    const opened = await openJournal(Math.max(0, newest - tailEntries));
    const { recovered } = opened;
    options.check(recovered, newest > 0);
    const loaded = await loadSnapshot(ports, directory, recovered);
    if ((loaded?.snapshot.index ?? 0) >= recovered.base.index) {
      return { ...opened, directory, loaded };
    }
    // The newest is damaged: more of the journal is needed.
    await opened.journal.close();
    return { ...await openJournal(0), directory, loaded };
  } catch (error) {
    throw diskProblem(error);
  }
}
