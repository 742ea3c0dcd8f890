import { assert, assertEquals, assertMatch } from "@std/assert";
import { KEYS } from "../../src/cluster/mod.ts";
import { NetworkError } from "../../src/platform/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

Deno.test("what does not exist is a problem with a code, and a wrong method names the right ones", async () => {
  const monitor = new FakeMonitor();
  const missing = await monitor.ask("GET", "/v1/nothing");
  assertEquals([missing.status, missing.json.code], [404, "route-not-found"]);
  assertEquals(missing.headers.get("content-type"), "application/problem+json");
  assertEquals(Object.keys(missing.json).sort(), [
    "code",
    "detail",
    "instance",
    "remedy",
    "status",
    "title",
    "type",
  ]);
  for (
    const [method, path, allow] of [
      ["PATCH", "/v1/volumes", "GET, POST"],
      ["POST", "/v1/config/a/b", "GET, PUT, DELETE"],
      ["DELETE", "/livez", "GET"],
    ]
  ) {
    const wrong = await monitor.ask(method!, path!);
    assertEquals([wrong.status, wrong.json.code, wrong.headers.get("allow")], [
      405,
      "method-not-allowed",
      allow,
    ]);
  }
});

Deno.test("a request's id is echoed, or made, and names the problem", async () => {
  const monitor = new FakeMonitor();
  const given = await monitor.ask("GET", "/v1/nothing", undefined, {
    "x-request-id": "abc-1",
  });
  assertEquals(given.headers.get("x-request-id"), "abc-1");
  assertEquals(given.json.instance, "abc-1");
  const odd = await monitor.ask("GET", "/version", undefined, {
    "x-request-id": "no good",
  });
  assertMatch(odd.headers.get("x-request-id")!, /^[0-9a-f]{12}-1$/);
});

Deno.test("an unexpected failure is logged with its id, and shows nothing inside", async () => {
  const monitor = new FakeMonitor();
  monitor.store.readBarrier = () => Promise.reject(new Error("secret inside"));
  const failed = await monitor.ask("GET", "/v1/volumes");
  assertEquals([failed.status, failed.json.code], [500, "internal"]);
  assert(!failed.text.includes("secret"));
  assert(failed.json.detail.includes(failed.json.instance));
  assertEquals(monitor.logged, ["a request failed"]);
});

Deno.test("health tells alive from ready, and verbose lists the checks", async () => {
  const monitor = new FakeMonitor();
  assertEquals((await monitor.ask("GET", "/livez")).json, { status: "ok" });
  const early = await monitor.ask("GET", "/readyz");
  assertEquals([early.status, early.json.code], [503, "unhealthy"]);
  await monitor.found();
  assertEquals((await monitor.ask("GET", "/readyz")).json, { status: "ok" });
  const verbose = await monitor.ask("GET", "/readyz?verbose");
  assertEquals(
    verbose.json.checks.map((check: { name: string }) => check.name),
    ["member", "leader", "founded"],
  );
  monitor.store.standing = { role: "follower", term: 4, leader: null };
  assertEquals((await monitor.ask("GET", "/readyz")).status, 503);
  assertEquals((await monitor.ask("GET", "/livez")).status, 200);
  assertEquals((await monitor.ask("GET", "/version")).json, {
    name: "m1",
    version: "0.1.0",
  });
});

Deno.test("a follower passes writes and linearizable reads on to the leader, once, whole", async () => {
  const monitor = new FakeMonitor();
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  let got: { url: string; body: string; headers: Headers } | null = null;
  monitor.network = async (request) => {
    got = {
      url: request.url,
      body: await request.text(),
      headers: request.headers,
    };
    return new Response('{"key":"k","revision":7}', {
      status: 201,
      headers: { "content-type": "application/json", "gmon-revision": "7" },
    });
  };
  const put = await monitor.ask("PUT", "/v1/config/a%20b?", { value: "ü" }, {
    "idempotency-key": "x",
    "x-request-id": "id-1",
  });
  assertEquals([put.status, put.json.revision], [201, 7]);
  assertEquals(put.headers.get("gmon-revision"), "7");
  assertEquals(got!.url, "http://10.0.0.2:24010/v1/config/a%20b");
  assertEquals(got!.body, '{"value":"ü"}');
  assertEquals(got!.headers.get("idempotency-key"), "x");
  assertEquals(got!.headers.get("x-request-id"), "id-1");
  assertEquals(got!.headers.get("gmon-forwarded-by"), "m1");
  await monitor.raw("GET", "/v1/volumes");
  assertEquals(monitor.sent.length, 2);
  const stale = await monitor.ask("GET", "/v1/volumes?consistency=stale");
  assertEquals([stale.status, monitor.sent.length], [200, 2]);
  assertEquals(stale.headers.get("gmon-leader"), "m2");
  assertEquals(monitor.clock.waiting, 0);
});

