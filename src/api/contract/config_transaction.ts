/** Transactions over the users' own keys. */

import { z } from "zod";
import { LIMITS } from "../../base/mod.ts";
import { configEntry } from "./config.ts";
import { component, revision } from "./schema.ts";

const MOST = LIMITS.configTransactionOperations;

const key = z.string().describe(`1 to ${LIMITS.configKeyLength} bytes`);

/** One comparison with what stands there just before the operations. */
export const compare = component(
  "TransactionCompare",
  z.discriminatedUnion("test", [
    z.strictObject({
      test: z.literal("revision"),
      key,
      is: z.enum(["equal", "notEqual", "less", "greater"]).optional(),
      revision: revision.describe("0 stands for a key that does not exist"),
    }),
    z.strictObject({ test: z.literal("exists"), key }),
    z.strictObject({ test: z.literal("absent"), key }),
    z.strictObject({
      test: z.literal("value"),
      key,
      is: z.enum(["equal", "notEqual"]).optional(),
      value: z.string().describe("A key that does not exist equals no value"),
    }),
    z.strictObject({
      test: z.literal("unchanged"),
      prefix: z.string().max(LIMITS.configKeyLength).describe(
        "All keys that begin so",
      ),
      revision: revision.describe("Nothing was put or deleted after this"),
    }),
  ]).describe("`is` is `equal` when absent"),
);

/** One operation. */
export const operation = component(
  "TransactionOperation",
  z.discriminatedUnion("op", [
    z.strictObject({ op: z.literal("put"), key, value: z.string() }),
    z.strictObject({ op: z.literal("delete"), key }),
    z.strictObject({ op: z.literal("get"), key }),
  ]),
);

/** A transaction. Its length is checked by the handler, to say what is wrong. */
export const transactionRequest = component(
  "TransactionRequest",
  z.strictObject({
    compare: z.array(compare).optional().describe(
      `At most ${MOST}, all of which must hold`,
    ),
    then: z.array(operation).optional().describe(
      `At most ${MOST}, carried out in order when every comparison holds; no key is written twice`,
    ),
    else: z.array(operation).optional().describe(
      `At most ${MOST}, carried out in order otherwise; no key is written twice`,
    ),
  }),
);

/** What one operation did or found. */
export const operationResult = component(
  "TransactionResult",
  z.discriminatedUnion("op", [
    z.strictObject({
      op: z.literal("put"),
      key,
      revision,
      created: z.boolean(),
    }),
    z.strictObject({ op: z.literal("delete"), key, deleted: z.boolean() }),
    z.strictObject({
      op: z.literal("get"),
      key,
      entry: configEntry.nullable(),
    }),
  ]),
);

/** What a transaction decided and did. */
export const transactionOutcome = component(
  "TransactionOutcome",
  z.strictObject({
    succeeded: z.boolean().describe(
      "Every comparison held: `then` was carried out, otherwise `else`",
    ),
    failedCompare: z.int().min(0).optional().describe(
      "The first comparison that did not hold, counted from 0",
    ),
    revision: revision.describe(
      "Of what was written; of the state when nothing was",
    ),
    results: z.array(operationResult).describe(
      "In the order of the operations",
    ),
  }),
);
