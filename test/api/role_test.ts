import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  KEYS,
  type RoleDocument,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import { advanceRoles, designateRoles } from "../../src/planner/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

/** Three workers, a started replica-3 volume v1, roles as gmon designates them. */
async function standing(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  await monitor.addVolume("v1");
  await monitor.ask("POST", "/v1/volumes/v1/start");
  await designate(monitor);
  return monitor;
}

/** As the leader does it; former holders let go when told. */
async function designate(monitor: FakeMonitor, letGo = true): Promise<void> {
  const { store, clock } = monitor;
  while (true) {
    const moves = designateRoles(store.state, clock.wallMs(), () => letGo);
    if (moves === null) return;
    await store.commit(moves);
  }
}

function role(monitor: FakeMonitor, name: string): RoleDocument {
  return monitor.store.state.get<RoleDocument>(`roles/${name}`)!.value;
}

Deno.test("a role shows its holder, why, and what that reports of it", async () => {
  const monitor = await standing();
  const { holder, fence } = role(monitor, "leader/v1/0");
  const before = await monitor.ask("GET", "/v1/roles/leader/v1/0");
  assertEquals(before.status, 200);
  assertEquals([before.json.holder, before.json.exclusive, before.json.work], [
    holder,
    true,
    null,
  ]);
  assertEquals(before.json.reason, "nobody held it");
  monitor.ledger.receive({
    worker: holder!,
    id: `id-${holder}`,
    address: "10.0.1.1",
    swimPort: 1,
    volfilePort: 2,
    zone: "",
    version: "1",
    incarnation: 1,
    bootId: "boot",
    sequence: 1,
    clusterId: null,
    revision: 1,
    full: true,
    bricks: [],
    gone: [],
    reports: [],
    roles: [{
      key: "roles/leader/v1/0",
      fence,
      state: "acting",
      pid: null,
      problem: null,
      output: "it says\nthis",
      exitCode: null,
      run: null,
      rebalance: null,
    }],
    leaving: false,
  }, monitor.clock.nowMs());
  const after = await monitor.ask("GET", "/v1/roles/leader/v1/0");
  assertEquals(after.json.work.state, "acting");
  assertEquals(after.json.work.output, "it says\nthis");
  const missing = await monitor.ask("GET", "/v1/roles/leader/v9/0");
  assertEquals([missing.status, missing.json.code], [404, "role-not-found"]);
});

Deno.test("pin moves a role and keeps it, unpin lets gmon choose again", async () => {
  const monitor = await standing();
  const { holder } = role(monitor, "leader/v1/0");
  const other = ["w1", "w2", "w3"].find((name) => name !== holder)!;
  const pinned = await monitor.ask(
    "PUT",
    "/v1/role-pins/leader/v1/0",
    { worker: other },
  );
  assertEquals([pinned.status, pinned.json.pinned], [200, other]);
  await designate(monitor, false);
  const passing = await monitor.ask("GET", "/v1/roles/leader/v1/0");
  assertEquals(
    [passing.json.holder, passing.json.waitsFor, passing.json.next],
    [null, holder, other],
  );
  await designate(monitor);
  assertEquals(role(monitor, "leader/v1/0").holder, other);
  const free = await monitor.ask("DELETE", "/v1/role-pins/leader/v1/0");
  assertEquals([free.status, free.json.pinned], [200, null]);
});

Deno.test("move passes a role on where loads stay as even, and is refused where they would not", async () => {
  const monitor = await standing();
  const loads = new Map(
    ["w1", "w2", "w3"].map((name) => [
      name,
      monitor.store.state.rolesHeldBy(name).length,
    ]),
  );
  // Two roles on three workers: one has none, and may take one over.
  const idle = [...loads].find(([, load]) => load === 0)![0];
  const { holder } = role(monitor, "leader/v1/0");
  const healer = role(monitor, "self-heal/v1/0").holder!;
  const moved = await monitor.ask("POST", "/v1/role-moves/leader/v1/0", {
    worker: idle,
  });
  assertEquals([moved.status, moved.json.waitsFor, moved.json.next], [
    200,
    holder,
    idle,
  ]);
  await designate(monitor);
  assertEquals(role(monitor, "leader/v1/0").holder, idle);
  const uneven = await monitor.ask("POST", "/v1/role-moves/leader/v1/0", {
    worker: healer,
  });
  assertEquals([uneven.status, uneven.json.code], [422, "move-refused"]);
  assertStringIncludes(uneven.json.detail, "1 roles");
  const again = await monitor.ask("POST", "/v1/role-moves/leader/v1/0", {
    worker: idle,
  });
  assertEquals(again.json.code, "move-refused");
  const unknown = await monitor.ask("POST", "/v1/role-moves/leader/v1/0", {
    worker: "w9",
  });
  assertEquals(unknown.json.code, "worker-not-found");
});

