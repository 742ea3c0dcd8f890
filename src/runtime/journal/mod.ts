/** The journal of a monitor: hard state and log entries, durable by group commit. */

export { Journal, type JournalOptions } from "./journal.ts";
export { diskProblem, type RecoveredLog } from "./recovery.ts";
