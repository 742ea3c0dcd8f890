/** `gmon status`: the cluster at a glance. */

import type { ClusterStatus, ConfigUsage } from "../../api/mod.ts";
import { Problem } from "../../base/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { size } from "../humanise.ts";
import { printSingle } from "../output.ts";
import { factsOf, tableOf } from "../table.ts";
import { ELECTION_MS, MONITOR_COLUMNS } from "./monitor.ts";

/** The command. */
export const statusCommands: readonly Command[] = [
  {
    noun: "status",
    verb: null,
    summary: "Show the cluster at a glance",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [{
      name: "check",
      value: null,
      summary: "Exit with 8 when something is not healthy",
    }],
    examples: ["gmon status", "gmon status --check -o json"],
    run,
  },
];

async function run(context: Context): Promise<number> {
  const status = await read(context);
  await printSingle(context.terminal, context.output, {
    kind: "ClusterStatus",
    item: status,
    name: status.clusterId ?? "-",
    text: (wide) => statusText(status, wide),
  });
  const isBad = context.arguments.isSet("check") && !status.healthy;
  return isBad ? EXIT.unhealthy : EXIT.success;
}

/** Without a leader, one monitor's own view is still worth something. */
async function read(context: Context): Promise<ClusterStatus> {
  try {
    return await context.client(ELECTION_MS).status();
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "no-leader") throw error;
    return await context.client().status("stale");
  }
}

function statusText(status: ClusterStatus, wide: boolean): string {
  const facts = factsOf([
    ["Cluster", status.clusterId],
    ["Health", status.healthy ? "ok" : issueCount(status.issues.length)],
    [
      "Leader",
      status.leader === null ? "none" : `${status.leader}, term ${status.term}`,
    ],
    ["Revision", status.revision],
    ["Workers", workersText(status)],
    ["Volumes", counts(status.volumes)],
    ["Operations", `${status.operationsRunning} running`],
    ["Keys", keysText(status.config)],
  ]);
  const monitors = tableOf(
    status.monitors,
    MONITOR_COLUMNS.filter((column) => wide || !column.wide),
    true,
  );
  const issues = status.issues.map((issue) =>
    `! ${issue.message} [${issue.code}]\n`
  ).join("");
  return `${facts}\n${monitors}${issues === "" ? "" : `\n${issues}`}`;
}

/** By verdict, and those that get nothing new. */
function workersText(
  { workers, workersDraining, workersFlapping }: ClusterStatus,
): string {
  const parts = [counts(workers)];
  if (workersDraining > 0) parts.push(`${workersDraining} draining`);
  if (workersFlapping > 0) parts.push(`${workersFlapping} flapping`);
  return parts.join(", ");
}

function issueCount(count: number): string {
  return count === 1 ? "1 issue" : `${count} issues`;
}

/** What the users keep in the quorum. */
function keysText({ keys, usedBytes, quotaBytes }: ConfigUsage): string {
  return keys === 0
    ? "none"
    : `${keys}, ${size(usedBytes)} of ${size(quotaBytes)}`;
}

/** `3 alive, 1 dead`; the zeros are left out. */
function counts(numbers: Readonly<Record<string, number>>): string {
  const parts = Object.entries(numbers)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${number} ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
