/** `gmon monitor list`: the quorum. Changes of it are in `monitor_change.ts` and `monitor_repair.ts`. */

import { Problem } from "../../base/mod.ts";
import type { MonitorView, Page } from "../../api/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { age } from "../humanise.ts";
import { printListing } from "../output.ts";
import type { Column } from "../table.ts";

/** How long to wait for a leader before showing what one monitor knows: longer than elections take. */
export const ELECTION_MS = 3_000;

/** The commands of the noun, but for the daemon. */
export const monitorCommands: readonly Command[] = [
  {
    noun: "monitor",
    verb: "list",
    summary: "List the monitors and their part in the quorum",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [],
    examples: ["gmon monitor list", "gmon monitor list -o json"],
    run: list,
  },
];

/** The columns of a table of monitors. */
export const MONITOR_COLUMNS: readonly Column<MonitorView>[] = [
  { header: "NAME", cell: (monitor) => monitor.name },
  { header: "ROLE", cell: roleOf },
  {
    header: "STATE",
    cell: (monitor) => monitor.reachable ? monitor.role : "unreachable",
  },
  { header: "TERM", cell: (monitor) => monitor.term },
  { header: "REVISION", cell: (monitor) => monitor.revision },
  { header: "LAG", cell: lagOf },
  {
    header: "API",
    cell: (monitor) => `${monitor.address}:${monitor.apiPort}`,
  },
  {
    header: "HEARD",
    wide: true,
    cell: ({ progress }) =>
      progress === null ? null : age(progress.heardSeconds),
  },
  { header: "REPLACES", wide: true, cell: (monitor) => monitor.replaces },
  {
    header: "LIFE",
    wide: true,
    cell: (monitor) => monitor.incarnation || "founder",
  },
  { header: "VERSION", wide: true, cell: (monitor) => monitor.version },
];

/** What part a monitor has in the quorum. */
function roleOf(monitor: MonitorView): string {
  if (monitor.role === "leader") return "leader";
  if (monitor.voter) return "voter";
  return monitor.promote ? "joining" : "learner";
}

/** How much of the log a follower does not have yet. */
function lagOf({ progress }: MonitorView): string | number | null {
  if (progress === null) return null;
  return progress.snapshotting ? "snapshot" : progress.lagEntries;
}

async function list(context: Context): Promise<number> {
  const { items } = await monitors(context);
  await printListing(context.terminal, context.output, {
    kind: "Monitor",
    items,
    columns: MONITOR_COLUMNS,
    name: (monitor) => monitor.name,
  });
  return EXIT.success;
}

/** Without a leader the quorum is worth seeing all the more. */
async function monitors(context: Context): Promise<Page<MonitorView>> {
  try {
    return await context.client(ELECTION_MS).monitors();
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "no-leader") throw error;
    await context.terminal.writeError(
      `gmon: ${error.message}; showing what one monitor knows\n`,
    );
    return await context.client().monitors("stale");
  }
}
