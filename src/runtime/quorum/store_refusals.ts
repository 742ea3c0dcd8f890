/** Why a store does not open, or does not go on. */

import { Problem } from "../../base/mod.ts";
import { COMMAND_VERSION_MAX } from "../../cluster/mod.ts";
import type { DataDirectory } from "../data_directory.ts";
import { type RecoveredLog, REPLACE_REMEDY } from "../journal/mod.ts";

/** What the others apply this monitor would have to pass over: it must not go on. */
export function tooOld(commandVersion: number): Problem {
  return new Problem(
    "version-too-old",
    `the quorum uses version ${commandVersion} of commands, and this program knows ${COMMAND_VERSION_MAX}`,
    "run the version of gmon that the other monitors run",
  );
}

/**
 * A monitor that knows its cluster, or has a snapshot, has voted: without its
 * journal it might vote again. Throws Problem `journal-damaged`.
 */
export function requireJournal(
  directory: DataDirectory,
  path: string,
  recovered: RecoveredLog,
  hasSnapshot: boolean,
): void {
  if (directory.identity.clusterId === null && !hasSnapshot) return;
  if (recovered.hardState !== null) return;
  throw new Problem(
    "journal-damaged",
    `the journal is missing from ${path}, though this monitor has been part of a cluster`,
    REPLACE_REMEDY,
  );
}

/** A founder came back without its log, which the others know that it had; `by` told so, now or, when null, at an earlier start. */
export function logLost(name: string, by: string | null): Problem {
  const source = by === null
    ? "as another monitor knew"
    : `as monitor ${by} knows`;
  return new Problem(
    "journal-damaged",
    `monitor ${name} has been part of its cluster, ${source}, but there is no log in its data directory: it might vote twice`,
    "start it with the data directory that it had; if that is lost, empty this one and start it with --join ADDRESS of a monitor",
  );
}