Deno.test("a forwarded request is never forwarded again, and no leader is 503 with when to retry", async () => {
  const monitor = new FakeMonitor();
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  const loop = await monitor.ask("GET", "/v1/volumes", undefined, {
    "gmon-forwarded-by": "m3",
  });
  assertEquals([loop.status, loop.json.code], [503, "no-leader"]);
  assertEquals(loop.headers.get("retry-after"), "1");
  monitor.store.standing = { role: "candidate", term: 4, leader: null };
  const none = await monitor.ask("PUT", "/v1/config/k", { value: "" });
  assertEquals([none.status, none.json.code], [503, "no-leader"]);
  assertEquals(monitor.sent.length, 0);
});

Deno.test("a leader that stops answering leaves a write's outcome unknown, a read's not", async () => {
  const monitor = new FakeMonitor();
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  monitor.network = () => Promise.reject(new NetworkError("closed", "gone"));
  const write = await monitor.ask("PUT", "/v1/config/k", { value: "" });
  assertEquals([write.status, write.json.code], [503, "outcome-unknown"]);
  const read = await monitor.ask("GET", "/v1/config/k");
  assertEquals([read.status, read.json.code], [503, "no-leader"]);
  monitor.network = () => Promise.reject(new NetworkError("refused", "down"));
  const refused = await monitor.ask("PUT", "/v1/config/k", { value: "" });
  assertEquals(refused.json.code, "no-leader");
});

Deno.test("a follower does not wait for a leader that was replaced", async () => {
  const monitor = new FakeMonitor();
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  monitor.network = (request) =>
    new Promise((_, reject) =>
      request.signal.addEventListener(
        "abort",
        () => reject(new NetworkError("timeout", "ended")),
      )
    );
  const write = monitor.ask("PUT", "/v1/config/k", { value: "" });
  while (monitor.sent.length === 0) await Promise.resolve();
  monitor.store.changeStanding({ role: "preCandidate", term: 3, leader: null });
  monitor.store.changeStanding({ role: "follower", term: 4, leader: "m3" });
  const answer = await write;
  assertEquals([answer.status, answer.json.code], [503, "outcome-unknown"]);
  assertEquals(monitor.clock.waiting, 0);
});

Deno.test("a follower lets a leader answer that hands over by the very request", async () => {
  const monitor = new FakeMonitor();
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  let reply: (response: Response) => void = () => {};
  monitor.network = (request) =>
    new Promise((resolve, reject) => {
      reply = resolve;
      request.signal.addEventListener(
        "abort",
        () => reject(new NetworkError("timeout", "ended")),
      );
    });
  const transfer = (): Promise<{ status: number }> =>
    monitor.ask("POST", "/v1/leadership/transfer", { to: "m1" });
  const answered = transfer();
  while (monitor.sent.length === 0) await Promise.resolve();
  monitor.store.changeStanding({ role: "leader", term: 4, leader: "m1" });
  monitor.clock.advance(900);
  reply(Response.json({ leader: "m1", term: 4 }));
  assertEquals((await answered).status, 200);

  monitor.store.standing = { role: "follower", term: 4, leader: "m2" };
  const silent = transfer();
  while (monitor.sent.length === 1) await Promise.resolve();
  monitor.store.changeStanding({ role: "follower", term: 5, leader: "m3" });
  monitor.clock.advance(1_000);
  assertEquals((await silent).status, 503);
  assertEquals(monitor.clock.waiting, 0);
});

