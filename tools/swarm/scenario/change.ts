/** Great changes: the leader dies amid mass death; every worker is restarted. */

import { untilCalm } from "../calm.ts";
import type { Report } from "../report.ts";
import type { Swarm } from "../swarm.ts";
import { delaysOf, RETURN_LIMIT_MS, type Scenario } from "./scenario.ts";

const LIMIT_MS = 60_000;
/** An election, an interval in which the new leader only listens, and a verdict. */
const LEADER_P99_MAX = 8;
/** The share of all workers that is away at a time in a rolling restart. */
const WAVES = 20;

/** The leader dies in the moment in which it would pronounce a tenth of the workers dead. */
export const leaderKill: Scenario = {
  summary: "the leader dies half a second after a tenth of the workers",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { book, testbed } = swarm;
    const leader = await swarm.leader();
    if (leader === null) throw new Error("no monitor leads");
    const victims = [...swarm.victims.workers];
    book.turnPage();
    book.allow(victims, "dead");
    const killedMs = await swarm.killVictims();
    await testbed.kill(leader);
    await book.until(victims, ["dead"], LIMIT_MS);
    report.times(
      `${victims.length} and the leader killed → verdict dead`,
      delaysOf(book.page, victims, "dead", () => killedMs),
      LEADER_P99_MAX,
    );
    testbed.startMonitor(leader);
    await swarm.restartVictims();
    await book.until(swarm.all, ["alive"], RETURN_LIMIT_MS);
    book.allow(victims);
  },
};

/** Every worker is stopped in good order and started again, a twentieth at a time, as operators do it: all is well before the next. */
export const rollingRestart: Scenario = {
  summary: "all workers are restarted, a twentieth at a time",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { book } = swarm;
    book.allow(swarm.all, "left");
    const startedMs = Date.now();
    for (let wave = 0; wave < WAVES; wave++) {
      const workers = swarm.all.filter((at) => at % WAVES === wave);
      if (workers.length === 0) continue;
      await swarm.stop(workers);
      await swarm.start(workers);
      await book.until(workers, ["alive"], RETURN_LIMIT_MS);
      await untilCalm(swarm);
    }
    const seconds = (Date.now() - startedMs) / 1000;
    // Half of it is calm awaited, which depends on the machine: §11 has no bound for it.
    report.note("all restarted", seconds, "s");
    book.allow(swarm.all);
  },
};
