import { assert, assertEquals } from "@std/assert";
import { KEYS } from "../../src/cluster/mod.ts";
import { Problem } from "../../src/base/mod.ts";
import { FakeMonitor, wholeCheckIn } from "./fake_monitor.ts";

const BRICKS = ["w1:/data/v1", "w2:/data/v1", "w3:/data/v1"];
const V1 = { name: "v1", replica: 3, bricks: BRICKS };

async function founded(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  return monitor;
}

Deno.test("volume create answers 202 with the operation, which is then found by its Location", async () => {
  const monitor = await founded();
  const created = await monitor.ask("POST", "/v1/volumes", V1);
  assertEquals(created.status, 202);
  assertEquals([created.json.kind, created.json.state, created.json.volume], [
    "volume-create",
    "running",
    "v1",
  ]);
  const location = created.headers.get("location")!;
  assertEquals(location, `/v1/operations/${created.json.id}`);
  assertEquals((await monitor.ask("GET", location)).json.state, "running");
  const volume = await monitor.ask("GET", "/v1/volumes/v1");
  assertEquals([volume.json.status, volume.json.operation], [
    "creating",
    created.json.id,
  ]);
  assert(!/username|password/.test(volume.text));
  await monitor.finish(created.json.id, "succeeded");
  const list = await monitor.ask("GET", "/v1/volumes");
  assertEquals(list.json.items.length, 1);
  assertEquals(list.json.items[0].status, "created");
  assertEquals(list.json.items[0].bricks[2], {
    index: 2,
    worker: "w3",
    host: "10.0.1.3",
    path: "/data/v1",
    arbiter: false,
  });
});

Deno.test("volume create with wait answers 201 at success, and the bricks' reasons at failure", async () => {
  const monitor = await founded();
  const waiting = monitor.ask("POST", "/v1/volumes?wait=true", V1);
  while (monitor.clock.waiting === 0) await Promise.resolve();
  const [operation] = monitor.store.state.list(KEYS.operation(""));
  const id = operation!.key.slice(KEYS.operation("").length);
  await monitor.finish(id, "succeeded");
  const done = await waiting;
  assertEquals([done.status, done.headers.get("location")], [
    201,
    "/v1/volumes/v1",
  ]);

  const failing = monitor.ask("POST", "/v1/volumes?wait", {
    ...V1,
    name: "v2",
    bricks: BRICKS.map((brick) => brick.replace("v1", "v2")),
  });
  while (monitor.clock.waiting === 0) await Promise.resolve();
  const second = monitor.store.state.list(KEYS.operation(""))
    .map((one) => one.key.slice(KEYS.operation("").length))
    .find((one) => one !== id)!;
  await monitor.finish(second, "failed", ["w2:/data/v2: no space"]);
  const failed = await failing;
  assertEquals([failed.status, failed.json.code, failed.json.operation], [
    422,
    "brick-preparation-failed",
    second,
  ]);
  assert(failed.json.detail.includes("w2:/data/v2: no space"));

  const patient = monitor.ask("POST", "/v1/volumes?wait=true", {
    ...V1,
    name: "v3",
    bricks: BRICKS.map((brick) => brick.replace("v1", "v3")),
  });
  while (monitor.clock.waiting === 0) await Promise.resolve();
  monitor.clock.advance(60_000);
  assertEquals((await patient).status, 202);
});

Deno.test("volume create is refused with a code for each fault, and changes nothing", async () => {
  const monitor = await founded();
  await monitor.addVolume("taken");
  const before = monitor.store.state.revision;
  const cases: [Record<string, unknown>, number, string][] = [
    [{ name: "a/b" }, 400, "invalid-name"],
    [{ name: "" }, 400, "invalid-name"],
    [{ name: "taken" }, 409, "volume-exists"],
    [{ bricks: ["w9:/x"], replica: undefined }, 404, "worker-not-found"],
    [{ bricks: BRICKS.slice(0, 2) }, 400, "invalid-layout"],
    [{ bricks: ["w1:x", "w2:/y", "w3:/z"] }, 400, "invalid-brick"],
    [
      { bricks: ["w1:/data/taken/in", "w2:/y", "w3:/z"] },
      400,
      "invalid-brick",
    ],
    [
      { bricks: ["w1:/data/taken", "w2:/y", "w3:/z"] },
      409,
      "brick-in-use",
    ],
    [{ bricks: [] }, 400, "malformed-request"],
    [{ replica: "3" }, 400, "malformed-request"],
    [{ replica: 1.5 }, 400, "malformed-request"],
    [{ colour: "red" }, 400, "malformed-request"],
    [{ disperse: 3 }, 400, "invalid-layout"],
  ];
  for (const [change, status, code] of cases) {
    const refused = await monitor.ask("POST", "/v1/volumes", {
      ...V1,
      ...change,
    });
    assertEquals(
      [refused.status, refused.json.code],
      [status, code],
      JSON.stringify(change),
    );
    assertEquals(
      refused.headers.get("content-type"),
      "application/problem+json",
    );
  }
  assertEquals(monitor.store.state.revision, before);
});

