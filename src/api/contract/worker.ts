/** Workers as operators see them. */

import { z } from "zod";
import { component, name, pageOf, revision, time } from "./schema.ts";

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
    bricks: z.int().min(0).describe("Bricks placed on it"),
    lastCheckInSeconds: z.number().min(0).nullable().describe(
      "Age of the last check-in; null when the answering monitor has had none",
    ),
    revision,
  }),
);

/** A page of workers. */
export const workerList = component("WorkerList", pageOf(workerView));
