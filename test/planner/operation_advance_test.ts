import { assertEquals } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import { KEYS, type Transaction } from "../../src/cluster/mod.ts";
import {
  advanceOperations,
  OPERATION_TIMEOUT_MS,
  planVolumeDelete,
} from "../../src/planner/mod.ts";
import { observed, Pool } from "./pool.ts";

const REQUEST = {
  name: "v1",
  bricks: ["w1:/a", "w2:/a", "w3:/a"],
  replica: 3,
};

function creating(): Pool {
  const pool = new Pool(3);
  pool.create(REQUEST);
  return pool;
}

function advance(pool: Pool): Transaction[] {
  return advanceOperations(pool.state, pool.ledger, pool.nowMs, 9_000);
}

/** Commits everything there is to advance; answers how many transactions. */
function commitAll(pool: Pool): number {
  const transactions = advance(pool);
  for (const transaction of transactions) pool.commit(transaction);
  return transactions.length;
}

function report(
  pool: Pool,
  worker: string,
  state: "prepared" | "starting" | "online" | "offline" | "failed",
  problem: string | null = null,
): void {
  pool.receive(worker, {
    full: true,
    bricks: [observed(worker, "/a", "volume-1", state, problem)],
  });
}

Deno.test("advanceOperations waits for the last brick", () => {
  const pool = creating();
  assertEquals(commitAll(pool), 0);
  report(pool, "w1", "prepared");
  report(pool, "w2", "offline");
  assertEquals(commitAll(pool), 0);
  assertEquals(pool.volume("v1")?.status, "creating");
  report(pool, "w3", "prepared");
  assertEquals(commitAll(pool), 1);
  assertEquals(pool.volume("v1")?.status, "created");
  assertEquals(pool.volume("v1")?.operation, null);
  const operation = pool.operation("operation-1");
  assertEquals(operation.state, "succeeded");
  assertEquals(operation.endedAtMs, 9_000);
  assertEquals(operation.steps.every(({ done }) => done), true);
  assertEquals(commitAll(pool), 0);
});

Deno.test("advanceOperations is not deceived by the brick of an earlier volume at the same path", () => {
  const pool = creating();
  for (const worker of ["w1", "w2", "w3"]) {
    pool.receive(worker, {
      bricks: [observed(worker, "/a", "volume-0", "prepared")],
    });
  }
  assertEquals(commitAll(pool), 0);
});

Deno.test("advanceOperations undoes a creation and names each brick's reason", () => {
  const pool = creating();
  report(pool, "w1", "prepared");
  report(pool, "w2", "failed", "the directory is not empty");
  pool.pronounce("w3", "dead");
  assertEquals(commitAll(pool), 1);
  assertEquals(pool.volume("v1"), null);
  assertEquals(pool.state.list(KEYS.bricksOf("w1")), []);
  const undoing = pool.operation("operation-1");
  assertEquals(undoing.state, "undoing");
  assertEquals(undoing.problems, [
    "brick w2:/a: the directory is not empty",
    "brick w3:/a: worker w3 is dead",
  ]);
  // The name and the paths are free at once.
  pool.commit(pool.planCreate({ name: "v1", bricks: ["w1:/a"] }));
});

Deno.test("advanceOperations ends an undone creation when the living workers have cleaned up", () => {
  const pool = creating();
  const before = pool.state.revision;
  report(pool, "w1", "prepared");
  report(pool, "w2", "failed", "no space left");
  pool.pronounce("w3", "dead");
  commitAll(pool);
  // w2 still has its brick.
  pool.receive("w1", { gone: ["bricks/w1//a"] });
  assertEquals(commitAll(pool), 0);
  // w2 has nothing to show, but may still be preparing: it acts on the old desired state.
  pool.receive("w2", { gone: ["bricks/w2//a"], revision: before });
  assertEquals(commitAll(pool), 0);
  pool.receive("w2", {});
  assertEquals(commitAll(pool), 1);
  const operation = pool.operation("operation-1");
  assertEquals(operation.state, "failed");
  assertEquals(operation.problems, [
    "brick w2:/a: no space left",
    "brick w3:/a: worker w3 is dead",
    "brick w3:/a: will be cleaned up when worker w3, which is dead, returns",
  ]);
  assertEquals(operation.steps.map(({ done }) => done), [false, false]);
});

