/** Roles, the kinds that operators add, and what may be ordered of both. */

import { z } from "zod";
import { component, name, pageOf, revision, time } from "./schema.ts";

/** One role. */
export const roleView = component(
  "Role",
  z.strictObject({
    kind: z.string(),
    scope: z.string(),
    candidates: z.array(name),
    holder: name.nullable(),
    fence: z.int().min(0).describe("Grows with every holder"),
    since: time,
    exclusive: z.boolean().describe("Never acted in by two workers at once"),
    pinned: name.nullable(),
    waitsFor: name.nullable().describe(
      "The former holder, which may act on until it lets go or its lease is over",
    ),
    next: name.nullable().describe("Who gets it then"),
    reason: z.string().nullable().describe("Why the holder changed last"),
    revision,
  }),
);

/** A page of roles. */
export const roleList = component("RoleList", pageOf(roleView));

/** What the holder reports of its work. */
const roleWork = z.strictObject({
  state: z.enum(["waiting", "acting", "stopping", "done", "failed"]),
  fence: z.int().min(0),
  pid: z.int().nullable(),
  problem: z.string().nullable(),
  output: z.string().nullable().describe("The end of what its handler printed"),
  exitCode: z.int().nullable(),
});

/** One role with what its holder reports. */
export const roleDetail = component(
  "RoleDetail",
  roleView.extend({
    work: roleWork.nullable().describe("Null while nothing is reported"),
    handler: z.string().nullable(),
    schedule: z.string().nullable(),
    lastRun: z.strictObject({
      due: time,
      ended: time,
      worker: name,
      fence: z.int().min(0),
      exitCode: z.int().nullable(),
    }).nullable(),
  }),
);

const count = z.int().min(0);

/** Why a role is held by whom it is. */
export const roleExplanation = component(
  "RoleExplanation",
  z.strictObject({
    kind: z.string(),
    scope: z.string(),
    holder: name.nullable(),
    reason: z.string().nullable(),
    candidates: z.array(z.strictObject({
      worker: name,
      excluded: z.string().nullable().describe("Why it cannot hold it now"),
      roles: count.describe("Roles that it holds now"),
      extra: z.strictObject({
        unmet: z.int(),
        spread: z.int(),
        load: z.number(),
        moves: z.int(),
      }).nullable().describe(
        "How much worse the best designation with this holder is: roles without holder, squares of replicas per zone, squares of loads, moves",
      ),
    })).describe("The holder first, then the next best"),
  }),
);

/** Which worker a role is pinned to or moved to. */
export const roleTarget = component(
  "RoleTarget",
  z.strictObject({ worker: z.string().min(1) }),
);

/** A kind of role. */
export const roleKindView = component(
  "RoleKind",
  z.strictObject({
    name: z.string(),
    builtIn: z.boolean(),
    scope: z.enum(["cluster", "volume", "subvolume"]),
    exclusive: z.boolean(),
    handler: z.string().nullable().describe("An executable on each candidate"),
    schedule: z.string().nullable(),
    replicas: z.int().min(1),
    workers: z.array(name),
    zones: z.array(z.string()),
    createdAt: time.nullable(),
    revision,
  }),
);

/** All kinds. */
export const roleKindList = component(
  "RoleKindList",
  z.strictObject({ items: z.array(roleKindView), revision }),
);

/** A new kind. With a schedule it is a job, run once for each time that is due. */
export const roleKindRequest = component(
  "RoleKindRequest",
  z.strictObject({
    name: z.string(),
    handler: z.string().max(1_024).describe(
      "Run with `start`, and with `stop` before the role is taken away",
    ),
    scope: z.enum(["cluster", "volume", "subvolume"]).default("cluster"),
    exclusive: z.boolean().default(true),
    schedule: z.string().max(255).nullable().default(null).describe(
      '"every 15m", or the five fields of cron, UTC',
    ),
    replicas: z.int().min(1).default(1),
    workers: z.array(z.string()).max(1_000).default([]),
    zones: z.array(z.string().max(255)).max(1_000).default([]),
  }),
);
