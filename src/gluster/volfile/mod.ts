/** Volume files as glusterd 10.3 writes them. */

export * from "./bitrot_graph.ts";
export * from "./brick_graph.ts";
export { clientVolfile } from "./client_graph.ts";
export * from "./create_defaults.ts";
export * from "./gfproxy_graph.ts";
export * from "./op_version.ts";
export {
  OPTION_FLAGS,
  OPTION_MAP,
  type OptionRow,
  optionRow,
} from "./option_map.ts";
export {
  booleanOf,
  enabled as optionEnabled,
  type Options,
  optionValue,
} from "./option_values.ts";
export * from "./quota_graph.ts";
export * from "./rebalance_graph.ts";
export * from "./self_heal_graph.ts";
export * from "./volume.ts";
export * from "./volfile_set.ts";
