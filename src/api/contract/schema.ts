/** The small schemas that the resources are made of. */

import { z } from "zod";
import { LIMITS } from "../../base/mod.ts";

/** Named schemas: each becomes a component of the OpenAPI document. */
export const COMPONENTS = z.registry<{ id: string }>();

/** Registers a schema as a component of the OpenAPI document. */
export function component<T extends z.ZodType>(id: string, schema: T): T {
  COMPONENTS.add(schema, { id });
  return schema;
}

/** The store's counter; the number in an `ETag`. */
export const revision = z.int().min(0).describe(
  "Revision of the store: one step per committed transaction",
);

/** A name of a worker, monitor or volume; the rules for new ones are the planner's. */
export const name = z.string().min(1).max(4 * LIMITS.nameLength);

/** A moment, RFC 3339 UTC. */
export const time = z.string().describe("RFC 3339, UTC");

/** Why something is empty: it has not been observed. */
export const bytes = z.number().min(0).nullable().describe(
  "Bytes; null when not observed",
);

/** Which state a read is answered from. */
export const consistency = z.enum(["linearizable", "stale"]).describe(
  "`linearizable` (default) asks the leader; `stale` is what this monitor has applied",
);

/** Query of a read of one resource. */
export const readQuery = z.strictObject({
  consistency: consistency.optional(),
});

/** A whole number in a query. */
export const queryInteger = z.string().regex(/^\d{1,15}$/, "not a number")
  .transform(Number);

/** True or false in a query; a bare `?flag` counts as true. */
export const queryFlag = z.enum(["", "true", "false", "1", "0"]).transform(
  (flag) => flag !== "false" && flag !== "0",
);

/** Most items of one page. */
export const PAGE_LIMIT_MAX = 1000;

/** Query of a list. */
export const listQuery = z.strictObject({
  consistency: consistency.optional(),
  limit: queryInteger.optional().describe(
    `Most items of the answer: 1 to ${PAGE_LIMIT_MAX}, and that by default`,
  ),
  pageToken: z.string().max(4096).optional().describe(
    "`nextPageToken` of the answer before",
  ),
});

/** A page of resources. Later pages repeat the revision of the first, from which a watch is gapless. */
export function pageOf<T extends z.ZodType>(
  item: T,
): z.ZodObject<{
  items: z.ZodArray<T>;
  revision: typeof revision;
  nextPageToken: z.ZodOptional<z.ZodString>;
}> {
  return z.strictObject({
    items: z.array(item),
    revision,
    nextPageToken: z.string().optional(),
  });
}

/** The body of every refusal (RFC 9457). */
export const problem = component(
  "Problem",
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().describe("Identifier of the request"),
    code: z.string().describe("Stable machine constant"),
    remedy: z.string().optional(),
    errors: z.array(z.strictObject({
      pointer: z.string().describe("JSON pointer into the request"),
      message: z.string(),
    })).optional(),
    leader: z.string().optional(),
    retryAfterSeconds: z.number().optional(),
    operation: z.string().optional(),
    oldestRevision: revision.optional(),
    revision: revision.optional(),
  }),
);
