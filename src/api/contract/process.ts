/** The process itself: is it alive, is it ready, what is it. */

import { z } from "zod";
import { component, queryFlag } from "./schema.ts";

/** The answer of a health endpoint. */
export const health = component(
  "Health",
  z.strictObject({
    status: z.enum(["ok", "failing"]),
    checks: z.array(z.strictObject({
      name: z.string(),
      ok: z.boolean(),
      message: z.string(),
    })).optional().describe("With `?verbose`"),
  }),
);

/** Query of a health endpoint. */
export const healthQuery = z.strictObject({ verbose: queryFlag.optional() });

/** What the process is. */
export const version = component(
  "Version",
  z.strictObject({ name: z.string(), version: z.string() }),
);
