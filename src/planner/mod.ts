/** Floor 3: decisions. Each planner reads state and soft state and answers a transaction, or throws a Problem. Pure. */

export * from "./admission.ts";
export * from "./brick_layout.ts";
export * from "./check_in_interval.ts";
export * from "./check_in_ledger.ts";
export * from "./founding.ts";
export * from "./healing.ts";
export * from "./held_roles.ts";
export * from "./names.ts";
export * from "./operation_advance.ts";
export * from "./rebalance_orders.ts";
export * from "./recent_findings.ts";
export * from "./reconcile_bricks.ts";
export * from "./restoring.ts";
export * from "./reporters.ts";
export * from "./role_advance.ts";
export * from "./role_designation.ts";
export * from "./role_explanation.ts";
export * from "./role_leases.ts";
export * from "./role_orders.ts";
export * from "./schedule.ts";
export * from "./verdicts.ts";
export * from "./volume_create.ts";
export * from "./volume_delete.ts";
export * from "./volume_layout.ts";
export * from "./volume_start.ts";
export * from "./volume_stop.ts";
