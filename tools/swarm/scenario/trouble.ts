/** Workers that live through trouble: nobody of them may be pronounced dead. */

import { untilCalm } from "../calm.ts";
import type { Cut } from "../faults.ts";
import { NO_FAULTS } from "../faults.ts";
import { placeOf } from "../layout.ts";
import { atMost, type Report } from "../report.ts";
import type { Swarm } from "../swarm.ts";
import {
  delaysOf,
  lasting,
  revive,
  type Scenario,
  spread,
} from "./scenario.ts";

const ZONE = 1;
const LIMIT_MS = 60_000;
const LOSS_SHARE = 0.05;
const LOSS_MS = 20_000;
const CUT_MS = 12_000;
const PAUSE_MS = 5_000;
const AFTER_MS = 5_000;
const KILLS_UNDER_LOSS = 10;

/** Five of a hundred datagrams are lost. */
export const loss: Scenario = {
  summary: "5 % of all datagrams are lost",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { book } = swarm;
    await swarm.faults({ ...NO_FAULTS, lossShare: LOSS_SHARE });
    book.turnPage();
    await lasting(LOSS_MS);
    report.note("verdicts", book.page.length, "verdicts", atMost(0));
    const victims = spread(swarm.ordinary, KILLS_UNDER_LOSS);
    book.allow(victims, "dead");
    const killedMs = await swarm.kill(victims, "process");
    await book.until(victims, ["dead"], LIMIT_MS);
    const delays = delaysOf(book.page, victims, "dead", () => killedMs);
    report.times("process killed → verdict dead", delays, 3);
    await revive(swarm, victims);
    await swarm.faults();
  },
};

/** A zone is cut off: from all, from the monitors only, from the other workers only. */
export const partition: Scenario = {
  summary: "a zone is cut off, in three ways",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { book } = swarm;
    const zone = swarm.all.filter((at) => placeOf(at).zone === ZONE);
    const cut = (from: Cut["from"]): Promise<void> =>
      swarm.faults({ ...NO_FAULTS, cuts: [{ zone: ZONE, from }] });

    // Seen by the monitors, nobody is lost, whatever the others say.
    book.turnPage();
    await cut("workers");
    await lasting(CUT_MS);
    report.note(
      "verdicts when cut from the other workers",
      book.page.length,
      "verdicts",
      atMost(0),
    );
    await swarm.faults();
    await untilCalm(swarm);

    book.turnPage();
    book.allow(zone, "unreachable");
    let cutMs = Date.now();
    await cut("monitors");
    await book.until(zone, ["unreachable", "dead"], LIMIT_MS);
    const { page } = book;
    const unreachable = zone.filter((at) =>
      page.some(({ worker, verdict }) =>
        worker === at && verdict === "unreachable"
      )
    );
    report.times(
      "cut from the monitors → verdict unreachable",
      delaysOf(page, unreachable, "unreachable", () => cutMs),
      12,
    );
    await healed(swarm, report, zone, "from the monitors");

    book.turnPage();
    book.allow(zone, "dead", "unreachable");
    cutMs = Date.now();
    await cut("everybody");
    await book.until(zone, ["dead"], LIMIT_MS);
    const lost = zone.map((at) =>
      book.page.find(({ worker, verdict }) =>
        worker === at && verdict !== "alive"
      )!.atMs - cutMs
    );
    // From then on its roles may go to others.
    report.times("cut from everybody → dead or unreachable", lost, 12);
    report.times(
      "cut from everybody → verdict dead",
      delaysOf(book.page, zone, "dead", () => cutMs),
      null,
    );
    await healed(swarm, report, zone, "from everybody");
  },
};

async function healed(
  swarm: Swarm,
  report: Report,
  zone: readonly number[],
  how: string,
): Promise<void> {
  const healedMs = Date.now();
  await swarm.faults();
  await swarm.book.until(zone, ["alive"], LIMIT_MS);
  const seconds = (Date.now() - healedMs) / 1000;
  report.note(`cut ${how} ends → all alive`, seconds, "s", atMost(15));
  // What is said of a zone that was away is news to all: the next cut is another story.
  await untilCalm(swarm);
  swarm.book.allow(zone);
}

/** A twentieth of the workers stands still for five seconds. */
export const pause: Scenario = {
  summary: "a twentieth of the workers stands still for 5 s (SIGSTOP)",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { book, sleepers } = swarm;
    const paused = [...sleepers.workers];
    book.turnPage();
    sleepers.child.kill("SIGSTOP");
    await lasting(PAUSE_MS);
    sleepers.child.kill("SIGCONT");
    await lasting(AFTER_MS);
    report.note(
      `verdicts on the ${paused.length} paused`,
      book.page.filter(({ worker }) => paused.includes(worker)).length,
      "verdicts",
      atMost(0),
    );
    report.note(
      "verdicts on others",
      book.page.filter(({ worker }) => !paused.includes(worker)).length,
      "verdicts",
      atMost(0),
    );
    await book.until(swarm.all, ["alive"], LIMIT_MS);
  },
};
