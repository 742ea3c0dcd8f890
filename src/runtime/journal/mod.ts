/** What a monitor must not forget: hard state and log entries, durable by group commit, and snapshots. */

export type { LogPosition } from "./batch_codec.ts";
export { diskProblem, isDiskFull } from "./disk_failure.ts";
export { Journal, type JournalOptions } from "./journal.ts";
export type { RecoveredLog } from "./recovery.ts";
