/**
 * Which snapshot a monitor starts from: the newest that is whole. An older one
 * serves only where the journal reaches back to it; where it does not, what is
 * missing is missing for good, and the monitor must not go on.
 */

import { Problem } from "../../base/mod.ts";
import type { Disk, Log } from "../../platform/mod.ts";
import { damaged, REPLACE_REMEDY } from "./disk_failure.ts";
import type { RecoveredLog } from "./recovery.ts";
import type { KeptSnapshot, SnapshotDirectory } from "./snapshot_directory.ts";
import { type LoadedSnapshot, readSnapshot } from "./snapshot_reader.ts";

/**
 * The snapshot to start from, or null when the journal is whole without one.
 * When entries were passed over for one that then turned out to be damaged,
 * the journal must be read again.
 * Rejects with the problems `snapshot-damaged`, `journal-damaged` and
 * `version-too-old`, and with DiskError.
 */
export async function loadSnapshot(
  ports: { readonly disk: Disk; readonly log: Log },
  snapshots: SnapshotDirectory,
  journal: RecoveredLog,
): Promise<LoadedSnapshot | null> {
  const broken: { readonly kept: KeptSnapshot; readonly problem: Problem }[] =
    [];
  let loaded: LoadedSnapshot | null = null;
  for (const kept of [...snapshots.kept].reverse()) {
    if (kept.index < journal.reach) break;
    requireEnd(kept, journal);
    try {
      loaded = await readSnapshot(ports.disk, kept.path);
      break;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code !== "snapshot-damaged") throw error;
      broken.push({ kept, problem: error });
    }
  }
  if (loaded === null && journal.reach > 0) {
    throw broken[0]?.problem ?? missing(journal);
  }
  for (const { kept, problem } of broken) {
    ports.log.write("error", problem.message, {
      code: problem.code,
      remedy: "the journal reaches back behind it, so that nothing is lost; " +
        "look at the disk all the same",
    });
    await snapshots.setAside(kept);
  }
  return loaded;
}

/** A snapshot that was taken here is never ahead of the journal. */
function requireEnd(kept: KeptSnapshot, journal: RecoveredLog): void {
  const end = journal.base.index + journal.entries.length;
  if (kept.received || kept.index <= end) return;
  throw damaged(
    kept.path,
    0,
    `it covers the log up to entry ${kept.index}, but the journal beside it ends at ${end}`,
  );
}

function missing(journal: RecoveredLog): Problem {
  const { reach } = journal;
  return new Problem(
    "journal-damaged",
    `the journal begins behind entry ${reach}, and there is no snapshot of what stood before`,
    REPLACE_REMEDY,
  );
}
