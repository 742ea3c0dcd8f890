/** Floor 1: membership of the workers by gossip, as a pure `step(event) → effects`. */

export { SWIM_DEFAULTS } from "./defaults.ts";
export type { Entry, Keeping, Order, Table } from "./keeping.ts";
export * from "./step.ts";
export { Swim } from "./swim.ts";
export { decodeMessage, encodeMessage } from "./wire.ts";
