/** Volumes for the swarm to carry: nearly every worker has one brick, each volume two roles. */

import type { Report } from "../report.ts";
import { bricksOf, placeOf, REPLICA, volumesOf } from "../layout.ts";
import { BRICKS } from "../simulated_host.ts";
import type { Swarm } from "../swarm.ts";
import type { Scenario } from "./scenario.ts";

/** To lead the only set, and to heal it. */
const ROLES_A_VOLUME = 2;
const AT_ONCE = 8;
const OPERATION_WAIT_MS = 60_000;

/** Creates and starts a replicated volume on every three workers. */
export const volumes: Scenario = {
  summary: "a replica 3 volume on every three workers",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { client } = swarm.book;
    const { workers } = swarm.options;
    const count = volumesOf(workers);
    const startedMs = Date.now();
    let next = 0;
    async function make(): Promise<void> {
      while (next < count) {
        const at = next++;
        const name = `v${at}`;
        const operation = await client.createVolume({
          name,
          replica: REPLICA,
          bricks: bricksOf(at, workers).map((worker) =>
            `${placeOf(worker).name}:${BRICKS}/${name}`
          ),
        });
        const ended = await client.operation(operation.id, OPERATION_WAIT_MS);
        if (ended.state !== "succeeded") {
          const why = ended.problems.join("; ") || "without a problem";
          throw new Error(`${name}: its creation is ${ended.state}: ${why}`);
        }
        await client.startVolume(name);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, make));
    await swarm.book.holds(
      () => swarm.book.roles >= ROLES_A_VOLUME * count,
      OPERATION_WAIT_MS,
      () => `only ${swarm.book.roles} roles of ${count} volumes are designated`,
    );
    const seconds = (Date.now() - startedMs) / 1000;
    report.note(`${count} volumes created and started`, seconds, "s");
  },
};
