import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../../src/base/mod.ts";
import { KEYS, listRoles } from "../../src/cluster/mod.ts";
import {
  decideVerdicts,
  designateRoles,
  FALLS_MAX,
  impactOf,
  isFlapping,
  labelsOf,
  planAdmission,
  planWorkerDrain,
  planWorkerLabels,
  planWorkerRemove,
  planWorkerUndrain,
  STEADY_MS,
} from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

function refuses(code: ProblemCode, work: () => unknown): Problem {
  const problem = assertThrows(work, Problem) as Problem;
  assertEquals(problem.code, code);
  return problem;
}

/** A started volume over bricks `w1:/NAME` … */
function start(
  pool: Pool,
  name: string,
  workers: number,
  layout: {
    replica?: number;
    arbiter?: number;
    disperse?: number;
    redundancy?: number;
  },
): void {
  const bricks = Array.from(
    { length: workers },
    (_, at) => `w${at + 1}:/${name}`,
  );
  pool.stand({ name, bricks, ...layout }, "started");
}

type Case = readonly [
  layout: Parameters<typeof start>[3],
  workers: number,
  away: readonly string[],
  effect: string,
  left: number,
  needed: number,
];

const IMPACTS: readonly Case[] = [
  [{}, 2, [], "unavailable", 0, 1],
  [{ replica: 2 }, 2, [], "redundancy", 1, 1],
  [{ replica: 2 }, 2, ["w2"], "unavailable", 0, 1],
  [{ replica: 3 }, 3, [], "redundancy", 2, 2],
  [{ replica: 3 }, 3, ["w2"], "unavailable", 1, 2],
  [{ replica: 3 }, 3, ["w2", "w3"], "down", 0, 2],
  [{ replica: 3, arbiter: 1 }, 3, [], "redundancy", 2, 2],
  [{ replica: 3, arbiter: 1 }, 3, ["w3"], "unavailable", 1, 2],
  [{ disperse: 3, redundancy: 1 }, 3, [], "redundancy", 2, 2],
  [{ disperse: 6, redundancy: 2 }, 6, ["w5"], "redundancy", 4, 4],
  [{ disperse: 6, redundancy: 2 }, 6, ["w5", "w6"], "unavailable", 3, 4],
];

for (const [layout, workers, away, effect, left, needed] of IMPACTS) {
  Deno.test(`impactOf: ${JSON.stringify(layout)} with ${away.join(",") || "nobody"} away is ${effect} without w1`, () => {
    const pool = new Pool(workers);
    start(pool, "v1", workers, layout);
    for (const name of away) pool.pronounce(name, "dead");
    const [impact] = impactOf(pool.state, "w1");
    assertEquals(impact?.effect, effect);
    const [subvolume] = impact!.subvolumes;
    assertEquals([subvolume?.left, subvolume?.needed, subvolume?.away], [
      left,
      needed,
      away,
    ]);
    assertEquals(impactOf(pool.state, "nobody"), []);
  });
}

Deno.test("planWorkerDrain says who must come back, or that nobody can", () => {
  const pool = new Pool(5);
  start(pool, "r3", 3, { replica: 3 });
  start(pool, "e5", 5, { disperse: 5, redundancy: 2 });
  const remedy = (): string =>
    refuses("data-at-risk", () => planWorkerDrain(pool.state, "w1", false))
      .remedy;
  pool.pronounce("w2", "dead");
  pool.putWorker("w4", { draining: true });
  assertEquals(
    remedy(),
    "bring back w2 and undrain w4 first, or give --force",
  );
  const alone = new Pool(1);
  start(alone, "d1", 1, {});
  assertEquals(
    refuses("data-at-risk", () => planWorkerDrain(alone.state, "w1", false))
      .remedy,
    "they have no other bricks to do without it; give --force to drain it all the same",
  );
});

Deno.test("impactOf counts who drains as away, and who is unreachable as serving", () => {
  const pool = new Pool(3);
  start(pool, "v1", 3, { replica: 3 });
  pool.pronounce("w2", "unreachable");
  assertEquals(impactOf(pool.state, "w1")[0]?.effect, "redundancy");
  pool.putWorker("w3", { draining: true });
  assertEquals(impactOf(pool.state, "w1")[0]?.effect, "unavailable");
  // Whether w1 itself drains makes no difference to what it takes along.
  pool.putWorker("w1", { draining: true });
  assertEquals(impactOf(pool.state, "w1")[0]?.effect, "unavailable");
});

