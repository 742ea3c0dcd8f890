/** The cluster at a glance. */

import { z } from "zod";
import { configUsage } from "./config_quota.ts";
import { monitorView } from "./monitor.ts";
import { component, consistency, name, readQuery, revision } from "./schema.ts";

const count = z.int().min(0);

/** The cluster at a glance. */
export const clusterStatus = component(
  "ClusterStatus",
  z.strictObject({
    clusterId: z.string().nullable().describe("Null before the founding"),
    revision,
    consistency,
    leader: name.nullable(),
    term: z.int().min(0),
    monitors: z.array(monitorView),
    workers: z.strictObject({
      alive: count,
      unreachable: count,
      dead: count,
      left: count,
    }).describe("Workers by verdict"),
    workersDraining: count,
    workersFlapping: count.describe("Held back, as they fell again and again"),
    volumes: z.strictObject({
      creating: count,
      created: count,
      started: count,
      stopped: count,
      deleting: count,
    }).describe("Volumes by status"),
    operationsRunning: count,
    config: configUsage.describe("What the users' keys take"),
    healthy: z.boolean(),
    issues: z.array(z.strictObject({
      code: z.enum([
        "no-leader",
        "monitor-unreachable",
        "quorum-at-risk",
        "worker-dead",
        "worker-unreachable",
        "volume-down",
        "volume-degraded",
        "role-unmet",
        "config-quota",
      ]),
      message: z.string(),
    })),
  }),
);

/** Query of the status. */
export const statusQuery = readQuery;
