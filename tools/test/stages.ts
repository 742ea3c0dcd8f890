/**
 * What `deno task test` runs, in order: cheapest first, so that a mistake is
 * told early. A stage is one command line of this Deno.
 */

/** One command whose failure fails the whole run. */
export interface Stage {
  readonly name: string;
  /** Arguments of `deno`. */
  readonly args: readonly string[];
  /** Needs GlusterFS and root. */
  readonly system: boolean;
}

/** Folders under `test/` whose subjects are pure: they run with no permission at all. */
export const PURE = [
  "base",
  "raft",
  "swim",
  "gluster",
  "cluster",
  "planner",
] as const;

/** Folders whose tests touch the machine only on loopback and in temporary directories. */
export const WORLD = [
  "platform",
  "runtime",
  "api",
  "daemon",
  "cli",
  "sim",
  "tidy",
  "testbed",
  "bench",
  "swarm",
  "crowd",
] as const;

/** All stages; `present` are the folders under `test/` that exist. */
export function stagesOf(present: ReadonlySet<string>, seeds: number): Stage[] {
  const within = (names: readonly string[]): string[] =>
    names.filter((name) => present.has(name)).map((name) => `test/${name}`);
  return [
    { name: "format", args: ["fmt", "--check", "--quiet"], system: false },
    { name: "tidy and lint", args: ["task", "--quiet", "tidy"], system: false },
    {
      name: "types",
      args: ["check", "--quiet", "src", "test", "tools"],
      system: false,
    },
    {
      name: "pure floors, without permissions",
      args: ["test", "--no-check", "--parallel", "--quiet", ...within(PURE)],
      system: false,
    },
    {
      name: "world",
      args: [
        "test",
        "--no-check",
        "--parallel",
        "--quiet",
        "-A",
        ...within(WORLD),
      ],
      system: false,
    },
    {
      name: "simulator, the same seeds each time",
      args: ["task", "--quiet", "simulate", "--seeds", String(seeds)],
      system: false,
    },
    {
      name: "simulator, fresh seeds",
      args: [
        "task",
        "--quiet",
        "simulate",
        "--start",
        "random",
        "--seeds",
        String(seeds),
      ],
      system: false,
    },
    {
      name: "simulator catches its planted bugs",
      args: ["task", "--quiet", "simulate", "--planted", "all"],
      system: false,
    },
    {
      name: "system: real processes, real GlusterFS",
      args: ["test", "--no-check", "--quiet", "-A", ...within(["system"])],
      system: true,
    },
  ];
}

/** Folders under `test/` that no stage would run: a test must not be forgotten. */
export function forgotten(present: ReadonlySet<string>): string[] {
  const known = new Set<string>([
    ...PURE,
    ...WORLD,
    "system",
    "std",
    "scenario",
    "seeds",
  ]);
  return [...present].filter((name) => !known.has(name)).sort();
}
