import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../../src/base/mod.ts";
import type { Verdict } from "../../src/cluster/mod.ts";
import { planAdmission, planFounding } from "../../src/planner/mod.ts";
import { type CheckInParts, Pool } from "./pool.ts";

Deno.test("planAdmission writes a new worker down, once", () => {
  const pool = new Pool(0);
  const checkIn = pool.checkIn("new", { address: "10.0.0.7", incarnation: 4 });
  const first = planAdmission(pool.state, checkIn, 77);
  const second = planAdmission(pool.state, checkIn, 78);
  assertEquals(pool.attempt(first)?.kind, "committed");
  assertEquals(pool.attempt(second)?.kind, "conflict");
  const worker = pool.worker("new");
  assertEquals(worker.verdict, "alive");
  assertEquals(worker.address, "10.0.0.7");
  assertEquals(worker.incarnation, 4);
  assertEquals(worker.verdictAtMs, 77);
  assertEquals(planAdmission(pool.state, checkIn, 79), null);
});

Deno.test("planAdmission commits nothing for an ordinary check-in, nor for a refutation", () => {
  const pool = new Pool(1);
  assertEquals(planAdmission(pool.state, pool.checkIn("w1"), 0), null);
  const refuting = pool.checkIn("w1", { incarnation: 9 });
  assertEquals(planAdmission(pool.state, refuting, 0), null);
});

Deno.test("planAdmission follows a worker to another address", () => {
  const pool = new Pool(1);
  const moved = pool.checkIn("w1", { address: "10.0.0.50" });
  pool.commit(planAdmission(pool.state, moved, 0));
  assertEquals(pool.worker("w1").address, "10.0.0.50");
  assertEquals(planAdmission(pool.state, moved, 0), null);
});

/** The pool knows the worker with incarnation 5. */
const RETURNS: readonly (readonly [Verdict, CheckInParts, Verdict])[] = [
  ["dead", { incarnation: 4 }, "dead"],
  ["dead", { incarnation: 5 }, "dead"],
  ["dead", { incarnation: 6 }, "alive"],
  ["left", { incarnation: 5 }, "left"],
  ["left", { incarnation: 6 }, "alive"],
  ["unreachable", { incarnation: 4 }, "unreachable"],
  ["unreachable", { incarnation: 5 }, "alive"],
  ["unreachable", { incarnation: 6 }, "alive"],
  ["alive", { leaving: true, incarnation: 5 }, "left"],
  ["dead", { leaving: true, incarnation: 5 }, "left"],
  ["left", { leaving: true, incarnation: 9 }, "left"],
];

for (const [verdict, parts, after] of RETURNS) {
  Deno.test(`planAdmission takes a worker that is ${verdict} and sends ${JSON.stringify(parts)} to be ${after}`, () => {
    const pool = new Pool(0);
    pool.putWorker("w1", { verdict, incarnation: 5 });
    pool.commit(planAdmission(pool.state, pool.checkIn("w1", parts), 42));
    const worker = pool.worker("w1");
    assertEquals(worker.verdict, after);
    if (after === verdict) return;
    assertEquals(worker.verdictAtMs, 42);
    assertEquals(worker.incarnation, Math.max(5, parts.incarnation ?? 0));
  });
}

Deno.test("planAdmission ignores the farewell of a worker that was never known", () => {
  const pool = new Pool(0);
  const farewell = pool.checkIn("ghost", { leaving: true });
  assertEquals(planAdmission(pool.state, farewell, 0), null);
});

const TAKEOVERS: readonly (readonly [Verdict, ProblemCode | null])[] = [
  ["alive", "name-taken"],
  ["unreachable", "name-taken"],
  ["dead", null],
  ["left", null],
];

for (const [verdict, code] of TAKEOVERS) {
  Deno.test(`planAdmission of another machine under the name of one that is ${verdict}: ${code ?? "accepted"}`, () => {
    const pool = new Pool(1);
    pool.pronounce("w1", verdict);
    const checkIn = pool.checkIn("w1", { id: "other", address: "10.7.7.7" });
    if (code === null) {
      pool.commit(planAdmission(pool.state, checkIn, 0));
      assertEquals(pool.worker("w1").id, "other");
      assertEquals(pool.worker("w1").verdict, "alive");
      return;
    }
    const plan = () => planAdmission(pool.state, checkIn, 0);
    const problem = assertThrows(plan, Problem);
    assertEquals(problem.code, code);
    assertStringIncludes(problem.line, "10.0.0.1");
    assertStringIncludes(problem.line, "--name");
  });
}

for (const name of ["", "a/b", "a b", "a:b", "..", "-x", "x".repeat(65)]) {
  Deno.test(`planAdmission refuses the worker name ${JSON.stringify(name)}`, () => {
    const pool = new Pool(0);
    const plan = () => planAdmission(pool.state, pool.checkIn(name), 0);
    assertEquals(assertThrows(plan, Problem).code, "invalid-name");
  });
}

Deno.test("planAdmission refuses a worker of another cluster", () => {
  const pool = new Pool(1);
  const monitors = [
    { name: "m1", address: "10.0.1.1", apiPort: 24010, raftPort: 24011 },
  ];
  pool.commit(planFounding(pool.state, "here", monitors, 1));
  assertEquals(planFounding(pool.state, "again", monitors, 2), null);
  const admitted = pool.checkIn("w1", { clusterId: "here" });
  assertEquals(planAdmission(pool.state, admitted, 0), null);
  const stranger = pool.checkIn("w2", { clusterId: "elsewhere" });
  const plan = () => planAdmission(pool.state, stranger, 0);
  const problem = assertThrows(plan, Problem);
  assertEquals(problem.code, "cluster-mismatch");
  assertStringIncludes(problem.message, "elsewhere");
});

Deno.test("planFounding lets only one leader found the cluster", () => {
  const pool = new Pool(0);
  const one = planFounding(pool.state, "one", [], 1);
  const two = planFounding(pool.state, "two", [], 1);
  assertEquals(pool.attempt(one)?.kind, "committed");
  assertEquals(pool.attempt(two)?.kind, "conflict");
});
