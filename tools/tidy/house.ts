/** The plan of the house as data: floors, doors and words (DESIGN.md §3). */

/** Floor of every folder under `src/`; imports go down or stay. */
export const FLOORS: Readonly<Record<string, number>> = {
  base: 0,
  raft: 1,
  swim: 1,
  gluster: 1,
  cluster: 2,
  planner: 3,
  platform: 4,
  runtime: 5,
  api: 6,
  daemon: 7,
  cli: 7,
  console: 7,
};

/** The highest floor that is pure. */
export const PURE_FLOOR_MAX = 3;

/** Folders of one floor that may still import one another, in this direction. */
export const SIDEWAYS: readonly (readonly [string, string])[] = [
  ["cli", "daemon"],
];

/** Names that no pure floor may say. */
export const IMPURE = new Set([
  "Deno",
  "fetch",
  "Date",
  "performance",
  "crypto",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "console",
  "Promise",
  "Worker",
]);

/** Names that no floor may say outside `platform/deno/`: they hide from the simulator. */
export const AMBIENT = new Set([
  "Deno",
  "fetch",
  "Date",
  "performance",
  "crypto",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "console",
  "Worker",
]);

/** The one place that may import each dependency. */
export const DOORS: readonly {
  readonly module: RegExp;
  readonly where: RegExp;
}[] = [
  { module: /^hono(\/|$)/, where: /^src\/api\/server\// },
  { module: /^msgpackr(\/|$)/, where: /^src\/base\/msgpack\.ts$/ },
  { module: /^@std\/cli\//, where: /^src\/cli\/arguments\.ts$/ },
  {
    module: /^zod$/,
    where: /^src\/(api\/|cli\/config_file\.ts$)/,
  },
  { module: /^node:/, where: /^src\/(platform\/deno\/|main\.ts$)/ },
];

/** Words that say nothing about what a file is for. */
export const EMPTY_NAMES = /(^|\/)(utils?|helpers?|common|misc)(\.ts|_|\/|$)/;

/** Files and functions stay readable. */
export const LINES_PER_FILE_MAX = 400;
export const LINES_PER_FUNCTION_MAX = 70;

/** Where a file lives: its folder under `src/`, or null outside. */
export function roomOf(path: string): string | null {
  const match = /^src\/([a-z]+)\//.exec(path);
  return match === null ? null : match[1]!;
}

/** The path below the repository's root of a file that a tool names absolutely. */
export function belowRoot(path: string): string {
  const match = /(?:^|\/)((?:src|test|tools)\/.*)$/.exec(path);
  return match === null ? path : match[1]!;
}