Deno.test("explain says what each candidate would cost, and who cannot hold it", async () => {
  const monitor = await standing();
  const { holder } = role(monitor, "leader/v1/0");
  const healer = role(monitor, "self-heal/v1/0").holder!;
  const { status, json } = await monitor.ask(
    "GET",
    "/v1/role-explanations/leader/v1/0",
  );
  assertEquals([status, json.holder], [200, holder]);
  assertEquals(json.candidates[0].worker, holder);
  assertEquals(json.candidates[0].extra, {
    unmet: 0,
    spread: 0,
    load: 0,
    moves: 0,
  });
  // The one without a role costs a move; the healer two, as healing moves, too.
  const costs = Object.fromEntries(
    json.candidates.map((
      one: { worker: string; extra: { moves: number } },
    ) => [one.worker, one.extra.moves]),
  );
  assertEquals(costs[healer], 2);
  const w1 = monitor.store.state.get<WorkerDocument>("workers/w1");
  await monitor.store.put({
    kind: "put",
    key: "workers/w1",
    value: { ...w1!.value, verdict: "dead" },
  });
  const after = await monitor.ask("GET", "/v1/role-explanations/leader/v1/0");
  const dead = after.json.candidates.find((one: { worker: string }) =>
    one.worker === "w1"
  );
  assertEquals(dead.excluded, "it is dead");
});

Deno.test("kinds are added, listed, held, and removed", async () => {
  const monitor = await standing();
  const added = await monitor.ask("POST", "/v1/role-kinds", {
    name: "scrub",
    handler: "/usr/local/bin/scrub",
    scope: "subvolume",
  });
  assertEquals([added.status, added.json.exclusive], [201, true]);
  await designate(monitor);
  assertEquals(role(monitor, "scrub/v1/0").task, {
    type: "program",
    handler: "/usr/local/bin/scrub",
    schedule: null,
    lastDueMs: added.json.createdAt === null
      ? 0
      : Date.parse(added.json.createdAt),
  });
  const kinds = await monitor.ask("GET", "/v1/role-kinds");
  assertEquals(
    kinds.json.items.map(({ name }: { name: string }) => name),
    ["leader", "self-heal", "rebalance", "job", "scrub"],
  );
  const removed = await monitor.ask("DELETE", "/v1/role-kinds/scrub");
  assertEquals(removed.status, 204);
  await designate(monitor);
  assertEquals(monitor.store.state.list("roles/scrub/"), []);
});

for (
  const [what, request, code] of [
    ["a built-in name", { name: "leader", handler: "/x" }, "invalid-role-kind"],
    ["a name in capitals", { name: "Job", handler: "/x" }, "invalid-role-kind"],
    ["a relative handler", { name: "a", handler: "x" }, "invalid-role-kind"],
    [
      "replicas of subvolumes",
      { name: "a", handler: "/x", scope: "volume", replicas: 2 },
      "invalid-role-kind",
    ],
    [
      "a schedule for volumes",
      { name: "a", handler: "/x", scope: "volume", schedule: "every 5m" },
      "invalid-role-kind",
    ],
    [
      "a schedule that is none",
      { name: "a", handler: "/x", schedule: "at noon" },
      "invalid-schedule",
    ],
    [
      "an unknown worker",
      { name: "a", handler: "/x", workers: ["w9"] },
      "worker-not-found",
    ],
    [
      "an unknown field",
      { name: "a", handler: "/x", hello: 1 },
      "malformed-request",
    ],
    [
      "no replicas",
      { name: "a", handler: "/x", replicas: 0 },
      "malformed-request",
    ],
  ] as const
) {
  Deno.test(`a kind with ${what} is refused, and nothing is changed`, async () => {
    const monitor = await standing();
    const { revision } = monitor.store.state;
    const answer = await monitor.ask("POST", "/v1/role-kinds", request);
    assertEquals(answer.json.code, code);
    assertEquals(monitor.store.state.revision, revision);
  });
}

Deno.test("a kind cannot be added twice, nor one of gmon's own removed", async () => {
  const monitor = await standing();
  const request = { name: "scrub", handler: "/bin/scrub" };
  await monitor.ask("POST", "/v1/role-kinds", request);
  const again = await monitor.ask("POST", "/v1/role-kinds", request);
  assertEquals([again.status, again.json.code], [409, "role-kind-exists"]);
  const own = await monitor.ask("DELETE", "/v1/role-kinds/leader");
  assertEquals([own.status, own.json.code], [404, "role-kind-not-found"]);
});

/** A distributed volume d on two workers. */
async function distributed(): Promise<FakeMonitor> {
  const monitor = await standing();
  const created = await monitor.ask("POST", "/v1/volumes", {
    name: "d",
    bricks: ["w1:/data/d", "w2:/data/d"],
  });
  await monitor.finish(created.json.id, "succeeded");
  await monitor.ask("POST", "/v1/volumes/d/start");
  return monitor;
}

