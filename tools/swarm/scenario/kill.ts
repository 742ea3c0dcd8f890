/** Workers die: single ones, with their processes or their hosts, and a whole process of them at once. */

import type { Report } from "../report.ts";
import type { Swarm } from "../swarm.ts";
import {
  delaysOf,
  lasting,
  revive,
  type Scenario,
  spread,
} from "./scenario.ts";

/** At most so many, and at most a tenth and a thirtieth of all. */
const PROCESS_KILLS_MAX = 30;
const HOST_KILLS_MAX = 10;
/** Between single kills: one does not help to find another. */
const PAUSE_MS = 700;
const LIMIT_MS = 60_000;
/** DESIGN.md §11, row 5. */
const PROCESS_P99_MAX = 3;
/** A silent host is told from a lost packet only by patience: within its lease and a probe. */
const HOST_P99_MAX = 8;
/** Roles follow the verdict by one round of the leader. */
const ROLES_P99_MAX = 4;

/** Single kills. */
export const killOne: Scenario = {
  summary: "single workers die, one after the other",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { ordinary } = swarm;
    // Never so many that all bricks of a volume are gone at the same time.
    const some = spread(ordinary, Math.ceil(ordinary.length / 5));
    const { workers } = swarm.options;
    const processes = Math.min(PROCESS_KILLS_MAX, Math.ceil(workers / 10));
    const hosts = Math.min(HOST_KILLS_MAX, Math.ceil(workers / 30));
    const byProcess = some.slice(0, processes);
    await kills(swarm, report, byProcess, "process", PROCESS_P99_MAX);
    const byHost = some.slice(-hosts);
    await kills(swarm, report, byHost, "host", HOST_P99_MAX);
  },
};

async function kills(
  swarm: Swarm,
  report: Report,
  victims: readonly number[],
  how: "process" | "host",
  p99Max: number,
): Promise<void> {
  const { book } = swarm;
  const killedMs = new Map<number, number>();
  const roles = new Map(victims.map((at) => [at, book.rolesOf([at])]));
  book.turnPage();
  for (const victim of victims) {
    book.allow([victim], "dead");
    killedMs.set(victim, await swarm.kill([victim], how));
    await lasting(PAUSE_MS);
  }
  await book.until(victims, ["dead"], LIMIT_MS);
  const delays = delaysOf(
    book.page,
    victims,
    "dead",
    (at) => killedMs.get(at)!,
  );
  const what = how === "process" ? "process killed" : "host without power";
  report.times(`${what} → verdict dead`, delays, p99Max);
  if (how === "process") {
    const moved = await rolesMoved(swarm, victims, roles, killedMs);
    report.times("process killed → role held by another", moved, ROLES_P99_MAX);
  }
  await revive(swarm, victims);
}

async function rolesMoved(
  swarm: Swarm,
  victims: readonly number[],
  roles: ReadonlyMap<number, readonly string[]>,
  killedMs: ReadonlyMap<number, number>,
): Promise<number[]> {
  const { book } = swarm;
  const all = [...roles.values()].flat();
  await book.holds(
    () => book.rolesMovedAtMs(all, victims) !== null,
    LIMIT_MS,
    () => "roles of dead workers have no other holders",
  );
  return victims.flatMap((victim) =>
    book.rolesMovedAtMs(roles.get(victim)!, victims)!
      .map((atMs) => atMs - killedMs.get(victim)!)
  );
}

/** A tenth of the workers dies within one moment, by one kill -9. */
export const killMany: Scenario = {
  summary: "a tenth of the workers dies at once, by kill -9 of their process",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { book } = swarm;
    const victims = [...swarm.victims.workers];
    const roles = book.rolesOf(victims);
    book.turnPage();
    book.allow(victims, "dead");
    const killedMs = await swarm.killVictims();
    await book.until(victims, ["dead"], LIMIT_MS);
    const delays = delaysOf(book.page, victims, "dead", () => killedMs);
    report.times(
      `${victims.length} killed at once → verdict dead`,
      delays,
      MANY_P99_MAX,
    );
    await book.holds(
      () => book.rolesMovedAtMs(roles, victims) !== null,
      LIMIT_MS,
      () => "roles of dead workers have no other holders",
    );
    const moved = book.rolesMovedAtMs(roles, victims)!
      .map((atMs) => atMs - killedMs);
    report.times(
      `${victims.length} killed at once → role held by another`,
      moved,
      MANY_P99_MAX + 1,
    );
    await swarm.restartVictims();
    await book.until(victims, ["alive"], LIMIT_MS);
    book.allow(victims);
  },
};

/** As for one: that many die at once must not slow down any verdict. */
const MANY_P99_MAX = 3;
