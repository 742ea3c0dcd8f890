/** `/v1/status`. */

import {
  clusterOf,
  listOperations,
  listRoles,
  listVolumes,
  listWorkers,
  type Verdict,
  type VolumeStatus,
} from "../../../cluster/mod.ts";
import { isFlapping, lossesOf, type VolumeLoss } from "../../../planner/mod.ts";
import type {
  ClusterStatus,
  ConfigUsage,
  MonitorView,
} from "../../contract/mod.ts";
import type { Handlers } from "../call.ts";
import { monitorViews } from "../monitor_view.ts";
import { usageOf } from "./config_quota.ts";
import { isEnded } from "../operation_end.ts";
import type { ApiServices } from "../services.ts";

/** The cluster at a glance. */
export const clusterHandlers: Pick<Handlers, "clusterStatus"> = {
  async clusterStatus({ services, query }) {
    const consistency = query.consistency ?? "linearizable";
    return { status: 200, body: await statusView(services, consistency) };
  },
};

async function statusView(
  services: ApiServices,
  consistency: ClusterStatus["consistency"],
): Promise<ClusterStatus> {
  const monitors = await monitorViews(services);
  // Read in one go after the wait, so that the numbers belong together.
  const { state, standing } = services.store;
  const workers: Record<Verdict, number> = {
    alive: 0,
    unreachable: 0,
    dead: 0,
    left: 0,
  };
  const all = listWorkers(state).map(({ value }) => value);
  for (const { verdict } of all) workers[verdict]++;
  const volumes: Record<VolumeStatus, number> = {
    creating: 0,
    created: 0,
    started: 0,
    stopped: 0,
    deleting: 0,
  };
  for (const volume of listVolumes(state)) volumes[volume.value.status]++;
  const issues = issuesOf(services, monitors);
  return {
    clusterId: clusterOf(state)?.id ?? null,
    revision: state.revision,
    consistency,
    leader: standing.leader,
    term: standing.term,
    monitors,
    workers,
    workersDraining: all.filter(({ draining }) => draining).length,
    workersFlapping: all.filter(isFlapping).length,
    volumes,
    operationsRunning: listOperations(state)
      .filter((operation) => !isEnded(operation.value)).length,
    config: usageOf(state),
    healthy: issues.length === 0,
    issues,
  };
}

function issuesOf(
  services: ApiServices,
  monitors: readonly MonitorView[],
): ClusterStatus["issues"] {
  const { state, standing } = services.store;
  const issues: ClusterStatus["issues"] = [];
  if (standing.leader === null) {
    issues.push({
      code: "no-leader",
      message: "no monitor leads: nothing can be changed",
    });
  }
  issues.push(...monitorIssues(monitors));
  for (const { value } of listWorkers(state)) {
    if (value.verdict !== "dead" && value.verdict !== "unreachable") continue;
    issues.push({
      code: `worker-${value.verdict}`,
      message: `worker ${value.name} is ${value.verdict}: ${value.evidence}`,
    });
  }
  issues.push(...volumeIssues(lossesOf(state)));
  for (const { value } of listRoles(state)) {
    if (value.holder !== null) continue;
    issues.push({
      code: "role-unmet",
      message: `nobody holds the role ${value.kind} of ${value.scope}`,
    });
  }
  const quota = quotaIssue(usageOf(state));
  if (quota !== null) issues.push(quota);
  return issues;
}

/** So many volumes are told one by one. */
const LOSSES_MAX = 100;

/** Those that do not serve come first. */
function volumeIssues(losses: readonly VolumeLoss[]): ClusterStatus["issues"] {
  const down = losses.filter(({ isDown }) => isDown);
  const degraded = losses.filter(({ isDown }) => !isDown);
  const sorted = [...down, ...degraded];
  const issues: ClusterStatus["issues"] = sorted.slice(0, LOSSES_MAX)
    .map(({ volume, isDown, text }) => ({
      code: isDown ? "volume-down" : "volume-degraded",
      message: `volume ${volume}: ${text}`,
    }));
  const more = sorted.length - issues.length;
  if (more > 0) {
    issues.push({
      code: down.length > LOSSES_MAX ? "volume-down" : "volume-degraded",
      message: `${more} more volumes lack bricks`,
    });
  }
  return issues;
}

/** Who is away, and whether that can be borne. Learners do not count for the quorum. */
function monitorIssues(
  monitors: readonly MonitorView[],
): ClusterStatus["issues"] {
  const issues: ClusterStatus["issues"] = monitors
    .filter((monitor) => !monitor.reachable)
    .map(({ name, voter }) => ({
      code: "monitor-unreachable",
      message: `monitor ${name}${voter ? "" : ", a learner,"} does not answer`,
    }));
  const voters = monitors.filter((monitor) => monitor.voter);
  const answering = voters.filter((monitor) => monitor.reachable).length;
  const needed = Math.floor(voters.length / 2) + 1;
  // A quorum of one has nothing to lose: that is its owner's choice.
  if (voters.length < 2 || answering > needed) return issues;
  issues.push({
    code: "quorum-at-risk",
    message: answering < needed
      ? `${answering} of ${voters.length} voting monitors answer, and ${needed} are needed`
      : `${answering} of ${voters.length} voting monitors answer, and all of them are needed: nothing can be changed once one more is lost`,
  });
  return issues;
}

/** Long before nothing fits any more. */
const QUOTA_ALARM_PERCENT = 80;

function quotaIssue(
  { usedBytes, quotaBytes }: ConfigUsage,
): ClusterStatus["issues"][number] | null {
  if (usedBytes * 100 < quotaBytes * QUOTA_ALARM_PERCENT) return null;
  const percent = quotaBytes === 0
    ? 100
    : Math.floor(usedBytes * 100 / quotaBytes);
  return {
    code: "config-quota",
    message:
      `the users' keys take ${percent} % of their quota, ${usedBytes} of ${quotaBytes} bytes: beyond it, writes are refused`,
  };
}
