/**
 * What workers say and hear. The shapes are those of `cluster/check_in.ts`;
 * unlike all others these schemas ignore fields they do not know, so that
 * workers and monitors of neighbouring versions understand one another.
 */

import { z } from "zod";
import { component, name, queryInteger, revision } from "./schema.ts";

const port = z.int().min(0).max(65535);

const brickObservation = z.object({
  key: z.string(),
  volumeId: z.string(),
  state: z.enum(["prepared", "starting", "online", "offline", "failed"]),
  pid: z.int().nullable(),
  port: port.nullable(),
  problem: z.string().nullable(),
  totalBytes: z.number().nullable(),
  freeBytes: z.number().nullable(),
  pendingHeals: z.int().min(0).optional(),
});

const count = z.number().min(0);

const roleObservation = z.object({
  key: z.string(),
  fence: z.int().min(0),
  state: z.enum(["waiting", "acting", "stopping", "done", "failed"]),
  pid: z.int().nullable(),
  problem: z.string().max(8_192).nullable(),
  output: z.string().max(65_536).nullable(),
  exitCode: z.int().nullable(),
  run: z.object({ dueMs: count, endedAtMs: count }).nullable(),
  rebalance: z.object({
    worker: name,
    id: z.string(),
    files: count,
    bytes: count,
    failures: count,
    skipped: count,
    seconds: count,
    done: z.boolean(),
  }).nullable(),
});

const report = z.object({
  worker: name,
  incarnation: z.int(),
  state: z.enum(["alive", "suspect", "failed", "left"]),
  evidence: z.string(),
});

/** A worker's periodic report. */
export const checkIn = component(
  "CheckIn",
  z.object({
    worker: name,
    id: z.string().min(1).max(64),
    address: z.string().min(1).max(255),
    swimPort: port,
    volfilePort: port,
    zone: z.string().max(255),
    labels: z.record(z.string().max(255), z.string().max(255)).optional(),
    version: z.string().max(255),
    incarnation: z.int(),
    health: z.int().min(0).optional().describe("Local health; 0 is well"),
    bootId: z.string().max(255),
    sequence: z.int().min(1),
    clusterId: z.string().nullable(),
    revision,
    full: z.boolean(),
    bricks: z.array(brickObservation),
    gone: z.array(z.string()),
    reports: z.array(report),
    roles: z.array(roleObservation).optional(),
    rolesGone: z.array(z.string()).optional(),
    hostName: z.string().max(255).optional(),
    leaving: z.boolean(),
  }),
);

/** The answer to a check-in. */
export const checkInAnswer = component(
  "CheckInAnswer",
  z.object({
    clusterId: z.string(),
    revision,
    leaseMs: z.number(),
    intervalMs: z.number(),
    fullWanted: z.boolean(),
    verdict: z.enum(["alive", "dead", "unreachable", "left"]),
    grants: z.object({ count: z.int().min(0), fence: z.int().min(0) })
      .optional().describe("The exclusive roles that the lease is for"),
    heals: z.array(z.object({
      worker: name,
      scope: z.string().describe("The subvolume: `v1/0`"),
      entries: z.int().min(0),
      healable: z.boolean().describe("Every brick of the subvolume is online"),
    })).optional().describe(
      "Indexes of bricks that list entries which this worker is to heal",
    ),
    seeds: z.array(z.object({ host: z.string(), port })),
    monitors: z.array(z.object({ host: z.string(), port })).optional()
      .describe("Where the API of each monitor is"),
    brief: z.boolean().optional().describe("Brief check-ins are understood"),
    findings: z.array(z.object({
      worker: name,
      incarnation: z.int(),
      finding: z.enum(["dead", "answers"]),
    })).optional().describe(
      "Deaths of the last interval, and suspects that answered the leader",
    ),
    rival: z.object({ address: z.string(), hostName: z.string().optional() })
      .optional().describe(
        "Another machine asked for this worker's name lately, and was refused",
      ),
  }),
);

/** Most check-ins in one request. */
export const BRIEFS_MAX = 1000;

/** Check-ins without news, of one worker or, passed on by another monitor, of many. */
export const briefCheckIns = component(
  "BriefCheckIns",
  z.array(
    z.tuple([
      name,
      z.string().max(255),
      z.int().min(1),
      z.int(),
      revision,
      z.int().min(0).optional(),
    ]).rest(z.unknown()).describe(
      "Worker, boot, sequence, incarnation, acknowledged revision and local health",
    ),
  ).min(1).max(BRIEFS_MAX),
);

/** What each of the workers is answered, in the order of the request. */
export const briefAnswers = component(
  "BriefAnswers",
  z.object({
    answers: z.array(z.union([
      z.null().describe("All is as the answer before said"),
      checkInAnswer,
      z.object({
        code: z.string(),
        detail: z.string(),
        remedy: z.string(),
      }).describe("This worker is refused"),
    ])),
  }),
);

/** Query of the desired state. */
export const desiredQuery = z.strictObject({
  id: z.string().max(255).optional().describe(
    "The asking machine's identifier: refused when another machine holds the name",
  ),
  revision: queryInteger.optional(),
  follow: z.string().optional().describe(
    "Comma-separated volumes to include besides those with a brick there",
  ),
  waitMs: queryInteger.optional(),
});

/**
 * Everything that one worker must bring about. Internal: it holds whole volume
 * documents with the credentials of their trusted volume files.
 */
export const desiredState = component(
  "DesiredState",
  z.looseObject({
    clusterId: z.string(),
    revision,
    bricks: z.array(z.looseObject({ key: z.string(), path: z.string() })),
    volumes: z.array(z.looseObject({ name, id: z.string() })),
    roles: z.array(z.looseObject({ kind: z.string(), scope: z.string() })),
  }),
);
