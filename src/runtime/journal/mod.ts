/** What a monitor must not forget: hard state and log entries, durable by group commit, and snapshots. */

export type { LogPosition } from "./batch_codec.ts";
export {
  at,
  diskProblem,
  isDiskFull,
  readFully,
  REPLACE_REMEDY,
} from "./disk_failure.ts";
export { Journal, type JournalOptions } from "./journal.ts";
export { recover as readJournal, type RecoveredLog } from "./recovery.ts";
export { SnapshotBytes } from "./snapshot_bytes.ts";
export { SnapshotDirectory } from "./snapshot_directory.ts";
export { type LoadedSnapshot, readSnapshot } from "./snapshot_reader.ts";
export { loadSnapshot } from "./snapshot_recovery.ts";
export { SnapshotWriter } from "./snapshot_writer.ts";
export type { Urgency } from "./urgency.ts";
