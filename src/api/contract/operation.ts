/** Long work, and the roles that workers hold. */

import { z } from "zod";
import {
  component,
  consistency,
  name,
  pageOf,
  queryInteger,
  revision,
  time,
} from "./schema.ts";

/** One operation. */
export const operationView = component(
  "Operation",
  z.strictObject({
    id: z.string(),
    kind: z.enum(["volume-create", "volume-delete"]),
    volume: name,
    state: z.enum(["running", "undoing", "succeeded", "failed"]),
    steps: z.array(z.strictObject({ name: z.string(), done: z.boolean() })),
    problems: z.array(z.string()),
    startedAt: time,
    endedAt: time.nullable(),
    revision,
  }),
);

/** A page of operations, the newest revision last. */
export const operationList = component("OperationList", pageOf(operationView));

/** Query of one operation: with `waitMs` the answer comes when it has ended, or then. */
export const operationQuery = z.strictObject({
  consistency: consistency.optional(),
  waitMs: queryInteger.optional(),
});

/** One role. */
export const roleView = component(
  "Role",
  z.strictObject({
    kind: z.string(),
    scope: z.string(),
    candidates: z.array(name),
    holder: name.nullable(),
    fence: z.int().min(0),
    since: time,
    revision,
  }),
);

/** A page of roles. */
export const roleList = component("RoleList", pageOf(roleView));
