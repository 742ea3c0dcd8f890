/** What the users' keys take, and what they may. */

import { z } from "zod";
import { LIMITS } from "../../base/mod.ts";
import { component } from "./schema.ts";

/** Use and quota of the users' keys. */
export const configUsage = component(
  "ConfigUsage",
  z.strictObject({
    keys: z.int().min(0),
    usedBytes: z.int().min(0).describe(
      `Keys and values as UTF-8, and ${LIMITS.configEntryBytes} bytes for each key`,
    ),
    quotaBytes: z.int().min(0),
  }),
);

/** A quota to set. Below what is used, it lets nothing grow. */
export const quotaRequest = component(
  "QuotaRequest",
  z.strictObject({
    quotaBytes: z.int().min(0).max(LIMITS.configQuotaBytesMax),
  }),
);
