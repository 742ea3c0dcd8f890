/** Floor 2: the replicated model: documents, transactions, state, queries, desired state. Pure. */

export * from "./check_in.ts";
export * from "./command.ts";
export * from "./desired_state.ts";
export * from "./document.ts";
export type { IdempotencyRecord } from "./idempotency_log.ts";
export * from "./queries.ts";
export * from "./state.ts";
export * from "./transaction_codec.ts";
