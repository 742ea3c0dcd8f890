/** Volumes: what is asked for, what the quorum holds, what is observed. */

import { z } from "zod";
import { LIMITS } from "../../base/mod.ts";
import {
  bytes,
  component,
  consistency,
  name,
  pageOf,
  queryFlag,
  revision,
  time,
} from "./schema.ts";

const path = z.string().min(1).max(4 * LIMITS.pathLength);

/** The states a volume goes through. */
export const volumeStatusName = z.enum([
  "creating",
  "created",
  "started",
  "stopped",
  "deleting",
]);

/** A new volume. Without `replica` and `disperse` files are only distributed. */
export const volumeCreateRequest = component(
  "VolumeCreateRequest",
  z.strictObject({
    name: z.string(),
    replica: z.int().min(1).optional().describe(
      "Copies of each file, arbiter included",
    ),
    arbiter: z.int().min(0).optional().describe(
      "1 when the last brick of each set keeps no data",
    ),
    disperse: z.int().min(1).optional().describe("Bricks in one erasure set"),
    redundancy: z.int().min(1).optional().describe(
      "Bricks that an erasure set may lose; chosen when absent",
    ),
    disperseData: z.int().min(1).optional().describe(
      "Bricks of one erasure set that hold data: another way to say redundancy",
    ),
    bricks: z.array(z.string()).min(1).max(LIMITS.bricksPerVolume).describe(
      "`WORKER:/PATH` each, in volume order",
    ),
    options: z.record(z.string(), z.string()).optional(),
    force: z.boolean().optional().describe(
      "Accept directories that a brick was in before, and bricks of one set on one worker",
    ),
  }),
);

/** Query of a creation or deletion. */
export const waitQuery = z.strictObject({
  wait: queryFlag.optional().describe(
    "Answer when the operation has ended, within a bound",
  ),
});

/** Query of a deletion: `confirm` repeats the name, unless `If-Match` names the revision. */
export const volumeDeleteQuery = waitQuery.extend({
  confirm: z.string().optional().describe("The volume's name, once more"),
});

/** How a volume is started. */
export const volumeStartRequest = component(
  "VolumeStartRequest",
  z.strictObject({
    force: z.boolean().optional().describe(
      "Start what can be started, although bricks are known to be missing or the volume is started",
    ),
  }),
);

const brickView = z.strictObject({
  index: z.int().min(0),
  worker: name,
  host: z.string(),
  path,
  arbiter: z.boolean(),
});

/** One volume. */
export const volumeView = component(
  "Volume",
  z.strictObject({
    name,
    id: z.string(),
    type: z.enum(["distribute", "replicate", "disperse"]),
    status: volumeStatusName,
    subvolumes: z.int().min(1),
    subvolumeSize: z.int().min(1),
    replica: z.int().min(1),
    arbiter: z.int().min(0),
    redundancy: z.int().min(0),
    bricks: z.array(brickView),
    options: z.record(z.string(), z.string()),
    operation: z.string().nullable().describe("The operation that holds it"),
    createdAt: time,
    revision,
  }),
);

/** A page of volumes. */
export const volumeList = component("VolumeList", pageOf(volumeView));

/** A volume as its workers observe it. */
export const volumeObserved = component(
  "VolumeObserved",
  z.strictObject({
    name,
    id: z.string(),
    status: volumeStatusName,
    revision,
    observed: z.boolean().describe(
      "False when the answering monitor does not lead: then nothing is observed",
    ),
    bricks: z.array(brickView.extend({
      verdict: z.enum(["alive", "dead", "unreachable", "left", "unknown"]),
      reachable: z.boolean().describe(
        "The worker is alive and has reported to the leader",
      ),
      state: z.enum([
        "unknown",
        "prepared",
        "starting",
        "online",
        "offline",
        "failed",
      ]),
      online: z.boolean(),
      pid: z.int().nullable(),
      port: z.int().nullable(),
      totalBytes: bytes,
      freeBytes: bytes,
      problem: z.string().nullable(),
      lastCheckInSeconds: z.number().min(0).nullable(),
    })),
    roles: z.array(z.strictObject({
      kind: z.string(),
      scope: z.string(),
      holder: name.nullable(),
      fence: z.int(),
    })),
  }),
);

/** Which volume file: `brick` asks for one brick's. */
export const volfileQuery = z.strictObject({
  kind: z.enum(["client", "brick", "shd"]).default("client"),
  brick: z.string().optional().describe("WORKER:PATH or the brick's index"),
  consistency: consistency.optional(),
});
