/** Long work. */

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
