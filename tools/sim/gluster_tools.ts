/** GlusterFS's programs as far as they run to an end: they tell their version. */

import type { Tool } from "./processes.ts";

const VERSION = { code: 0, stdout: "glusterfs 10.3\n", stderr: "" };

/** By base name. */
export const glusterTools: ReadonlyMap<string, Tool> = new Map([
  ["glusterfsd", () => VERSION],
  ["glusterfs", () => VERSION],
]);
