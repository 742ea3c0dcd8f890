import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../../src/base/mod.ts";
import {
  type ClusterState,
  desiredStateOf,
  type VolumeDocument,
} from "../../src/cluster/mod.ts";
import {
  designateRoles,
  planVolumeDelete,
  planVolumeStart,
  planVolumeStop,
} from "../../src/planner/mod.ts";
import { observed, Pool } from "./pool.ts";

const BRICKS = ["w1:/a", "w2:/a", "w3:/a"];

function poolWith(status: VolumeDocument["status"]): Pool {
  const pool = new Pool(3);
  const request = { name: "v1", bricks: BRICKS, replica: 3 };
  if (status === "creating") pool.create(request);
  else pool.stand(request, status);
  return pool;
}

type Verb = "start" | "forced start" | "stop" | "delete";

function plan(pool: Pool, verb: Verb, name = "v1") {
  switch (verb) {
    case "start":
      return planVolumeStart(pool.state, pool.ledger, { name });
    case "forced start":
      return planVolumeStart(pool.state, pool.ledger, { name, force: true });
    case "stop":
      return planVolumeStop(pool.state, { name });
    case "delete":
      return planVolumeDelete(pool.state, { name }, { operationId: "d" }, 7);
  }
}

/** Null: accepted. */
const TRANSITIONS: readonly (readonly [
  VolumeDocument["status"],
  Verb,
  ProblemCode | null,
])[] = [
  ["creating", "start", "volume-busy"],
  ["creating", "forced start", "volume-busy"],
  ["creating", "stop", "volume-busy"],
  ["creating", "delete", "volume-busy"],
  ["created", "start", null],
  ["created", "forced start", null],
  ["created", "stop", "volume-state"],
  ["created", "delete", null],
  ["started", "start", "volume-state"],
  ["started", "forced start", null],
  ["started", "stop", null],
  ["started", "delete", "volume-state"],
  ["stopped", "start", null],
  ["stopped", "forced start", null],
  ["stopped", "stop", "volume-state"],
  ["stopped", "delete", null],
];

for (const [status, verb, code] of TRANSITIONS) {
  Deno.test(`${verb} of a volume that is ${status}: ${code ?? "accepted"}`, () => {
    const pool = poolWith(status);
    if (code === null) return pool.commit(plan(pool, verb));
    const problem = assertThrows(() => plan(pool, verb), Problem);
    assertEquals(problem.code, code);
    assertStringIncludes(problem.message, "v1");
    if (code === "volume-busy") {
      assertEquals(problem.details.operation, "operation-1");
    }
  });
}

for (const verb of ["start", "forced start", "stop", "delete"] as const) {
  Deno.test(`${verb} of a volume that is not there is refused`, () => {
    const pool = new Pool(0);
    const problem = assertThrows(() => plan(pool, verb, "none"), Problem);
    assertEquals(problem.code, "volume-not-found");
  });

  Deno.test(`${verb} conflicts with another change of the volume`, () => {
    const pool = poolWith(verb === "stop" ? "started" : "stopped");
    const planned = plan(pool, verb);
    const value = pool.volume("v1")!;
    pool.put("volumes/v1", { ...value, options: { ...value.options } });
    assertEquals(pool.attempt(planned)?.kind, "conflict");
  });
}

const wants = (state: ClusterState, worker: string) =>
  desiredStateOf(state, worker, []).bricks.map(({ want }) => want);

Deno.test("start, stop and delete change what the workers must do", () => {
  const pool = poolWith("created");
  assertEquals(wants(pool.state, "w1"), ["stop"]);
  pool.commit(plan(pool, "start"));
  assertEquals(wants(pool.state, "w1"), ["run"]);
  pool.commit(plan(pool, "stop"));
  assertEquals(wants(pool.state, "w1"), ["stop"]);
  pool.commit(plan(pool, "delete"));
  assertEquals(wants(pool.state, "w1"), []);
  assertEquals(pool.volume("v1"), null);
});

Deno.test("stop takes the volume's roles away, and no other's", () => {
  const pool = poolWith("started");
  pool.stand(
    { name: "v10", bricks: ["w1:/b", "w2:/b"], replica: 2 },
    "started",
  );
  pool.commit(designateRoles(pool.state, 0, () => false));
  pool.commit(plan(pool, "stop"));
  // The leadership is exclusive: it is withdrawn first.
  assertEquals(pool.state.list("roles/").map(({ key }) => key), [
    "roles/leader/v1/0",
    "roles/leader/v10/0",
    "roles/self-heal/v10/0",
  ]);
  for (let commits = 0; commits < 2; commits++) {
    pool.commit(designateRoles(pool.state, 0, () => true));
  }
  assertEquals(pool.state.list("roles/").map(({ key }) => key), [
    "roles/leader/v10/0",
    "roles/self-heal/v10/0",
  ]);
});

Deno.test("stop and delete commit with every worker away", () => {
  const pool = poolWith("started");
  for (const worker of ["w1", "w2", "w3"]) pool.pronounce(worker, "dead");
  pool.commit(plan(pool, "stop"));
  pool.commit(plan(pool, "delete"));
  assertEquals(pool.state.list("bricks/"), []);
});

Deno.test("start names the brick that is known not to come up, unless forced", () => {
  const pool = poolWith("created");
  pool.pronounce("w2", "dead");
  const dead = assertThrows(() => plan(pool, "start"), Problem);
  assertEquals(dead.code, "worker-dead");
  assertStringIncludes(dead.message, "w2:/a");
  pool.pronounce("w2", "unreachable");
  pool.receive("w3", {
    bricks: [observed("w3", "/a", "volume-1", "failed", "no space left")],
  });
  const failed = assertThrows(() => plan(pool, "start"), Problem);
  assertEquals(failed.code, "brick-preparation-failed");
  assertStringIncludes(failed.message, "w3:/a");
  assertStringIncludes(failed.message, "no space left");
  pool.commit(plan(pool, "forced start"));
  assertEquals(pool.volume("v1")?.status, "started");
});