Deno.test("advanceOperations calls an undone creation cleaned up when nothing of it is left", () => {
  const pool = creating();
  for (const worker of ["w1", "w3"]) report(pool, worker, "prepared");
  report(pool, "w2", "failed", "no space left");
  commitAll(pool);
  for (const worker of ["w1", "w2", "w3"]) {
    pool.receive(worker, { gone: [`bricks/${worker}//a`] });
  }
  assertEquals(commitAll(pool), 1);
  const { state, steps } = pool.operation("operation-1");
  assertEquals(state, "failed");
  assertEquals(steps.map(({ done }) => done), [false, true]);
});

Deno.test("advanceOperations gives up on bricks that nobody prepared in time, by the ledger's clock", () => {
  const pool = creating();
  assertEquals(commitAll(pool), 0);
  report(pool, "w1", "prepared");
  pool.nowMs += OPERATION_TIMEOUT_MS - 1;
  assertEquals(commitAll(pool), 0);
  pool.nowMs += 1;
  assertEquals(commitAll(pool), 1);
  assertEquals(pool.operation("operation-1").problems, [
    "brick w2:/a: worker w2 did not prepare it in time",
    "brick w3:/a: worker w3 did not prepare it in time",
  ]);
  // The clean-up has its own time.
  assertEquals(commitAll(pool), 0);
  pool.nowMs += OPERATION_TIMEOUT_MS;
  assertEquals(commitAll(pool), 1);
  assertEquals(pool.operation("operation-1").state, "failed");
});

Deno.test("advanceOperations lets a new leader give operations their time anew", () => {
  const pool = creating();
  commitAll(pool);
  pool.nowMs += OPERATION_TIMEOUT_MS;
  pool.ledger.clear();
  assertEquals(commitAll(pool), 0);
});

Deno.test("advanceOperations takes no step twice", () => {
  const pool = creating();
  for (const worker of ["w1", "w2", "w3"]) report(pool, worker, "prepared");
  const [first] = advance(pool);
  const [second] = advance(pool);
  assertEquals(pool.attempt(first!)?.kind, "committed");
  assertEquals(pool.attempt(second!)?.kind, "conflict");
});

Deno.test("advanceOperations ends a deletion when the living workers have cleaned up", () => {
  const pool = new Pool(3);
  pool.stand(REQUEST, "stopped");
  for (const worker of ["w1", "w2", "w3"]) report(pool, worker, "offline");
  pool.commit(
    planVolumeDelete(pool.state, { name: "v1" }, { operationId: "d" }, 1),
  );
  assertEquals(commitAll(pool), 0);
  pool.pronounce("w3", "unreachable");
  pool.receive("w1", { gone: ["bricks/w1//a"] });
  pool.receive("w2", { gone: ["bricks/w2//a"] });
  assertEquals(commitAll(pool), 1);
  assertEquals(pool.operation("d").state, "succeeded");
  assertEquals(pool.operation("d").problems, [
    "brick w3:/a: will be cleaned up when worker w3, which is unreachable, returns",
  ]);
});

Deno.test("operations that ended are kept in bounded number, the oldest forgotten first", () => {
  const pool = new Pool(1);
  const extra = 5;
  for (let number = 0; number < LIMITS.endedOperations + extra; number++) {
    pool.create({ name: "v1", bricks: ["w1:/a"] });
    pool.receive("w1", {
      full: true,
      bricks: [observed("w1", "/a", pool.volume("v1")!.id, "prepared")],
    });
    commitAll(pool);
    pool.commit({
      version: 1,
      preconditions: [],
      writes: [
        { kind: "delete", key: "volumes/v1" },
        { kind: "delete", key: "bricks/w1//a" },
      ],
      idempotency: null,
    });
  }
  const kept = pool.state.list(KEYS.operation(""));
  assertEquals(kept.length <= LIMITS.endedOperations + 1, true);
  assertEquals(pool.state.get(KEYS.operation("operation-1")), null);
  assertEquals(
    pool.operation(`operation-${LIMITS.endedOperations + extra}`).state,
    "succeeded",
  );
});