Deno.test("impactOf follows what a volume says of its quorum", () => {
  const pool = new Pool(3);
  start(pool, "v1", 3, { replica: 3 });
  pool.pronounce("w2", "dead");
  const volume = pool.volume("v1")!;
  const needed = (options: Record<string, string>): number | undefined => {
    pool.put(KEYS.volume("v1"), { ...volume, options });
    return impactOf(pool.state, "w1")[0]?.subvolumes[0]?.needed;
  };
  assertEquals(needed({ "cluster.quorum-type": "none" }), 1);
  assertEquals(
    needed({ "cluster.quorum-type": "fixed", "cluster.quorum-count": "3" }),
    3,
  );
  assertEquals(
    needed({ "cluster.quorum-type": "fixed", "cluster.quorum-count": "x" }),
    1,
  );
  assertEquals(needed({}), 2);
});

Deno.test("planWorkerDrain refuses what would stop a started volume, unless forced; roles go at once", () => {
  const pool = new Pool(3);
  start(pool, "v1", 3, { replica: 3 });
  pool.commit(designateRoles(pool.state, 0, () => true));
  pool.commit(planWorkerDrain(pool.state, "w1", false));
  pool.commit(designateRoles(pool.state, 0, () => true));
  const holders = listRoles(pool.state).map(({ value }) => value.holder);
  assertEquals(holders.includes("w1"), false);
  const problem = refuses(
    "data-at-risk",
    () => planWorkerDrain(pool.state, "w2", false),
  );
  assertStringIncludes(
    problem.message,
    "v1-replicate-0 stops serving, with 1 of 3 bricks (w1 drains)",
  );
  assertEquals(problem.remedy, "undrain w1 first, or give --force");
  pool.commit(planWorkerDrain(pool.state, "w2", true));
  pool.commit(planWorkerUndrain(pool.state, "w1"));
  assertEquals([pool.worker("w1").draining, pool.worker("w2").draining], [
    false,
    true,
  ]);
  refuses("worker-not-found", () => planWorkerDrain(pool.state, "w9", true));
});

Deno.test("planVolumeCreate puts no brick on a worker that drains or flaps, unless forced", () => {
  const pool = new Pool(2);
  const create = (force: boolean): unknown =>
    pool.planCreate({ name: "v1", bricks: ["w1:/a"], force });
  pool.putWorker("w1", { draining: true });
  assertStringIncludes(
    refuses("worker-unfit", () => create(false)).message,
    "it drains",
  );
  pool.putWorker("w1", { draining: false, falls: FALLS_MAX });
  assertStringIncludes(
    refuses("worker-unfit", () => create(false)).message,
    "it flaps",
  );
  create(true);
});

Deno.test("planWorkerRemove lets go of who left, of the dead only for good, of bricks only by force", () => {
  const pool = new Pool(3);
  start(pool, "v1", 3, { replica: 3 });
  const no = { dead: false, force: false };
  const all = { dead: true, force: true };
  refuses("worker-not-found", () => planWorkerRemove(pool.state, "w9", all));
  refuses("worker-alive", () => planWorkerRemove(pool.state, "w1", all));
  pool.pronounce("w1", "unreachable");
  refuses("worker-alive", () => planWorkerRemove(pool.state, "w1", all));
  pool.pronounce("w1", "dead");
  refuses(
    "worker-alive",
    () => planWorkerRemove(pool.state, "w1", { ...no, force: true }),
  );
  const problem = refuses(
    "data-at-risk",
    () => planWorkerRemove(pool.state, "w1", { ...no, dead: true }),
  );
  assertStringIncludes(
    problem.message,
    "v1: v1-replicate-0 keeps 2 of 3 bricks",
  );
  const plan = planWorkerRemove(pool.state, "w1", all);
  pool.putWorker("w1", { verdict: "alive" });
  assertEquals(pool.attempt(plan)?.kind, "conflict", "it came back meanwhile");
  pool.pronounce("w1", "dead");
  pool.commit(planWorkerRemove(pool.state, "w1", all));
  assertEquals(pool.state.get(KEYS.worker("w1")), null);
  pool.putWorker("w4", { verdict: "left" });
  pool.commit(planWorkerRemove(pool.state, "w4", no));
});

