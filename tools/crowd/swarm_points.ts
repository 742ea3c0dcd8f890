/** What swarms of real processes measured, as points beside the simulation's curves. */

/** One swarm's values; NaN where it did not measure one. */
export interface SwarmPoint {
  readonly workers: number;
  readonly processVerdictMs: number;
  readonly hostVerdictMs: number;
  readonly bytes: number;
  readonly monitorBytes: number;
}

interface Saved {
  readonly workers: number;
  readonly measures: readonly {
    readonly scenario: string;
    readonly what: string;
    readonly value: number;
  }[];
}

/** The points of all `swarm-N.json` there. */
export async function swarmPoints(results: URL): Promise<SwarmPoint[]> {
  const points: SwarmPoint[] = [];
  for await (const { name } of Deno.readDir(results)) {
    if (!/^swarm-\d+\.json$/.test(name)) continue;
    const text = await Deno.readTextFile(new URL(name, results));
    points.push(pointOf(JSON.parse(text)));
  }
  return points.sort((a, b) => a.workers - b.workers);
}

function pointOf({ workers, measures }: Saved): SwarmPoint {
  const find = (scenario: string, what: string): number =>
    measures.find((one) =>
      one.scenario === scenario && one.what.startsWith(what)
    )?.value ?? NaN;
  return {
    workers,
    processVerdictMs: 1000 *
      find("kill1", "process killed → verdict dead, p50"),
    hostVerdictMs: 1000 *
      find("kill1", "host without power → verdict dead, p50"),
    bytes: find("steady", "gossip with IP and UDP headers"),
    monitorBytes: 1e6 *
      find("steady", "resident memory of the largest monitor"),
  };
}
