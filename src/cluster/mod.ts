/** Floor 2: the replicated model: documents, transactions, state, queries, desired state. Pure. */

export * from "./check_in.ts";
export * from "./command.ts";
export * from "./concern_index.ts";
export type { ClusterSettings } from "./config_quota.ts";
export * from "./desired_state.ts";
export * from "./document.ts";
export * from "./events.ts";
export { leapTo } from "./leap.ts";
export type { IdempotencyRecord } from "./idempotency_log.ts";
export type { Range } from "./ordered_map.ts";
export * from "./queries.ts";
export * from "./snapshot_codec.ts";
export * from "./state.ts";
export * from "./transaction_codec.ts";
export type {
  Compare,
  OperationResult,
  PackedOutcome,
  Relation,
  UserOperation,
  UserOutcome,
  UserTransaction,
} from "./user_transaction.ts";
export { twiceWritten } from "./user_transaction_codec.ts";
