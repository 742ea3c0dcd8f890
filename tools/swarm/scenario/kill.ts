/** Workers die: single ones, with their processes or their hosts, and a whole process of them at once. */

import { untilCalm } from "../calm.ts";
import type { Report } from "../report.ts";
import type { Swarm } from "../swarm.ts";
import type { Verdict } from "../verdict_book.ts";
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
const PAUSE_MS = 3_000;
const LIMIT_MS = 60_000;
/** DESIGN.md §11, row 5. */
const PROCESS_P99_MAX = 3;
/** A silent host is told from a lost packet only by patience: within its lease and a probe. */
const HOST_P99_MAX = 8;
/** Roles that two may hold for a moment follow the verdict by a second at most. */
const SHARED_SECONDS = 1;
/** Exclusive ones follow the death: by the lease of six seconds, and what clocks may differ by, besides. */
const EXCLUSIVE_SECONDS = 6 * 1.1 + 1;

/** What may be said of a victim. Nobody reaches a host without power, and its peers may notice after its lease. */
const TRUE_OF = {
  process: ["dead"],
  host: ["dead", "unreachable"],
} as const satisfies Record<string, readonly Verdict[]>;

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
    const byProcess = spread(some, processes);
    await kills(swarm, report, byProcess, "process", PROCESS_P99_MAX);
    // That they all return at once is other news than single deaths.
    await untilCalm(swarm);
    const others = some.filter((at) => !byProcess.includes(at));
    const byHost = spread(others, hosts);
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
    book.allow([victim], ...TRUE_OF[how]);
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
  sayLatest(swarm, what, victims, delays);
  if (how === "process") {
    await movesOf(swarm, report, "process killed", p99Max, {
      victims,
      roles,
      killedMs: (at) => killedMs.get(at)!,
    });
  }
  await revive(swarm, victims);
}

/** Tells whose verdict came last, and on what it rests: that one decides the 99th percentile. */
function sayLatest(
  { book, options }: Swarm,
  what: string,
  victims: readonly number[],
  delays: readonly number[],
): void {
  const latestMs = Math.max(...delays);
  const victim = victims[delays.indexOf(latestMs)]!;
  const evidence = book.page.find(({ worker, verdict }) =>
    worker === victim && verdict === "dead"
  )?.evidence;
  const seconds = (latestMs / 1000).toFixed(1);
  options.say(
    `swarm: ${what}: the latest verdict, on ${victim}, after ${seconds} s: ${evidence}`,
  );
}

/** Who died when, and what they held. */
interface Deaths {
  readonly victims: readonly number[];
  /** By victim. */
  readonly roles: ReadonlyMap<number, readonly string[]>;
  readonly killedMs: (victim: number) => number;
}

/** Waits until all roles have other holders, and notes how long that took after the kill. */
async function movesOf(
  { book }: Swarm,
  report: Report,
  what: string,
  verdictP99Max: number,
  { victims, roles, killedMs }: Deaths,
): Promise<void> {
  const all = [...roles.values()].flat();
  await book.holds(
    () => book.rolesMovedAtMs(all, victims) !== null,
    LIMIT_MS,
    () => "roles of dead workers have no other holders",
  );
  const isShared = (role: string): boolean => role.includes("self-heal/");
  const delays = (
    wanted: (role: string) => boolean,
    sinceMs: (victim: number) => number,
  ): number[] =>
    victims.flatMap((victim) =>
      book.rolesMovedAtMs(roles.get(victim)!.filter(wanted), victims)!
        .map((atMs) => atMs - sinceMs(victim))
    );
  const note = (kind: string, delaysMs: number[], p99Max: number): void => {
    if (delaysMs.length === 0) return;
    report.times(`${kind} held by another`, delaysMs, p99Max);
  };
  const verdictMs = new Map(
    book.page.filter(({ verdict }) => verdict === "dead")
      .map(({ worker, atMs }) => [worker, atMs]),
  );
  note(
    `${what} → verdict → healing`,
    delays(isShared, (victim) => verdictMs.get(victim)!),
    SHARED_SECONDS,
  );
  note(
    `${what} → exclusive role`,
    delays((role) => !isShared(role), killedMs),
    verdictP99Max + EXCLUSIVE_SECONDS,
  );
}

/** A tenth of the workers dies within one moment, by one kill -9. */
export const killMany: Scenario = {
  summary: "a tenth of the workers dies at once, by kill -9 of their process",
  async play(swarm: Swarm, report: Report): Promise<void> {
    const { book } = swarm;
    const victims = [...swarm.victims.workers];
    const roles = new Map(victims.map((at) => [at, book.rolesOf([at])]));
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
    sayLatest(swarm, "killed at once", victims, delays);
    await movesOf(
      swarm,
      report,
      `${victims.length} killed at once`,
      MANY_P99_MAX,
      { victims, roles, killedMs: () => killedMs },
    );
    await swarm.restartVictims();
    await book.until(victims, ["alive"], LIMIT_MS);
    book.allow(victims);
  },
};

/** As for one: that many die at once must not slow down any verdict. */
const MANY_P99_MAX = 3;
