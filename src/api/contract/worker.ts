/** Workers as operators see them. */

import { z } from "zod";
import {
  component,
  listQuery,
  name,
  pageOf,
  queryFlag,
  revision,
  time,
} from "./schema.ts";
import { volumeStatusName } from "./volume.ts";

/** One worker. */
export const workerView = component(
  "Worker",
  z.strictObject({
    name,
    id: z.string(),
    address: z.string(),
    swimPort: z.int(),
    volfilePort: z.int(),
    zone: z.string(),
    version: z.string(),
    incarnation: z.int(),
    verdict: z.enum(["alive", "dead", "unreachable", "left"]),
    verdictAt: time,
    evidence: z.string(),
    draining: z.boolean(),
    flapping: z.boolean().describe(
      "It keeps falling and returning, and is held back until it is steady",
    ),
    falls: z.int().min(0).describe(
      "How often it was pronounced dead or unreachable since it was last steady",
    ),
    labels: z.record(z.string(), z.string()),
    health: z.int().min(0).nullable().describe(
      "How well it hears its peers: 0 is well; null when the answering monitor has not been told",
    ),
    bricks: z.int().min(0).describe("Bricks placed on it"),
    lastCheckInSeconds: z.number().min(0).nullable().describe(
      "Age of the last check-in; null when the answering monitor has had none",
    ),
    revision,
  }),
);

const labelPairs = z.string().max(4096)
  .regex(/^[^=,]+=[^=,]*(,[^=,]+=[^=,]*)*$/, "not KEY=VALUE,…")
  .transform((text): [key: string, value: string][] =>
    text.split(",").map((pair) => {
      const [key, value] = pair.split("=");
      return [key!, value!];
    })
  );

/** Query of the list of workers: all that is given must hold. */
export const workerListQuery = z.strictObject({
  ...listQuery.shape,
  zone: z.string().optional().describe("Only those in this zone"),
  state: z.enum([
    "alive",
    "dead",
    "unreachable",
    "left",
    "draining",
    "flapping",
  ]).optional().describe(
    "Only those of this verdict, or those that drain or flap, whatever their verdict",
  ),
  labels: labelPairs.optional().describe(
    "Only those with all of these labels: `KEY=VALUE,…`",
  ),
});

/** A page of workers. */
export const workerList = component("WorkerList", pageOf(workerView));

const effect = z.enum(["redundancy", "unavailable", "down"]).describe(
  "`redundancy`: it serves with fewer bricks; `unavailable`: it stops serving; `down`: it does not serve as it is",
);

/** What the volumes would lose without a worker, and who could take its roles. */
export const workerImpact = component(
  "WorkerImpact",
  z.strictObject({
    worker: name,
    volumes: z.array(z.strictObject({
      volume: name,
      status: volumeStatusName,
      effect,
      subvolumes: z.array(z.strictObject({
        name: z.string(),
        effect,
        bricks: z.int().min(1),
        left: z.int().min(0).describe("Bricks that serve without the worker"),
        needed: z.int().min(1).describe("Bricks that must serve"),
        away: z.array(name).describe("Others that are away"),
        draining: z.array(name).describe("Others that drain"),
      })),
    })),
    roles: z.array(z.strictObject({
      kind: z.string(),
      scope: z.string(),
      takers: z.array(name).describe(
        "Others that may take it; a role with none stays while the worker lives",
      ),
    })).describe("The roles that it holds"),
    revision,
  }),
);

const dryRun = queryFlag.optional().describe(
  "Only whether it would be refused: nothing is changed",
);

/** Query of a draining. */
export const workerDrainQuery = z.strictObject({ dryRun });

/** How a worker is drained. */
export const workerDrainRequest = component(
  "WorkerDrainRequest",
  z.strictObject({
    force: z.boolean().optional().describe(
      "Although a started volume would stop serving without it",
    ),
  }),
);

/** A worker that drains. */
export const workerDrained = component(
  "WorkerDrained",
  z.strictObject({ worker: workerView, impact: workerImpact }),
);

/** Labels to set and to remove. */
export const workerLabelRequest = component(
  "WorkerLabelRequest",
  z.strictObject({
    set: z.record(z.string(), z.string()).optional(),
    remove: z.array(z.string()).optional(),
  }),
);

/** Query of a removal: `confirm` repeats the name. */
export const workerRemoveQuery = z.strictObject({
  confirm: z.string().optional().describe("The worker's name, once more"),
  dead: queryFlag.optional().describe("It died, and will not come back"),
  force: queryFlag.optional().describe(
    "Although bricks are on it: their volumes stay without them",
  ),
  dryRun,
});
