/** GlusterFS itself: its wire, its daemons' command lines, its volume files. */

export * from "./brick_program.ts";
export * from "./command_line.ts";
export * from "./dictionary.ts";
export * from "./portmap.ts";
export * from "./program.ts";
export * from "./rebalance_status.ts";
export * from "./record.ts";
export * from "./rpc.ts";
export * from "./volfile/mod.ts";
export * from "./volfile_effect.ts";
export * from "./volfile_key.ts";
export * from "./volfile_message.ts";
export * from "./volfile_program.ts";
export * from "./xdr.ts";
