/** Moving and healing a volume's files. */

import { z } from "zod";
import { component, name, revision, time } from "./schema.ts";

const count = z.number().min(0);

const throttle = z.enum(["lazy", "normal", "aggressive"]);

/** How a rebalance is begun. */
export const rebalanceRequest = component(
  "RebalanceRequest",
  z.strictObject({ throttle: throttle.default("normal") }),
);

/** A volume's last rebalance. */
export const rebalanceView = component(
  "Rebalance",
  z.strictObject({
    volume: name,
    id: z.string(),
    state: z.enum(["waiting", "running", "stopped", "completed", "failed"]),
    throttle,
    holder: name.nullable().describe("Who moves the files"),
    files: count.describe("Moved so far"),
    bytes: count,
    failures: count,
    skipped: count,
    parts: z.array(z.strictObject({
      worker: name.describe("Whose bricks the files are taken from"),
      state: z.enum(["waiting", "running", "done"]),
      files: count,
      bytes: count,
      failures: count,
      skipped: count,
    })),
    problem: z.string().nullable(),
    startedAt: time,
    endedAt: time.nullable(),
    revision,
  }),
);

/** What is left to heal of a volume. */
export const healView = component(
  "Heal",
  z.strictObject({
    volume: name,
    fullCrawls: count.describe("How often a full crawl was asked for"),
    pending: count.nullable().describe(
      "Entries in the indexes of all bricks that tell; null when none does. An entry may be listed by several bricks",
    ),
    subvolumes: z.array(z.strictObject({
      name: z.string(),
      healer: name.nullable(),
      problem: z.string().nullable(),
      bricks: z.array(z.strictObject({
        worker: name,
        path: z.string(),
        online: z.boolean(),
        pending: count.nullable(),
      })),
    })),
  }),
);