Deno.test("planWorkerLabels sets and removes an operator's labels, which win over the worker's own", () => {
  const pool = new Pool(1);
  pool.putWorker("w1", { labels: { disk: "hdd", rack: "a" } });
  const change = (set: Record<string, string>, ...remove: string[]): void =>
    pool.commit(planWorkerLabels(pool.state, "w1", { set, remove }));
  change({ disk: "ssd", "gpu.model": "" });
  assertEquals(labelsOf(pool.worker("w1")), {
    disk: "ssd",
    rack: "a",
    "gpu.model": "",
  });
  change({}, "disk");
  assertEquals(labelsOf(pool.worker("w1")).disk, "hdd");
  const refused = (set: Record<string, string>, ...remove: string[]): Problem =>
    refuses(
      "invalid-name",
      () => planWorkerLabels(pool.state, "w1", { set, remove }),
    );
  assertStringIncludes(refused({}, "rack").message, "was started with");
  refused({}, "nothing");
  refused({ "a b": "c" });
  refused({ a: "b c" });
  refused({ "": "c" });
  refused(
    Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`l${at}`, ""])),
  );
});

Deno.test("planAdmission takes over the labels that a worker was started with, and keeps an operator's", () => {
  const pool = new Pool(1);
  pool.putWorker("w1", { operatorLabels: { tier: "1" } });
  const admit = (labels?: Record<string, string>): boolean => {
    const checkIn = {
      ...pool.checkIn("w1"),
      ...(labels === undefined ? {} : { labels }),
    };
    const plan = planAdmission(pool.state, checkIn, 0);
    pool.commit(plan);
    return plan !== null;
  };
  assertEquals(admit({ rack: "a" }), true);
  assertEquals(labelsOf(pool.worker("w1")), { rack: "a", tier: "1" });
  assertEquals(admit({ rack: "a" }), false);
  assertEquals(admit({ rack: "b" }), true);
  assertEquals(admit(), true);
  assertEquals(labelsOf(pool.worker("w1")), { tier: "1" });
});

Deno.test("a worker that keeps falling is held back from roles, until it has been steady", () => {
  const pool = new Pool(3);
  start(pool, "v1", 3, { replica: 3 });
  const leaderSinceMs = pool.nowMs;
  const decide = (): void => {
    const { transaction } = decideVerdicts(pool.state, pool.ledger, {
      nowMs: pool.nowMs,
      leaderSinceMs,
      wallMs: 0,
    });
    pool.commit(transaction);
  };
  const beat = (): void => {
    for (const name of ["w2", "w3"]) pool.receive(name);
  };
  pool.nowMs += 10_000;
  for (let fall = 1; fall <= FALLS_MAX; fall++) {
    beat();
    const { incarnation } = pool.worker("w1");
    pool.receive("w2", {
      reports: [{ worker: "w1", incarnation, state: "failed", evidence: "" }],
    });
    pool.ledger.probeStarted("w1", pool.nowMs);
    pool.ledger.probeEnded("w1", "refused");
    decide();
    assertEquals([pool.worker("w1").verdict, pool.worker("w1").falls], [
      "dead",
      fall,
    ]);
    pool.nowMs += 3_000;
    const back = pool.checkIn("w1", { incarnation: incarnation + 1 });
    pool.commit(planAdmission(pool.state, back, 0));
    pool.ledger.receive(back, pool.nowMs);
    pool.ledger.noteArrival("w1", pool.nowMs);
    assertEquals(isFlapping(pool.worker("w1")), fall === FALLS_MAX);
    pool.nowMs += 3_000;
  }
  pool.commit(designateRoles(pool.state, 0, () => true));
  const heldBy = (): string[] =>
    listRoles(pool.state).flatMap(({ value }) => value.holder ?? []);
  assertEquals(heldBy().includes("w1"), false);
  // The only one left takes roles, flapping or not.
  const arrivedMs = pool.nowMs - 3_000;
  while (pool.nowMs - arrivedMs < STEADY_MS - 2_000) {
    pool.nowMs += 2_000;
    pool.receive("w1");
    beat();
    decide();
    assertEquals(isFlapping(pool.worker("w1")), true);
  }
  pool.nowMs += 2_000;
  decide();
  assertEquals(pool.worker("w1").falls, undefined);
  assertEquals(pool.worker("w1").verdict, "alive");
  const revision = pool.state.revision;
  decide();
  assertEquals(pool.state.revision, revision, "nothing periodic is written");
});