Deno.test("a rebalance begins, is worked off part by part, and completes", async () => {
  const monitor = await distributed();
  const { store, ledger, clock } = monitor;
  const begun = await monitor.ask("POST", "/v1/volumes/d/rebalance", {});
  assertEquals([begun.status, begun.json.state], [200, "waiting"]);
  await designate(monitor);
  const twice = await monitor.ask("POST", "/v1/volumes/d/rebalance", {});
  assertEquals([twice.status, twice.json.code], [409, "rebalance-state"]);
  for (const [at, worker] of ["w1", "w2"].entries()) {
    const { holder, fence, task } = role(monitor, "rebalance/d");
    assertEquals(
      task?.type === "rebalance" ? task.nodes.map((node) => node.worker) : [],
      ["w1", "w2"].slice(at),
    );
    ledger.receive({
      worker: holder!,
      id: `id-${holder}`,
      address: "10.0.1.1",
      swimPort: 1,
      volfilePort: 2,
      zone: "",
      version: "1",
      incarnation: 1,
      bootId: "boot",
      sequence: at + 1,
      clusterId: null,
      revision: 1,
      full: true,
      bricks: [],
      gone: [],
      reports: [],
      roles: [{
        key: "roles/rebalance/d",
        fence,
        state: "acting",
        pid: 7,
        problem: null,
        output: null,
        exitCode: null,
        run: null,
        rebalance: {
          worker,
          id: begun.json.id,
          files: 10,
          bytes: 1_000,
          failures: 0,
          skipped: 1,
          seconds: 2,
          done: true,
        },
      }],
      leaving: false,
    }, clock.nowMs());
    await store.commit(advanceRoles(store.state, ledger, clock.wallMs())!);
    await designate(monitor);
  }
  assertEquals(advanceRoles(store.state, ledger, clock.wallMs()), null);
  const done = await monitor.ask("GET", "/v1/volumes/d/rebalance");
  assertEquals(
    [done.json.state, done.json.files, done.json.bytes, done.json.skipped],
    ["completed", 20, 2_000, 2],
  );
  assertEquals(store.state.get(KEYS.role("rebalance", "d")), null);
  const stop = await monitor.ask("POST", "/v1/volumes/d/rebalance/stop");
  assertEquals(stop.json.code, "rebalance-state");
});

Deno.test("a rebalance is stopped; one of a volume with a single subvolume is refused", async () => {
  const monitor = await distributed();
  const none = await monitor.ask("GET", "/v1/volumes/d/rebalance");
  assertEquals([none.status, none.json.code], [404, "rebalance-not-found"]);
  await monitor.ask("POST", "/v1/volumes/d/rebalance", { throttle: "lazy" });
  await designate(monitor);
  const stopped = await monitor.ask("POST", "/v1/volumes/d/rebalance/stop");
  assertEquals([stopped.status, stopped.json.state], [200, "stopped"]);
  await designate(monitor, false);
  assertEquals(role(monitor, "rebalance/d").holder, null);
  await designate(monitor);
  assertEquals(monitor.store.state.get(KEYS.role("rebalance", "d")), null);
  const single = await monitor.ask("POST", "/v1/volumes/v1/rebalance", {});
  assertEquals([single.status, single.json.code], [409, "volume-state"]);
});

Deno.test("no more rebalances run at once than the cap allows; the others wait for their turn", async () => {
  const monitor = await standing();
  for (let number = 1; number <= 6; number++) {
    const created = await monitor.ask("POST", "/v1/volumes", {
      name: `d${number}`,
      bricks: [`w1:/data/d${number}`, `w2:/data/d${number}`],
    });
    await monitor.finish(created.json.id, "succeeded");
    await monitor.ask("POST", `/v1/volumes/d${number}/start`);
    await monitor.ask("POST", `/v1/volumes/d${number}/rebalance`, {});
    monitor.clock.advance(1_000);
  }
  await designate(monitor);
  const running = () =>
    monitor.store.state.list<RoleDocument>("roles/rebalance/")
      .map(({ value }) => value.scope);
  assertEquals(running(), ["d1", "d2", "d3", "d4"]);
  await monitor.ask("POST", "/v1/volumes/d2/rebalance/stop");
  await designate(monitor);
  assertEquals(running(), ["d1", "d3", "d4", "d5"]);
});

Deno.test("a full heal is asked of every healer, each time anew", async () => {
  const monitor = await standing();
  for (const fullCrawls of [1, 2]) {
    const asked = await monitor.ask("POST", "/v1/volumes/v1/heal/full");
    assertEquals([asked.status, asked.json.fullCrawls], [200, fullCrawls]);
    await designate(monitor);
    assertEquals(role(monitor, "self-heal/v1/0").task, {
      type: "heal",
      fullCrawls,
    });
  }
  const seen = await monitor.ask("GET", "/v1/volumes/v1/heal");
  assertEquals(seen.json.subvolumes[0].name, "v1-replicate-0");
  assertEquals(
    seen.json.subvolumes[0].healer,
    role(monitor, "self-heal/v1/0").holder,
  );
});
