/** All workers start at once, beside a quorum that has never seen one. */

import { atMost, type Report } from "../report.ts";
import type { Swarm } from "../swarm.ts";
import type { Scenario } from "./scenario.ts";

const LIMIT_MS = 180_000;

/** The join storm. */
export const joinStorm: Scenario = {
  summary: "all workers start at once",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const startedMs = Date.now();
    await swarm.start(swarm.all);
    report.note("all serve", (Date.now() - startedMs) / 1000, "s");
    await swarm.book.until(swarm.all, ["alive"], LIMIT_MS);
    const seconds = (Date.now() - startedMs) / 1000;
    report.note("all are alive", seconds, "s", atMost(30));
  },
};
