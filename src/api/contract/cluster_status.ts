/** The cluster at a glance, its monitors, and what a monitor says of itself. */

import { z } from "zod";
import { configUsage } from "./config_quota.ts";
import { component, consistency, name, readQuery, revision } from "./schema.ts";

/** A role in the quorum. */
const raftRole = z.enum(["follower", "preCandidate", "candidate", "leader"]);

/** What a monitor says of itself; never forwarded. */
export const monitorStanding = component(
  "MonitorStanding",
  z.strictObject({
    name,
    version: z.string(),
    role: raftRole,
    term: z.int().min(0),
    leader: name.nullable().describe("Whom it takes for the leader"),
    revision: revision.describe("What it has applied"),
    commandVersion: z.int().min(1).describe(
      "The highest version of commands that it knows",
    ),
  }),
);

/** A monitor as the others see it. */
export const monitorView = component(
  "Monitor",
  z.strictObject({
    name,
    address: z.string(),
    apiPort: z.int(),
    reachable: z.boolean().describe("It answered the monitor that was asked"),
    role: raftRole.nullable(),
    term: z.int().min(0).nullable(),
    revision: revision.nullable(),
    version: z.string().nullable(),
  }),
);

/** All monitors; there are never enough for pages. */
export const monitorList = component(
  "MonitorList",
  z.strictObject({ items: z.array(monitorView), revision }),
);

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
        "worker-dead",
        "worker-unreachable",
        "role-unmet",
        "config-quota",
      ]),
      message: z.string(),
    })),
  }),
);

/** Query of the status. */
export const statusQuery = readQuery;