Deno.test("a repeated creation with the same key answers the same operation, even when it has ended", async () => {
  const monitor = await founded();
  const key = { "idempotency-key": "create-1" };
  const first = await monitor.ask("POST", "/v1/volumes", V1, key);
  const again = await monitor.ask("POST", "/v1/volumes", V1, key);
  assertEquals([again.status, again.json.id], [202, first.json.id]);
  await monitor.finish(first.json.id, "succeeded");
  const late = await monitor.ask("POST", "/v1/volumes?wait=true", V1, key);
  // The query is part of the request: this is another one.
  assertEquals([late.status, late.json.code], [422, "idempotency-mismatch"]);
  const same = await monitor.ask("POST", "/v1/volumes", V1, key);
  assertEquals([same.status, same.json.state], [202, "succeeded"]);
});

Deno.test("volume start, stop and delete go through their states, and say what is in the way", async () => {
  const monitor = await founded();
  await monitor.addVolume();
  const stopped = await monitor.ask("POST", "/v1/volumes/v1/stop");
  assertEquals([stopped.status, stopped.json.code], [409, "volume-state"]);
  const started = await monitor.ask("POST", "/v1/volumes/v1/start");
  assertEquals([started.status, started.json.status], [200, "started"]);
  assertEquals(
    (await monitor.ask("POST", "/v1/volumes/v1/start")).json.code,
    "volume-state",
  );
  const forced = await monitor.ask("POST", "/v1/volumes/v1/start", {
    force: true,
  });
  assertEquals(forced.status, 200);
  const path = "/v1/volumes/v1?confirm=v1";
  assertEquals((await monitor.ask("DELETE", path)).json.code, "volume-state");
  assertEquals(
    (await monitor.ask("POST", "/v1/volumes/v1/stop")).json.status,
    "stopped",
  );
  for (const query of ["", "?confirm=v2"]) {
    const refused = await monitor.ask("DELETE", `/v1/volumes/v1${query}`);
    assertEquals([refused.status, refused.json.code], [
      428,
      "confirmation-required",
    ]);
  }
  const deleted = await monitor.ask("DELETE", path);
  assertEquals([deleted.status, deleted.json.kind], [202, "volume-delete"]);
  assertEquals((await monitor.ask("GET", "/v1/volumes/v1")).status, 404);
  for (
    const [method, missing] of [
      ["POST", "/v1/volumes/v1/start"],
      ["POST", "/v1/volumes/v1/stop"],
      ["DELETE", path],
      ["GET", "/v1/volumes/v1/status"],
      ["GET", "/v1/volumes/v1/volfile"],
    ]
  ) {
    const answer = await monitor.ask(method!, missing!);
    assertEquals([answer.status, answer.json.code], [404, "volume-not-found"]);
  }
});

Deno.test("volume changes honour If-Match, which also confirms a deletion", async () => {
  const monitor = await founded();
  await monitor.addVolume();
  const { json } = await monitor.ask("GET", "/v1/volumes/v1");
  const stale = await monitor.ask("POST", "/v1/volumes/v1/start", undefined, {
    "if-match": `"${json.revision - 1}"`,
  });
  assertEquals([stale.status, stale.json.revision], [412, json.revision]);
  const removed = await monitor.ask("DELETE", "/v1/volumes/v1", undefined, {
    "if-match": `"${json.revision}"`,
  });
  assertEquals(removed.status, 202);
});

Deno.test("a volume that an operation holds answers 409 with the operation", async () => {
  const monitor = await founded();
  const created = await monitor.ask("POST", "/v1/volumes", V1);
  const busy = await monitor.ask("POST", "/v1/volumes/v1/start");
  assertEquals([busy.status, busy.json.code, busy.json.operation], [
    409,
    "volume-busy",
    created.json.id,
  ]);
});