Deno.test("status counts by verdict and status, asks the other monitors, and lists what is wrong", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  await monitor.addVolume();
  // deno-lint-ignore no-explicit-any
  const w3 = monitor.store.state.get<any>(KEYS.worker("w3"))!.value;
  await monitor.store.put({
    kind: "put",
    key: KEYS.worker("w3"),
    value: { ...w3, verdict: "dead", evidence: "no answer" },
  });
  monitor.network = (request) =>
    request.url.startsWith("http://10.0.0.2")
      ? Promise.resolve(Response.json({
        name: "m2",
        version: "0.1.0",
        role: "follower",
        term: 3,
        leader: "m1",
        revision: 5,
      }))
      : Promise.reject(new NetworkError("refused", "down"));
  const { json } = await monitor.ask("GET", "/v1/status");
  assertEquals([json.clusterId, json.leader, json.term], [
    "cluster-1",
    "m1",
    3,
  ]);
  assertEquals(json.workers, { alive: 2, unreachable: 0, dead: 1, left: 0 });
  assertEquals([json.volumes.created, json.operationsRunning], [1, 0]);
  assertEquals(
    // deno-lint-ignore no-explicit-any
    json.monitors.map((one: any) => [one.name, one.reachable, one.role]),
    [["m1", true, "leader"], ["m2", true, "follower"], ["m3", false, null]],
  );
  assertEquals(json.healthy, false);
  assertEquals(
    json.issues.map((issue: { code: string }) => issue.code),
    ["monitor-unreachable", "quorum-at-risk", "worker-dead"],
  );
  monitor.store.standing = { role: "follower", term: 4, leader: null };
  const stale = await monitor.ask("GET", "/v1/status?consistency=stale");
  assertEquals(stale.json.issues[0].code, "no-leader");
  assertEquals(stale.json.consistency, "stale");
});

Deno.test("a monitor that does not answer in time counts as unreachable", async () => {
  const monitor = new FakeMonitor();
  monitor.network = (request) =>
    new Promise((_, reject) =>
      request.signal.addEventListener(
        "abort",
        () => reject(new NetworkError("timeout", "late")),
      )
    );
  const asked = monitor.ask("GET", "/v1/monitors");
  while (monitor.clock.waiting < 2) await Promise.resolve();
  monitor.clock.advance(1000);
  const { json } = await asked;
  assertEquals(
    json.items.map((one: { reachable: boolean }) => one.reachable),
    [true, false, false],
  );
  const standing = await monitor.ask("GET", "/v1/standing");
  assertEquals([standing.json.name, standing.json.role], ["m1", "leader"]);
});

Deno.test("workers and roles are listed and shown; a missing worker is 404", async () => {
  const monitor = new FakeMonitor();
  await monitor.addWorkers(2);
  const list = await monitor.ask("GET", "/v1/workers?limit=1");
  assertEquals([list.json.items[0].name, list.json.items[0].bricks], ["w1", 0]);
  assert(list.json.nextPageToken !== undefined);
  const one = await monitor.ask("GET", "/v1/workers/w2");
  assertEquals([one.json.address, one.json.lastCheckInSeconds], [
    "10.0.1.2",
    null,
  ]);
  assertEquals(one.json.verdictAt, "2023-11-14T22:13:20.000Z");
  const missing = await monitor.ask("GET", "/v1/workers/w3");
  assertEquals([missing.status, missing.json.code], [404, "worker-not-found"]);
  await monitor.store.put({
    kind: "put",
    key: KEYS.role("leader", "v1/0"),
    value: {
      kind: "leader",
      scope: "v1/0",
      candidates: ["w1", "w2"],
      holder: "w1",
      fence: 4,
      sinceMs: 0,
    },
  });
  const roles = await monitor.ask("GET", "/v1/roles");
  assertEquals(roles.json.items, [{
    kind: "leader",
    scope: "v1/0",
    exclusive: false,
    candidates: ["w1", "w2"],
    holder: "w1",
    fence: 4,
    since: "1970-01-01T00:00:00.000Z",
    reason: null,
    next: null,
    waitsFor: null,
    pinned: null,
    revision: 3,
  }]);
});
