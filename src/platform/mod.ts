/**
 * Floor 4: the world as interfaces. The implementation for Deno has a door of
 * its own, `platform/deno/mod.ts`, which only composition roots open.
 */

export * from "./ports.ts";
export * from "./terminal.ts";