Deno.test("a plan that is overtaken is made anew, and given up after some times", async () => {
  const monitor = await founded();
  await monitor.addVolume();
  const { store } = monitor;
  const commit = store.commit.bind(store);
  let overtaken = 0;
  let always = false;
  store.commit = async (transaction) => {
    if (overtaken++ < 2 || always) {
      const volume = store.state.get(KEYS.volume("v1"))!;
      await commit({
        version: 1,
        preconditions: [],
        writes: [{ kind: "put", key: volume.key, value: volume.value }],
        idempotency: null,
      });
    }
    return await commit(transaction);
  };
  const started = await monitor.ask("POST", "/v1/volumes/v1/start");
  assertEquals([started.status, overtaken], [200, 3]);
  always = true;
  const given = await monitor.ask("POST", "/v1/volumes/v1/stop");
  assertEquals([given.status, given.json.code], [409, "volume-busy"]);
  assertEquals(given.headers.get("retry-after"), "1");
});

Deno.test("volume status joins what is wanted with what check-ins said, and marks who is away", async () => {
  const monitor = await founded();
  await monitor.addVolume();
  await monitor.ask("POST", "/v1/volumes/v1/start");
  const volumeId = (await monitor.ask("GET", "/v1/volumes/v1")).json.id;
  const checkIn = wholeCheckIn(1, {
    bricks: [{
      key: KEYS.brick("w1", "/data/v1"),
      volumeId,
      state: "online",
      pid: 42,
      port: 49152,
      problem: null,
      totalBytes: 1000,
      freeBytes: 600,
    }],
  });
  monitor.ledger.receive(checkIn, monitor.clock.nowMs());
  monitor.clock.advance(1500);
  const status = await monitor.ask("GET", "/v1/volumes/v1/status");
  assertEquals(status.status, 200);
  const [first, second] = status.json.bricks;
  assertEquals(
    [first.online, first.pid, first.port, first.freeBytes, first.reachable],
    [true, 42, 49152, 600, true],
  );
  assertEquals(first.lastCheckInSeconds, 1.5);
  assertEquals([second.online, second.state, second.reachable, second.pid], [
    false,
    "unknown",
    false,
    null,
  ]);
});

Deno.test("volfiles are served by kind and brick, and never hold credentials", async () => {
  const monitor = await founded();
  await monitor.addVolume();
  const secrets = monitor.store.state.get<
    // deno-lint-ignore no-explicit-any
    any
  >(KEYS.volume("v1"))!.value;
  for (
    const query of [
      "",
      "?kind=shd",
      "?kind=brick&brick=w1:/data/v1",
      "?kind=brick&brick=2",
    ]
  ) {
    const file = await monitor.ask("GET", `/v1/volumes/v1/volfile${query}`);
    assertEquals(file.status, 200, query);
    assert(file.text.startsWith("volume v1-"), query);
    assert(!file.text.includes(secrets.password));
    assert(!file.text.includes(secrets.username));
  }
  for (
    const query of [
      "?kind=brick",
      "?kind=brick&brick=w9:/x",
      "?kind=client&brick=0",
    ]
  ) {
    const refused = await monitor.ask("GET", `/v1/volumes/v1/volfile${query}`);
    assertEquals([refused.status, refused.json.code], [400, "invalid-brick"]);
  }
  const kind = await monitor.ask("GET", "/v1/volumes/v1/volfile?kind=moon");
  assertEquals([kind.status, kind.json.errors[0].pointer], [
    400,
    "/query/kind",
  ]);
  const plain = await monitor.ask("POST", "/v1/volumes", {
    name: "d1",
    bricks: ["w1:/data/d1"],
  });
  await monitor.finish(plain.json.id, "succeeded");
  const none = await monitor.ask("GET", "/v1/volumes/d1/volfile?kind=shd");
  assertEquals([none.status, none.json.code], [409, "volume-state"]);
});

Deno.test("operations are listed and awaited; one that is not there is 404", async () => {
  const monitor = await founded();
  const created = await monitor.ask("POST", "/v1/volumes", V1);
  const path = `/v1/operations/${created.json.id}`;
  const waiting = monitor.ask("GET", `${path}?waitMs=5000`);
  while (monitor.clock.waiting === 0) await Promise.resolve();
  await monitor.finish(created.json.id, "succeeded");
  assertEquals((await waiting).json.state, "succeeded");
  assertEquals(
    (await monitor.ask("GET", "/v1/operations")).json.items.length,
    1,
  );
  const missing = await monitor.ask("GET", "/v1/operations/none");
  assertEquals([missing.status, missing.json.code], [
    404,
    "operation-not-found",
  ]);
});

Deno.test("a write whose outcome is unknown says so, with when to try again", async () => {
  const monitor = await founded();
  monitor.store.failing = new Problem("outcome-unknown", "leadership was lost");
  const answer = await monitor.ask("PUT", "/v1/config/k", { value: "" });
  assertEquals([answer.status, answer.json.code], [503, "outcome-unknown"]);
});
