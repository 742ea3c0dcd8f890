import { assertEquals } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { KEYS, type WorkerDocument } from "../../src/cluster/mod.ts";
import { DesiredWatch } from "../../src/api/server/desired_watch.ts";
import { FakeMonitor } from "./fake_monitor.ts";

const CHECK_IN = {
  worker: "w1",
  id: "id-1",
  address: "10.0.1.1",
  swimPort: 24012,
  volfilePort: 24007,
  zone: "",
  version: "0.1.0",
  incarnation: 1,
  bootId: "boot",
  sequence: 1,
  clusterId: null,
  revision: 0,
  full: true,
  bricks: [],
  gone: [],
  reports: [],
  leaving: false,
};

Deno.test("check-ins reach the leader's duty, with fields of newer versions left out", async () => {
  const monitor = new FakeMonitor();
  const answer = await monitor.ask("POST", "/v1/checkins", {
    ...CHECK_IN,
    temperature: 21,
  });
  assertEquals([answer.status, answer.json.leaseMs, answer.json.fullWanted], [
    200,
    6000,
    false,
  ]);
  assertEquals(monitor.checkIns, [CHECK_IN]);
});

Deno.test("a malformed check-in is refused with every fault", async () => {
  const monitor = new FakeMonitor();
  const refused = await monitor.ask("POST", "/v1/checkins", {
    ...CHECK_IN,
    incarnation: "1",
    swimPort: 70_000,
  });
  assertEquals([refused.status, refused.json.code], [400, "malformed-request"]);
  assertEquals(
    refused.json.errors.map((one: { pointer: string }) => one.pointer).sort(),
    ["/incarnation", "/swimPort"],
  );
  assertEquals(monitor.checkIns.length, 0);
});

const BRIEF = ["w1", "boot", 2, 1, 7];

Deno.test("a brief check-in without news is answered 204, with news 200, and hardly a header", async () => {
  const monitor = new FakeMonitor();
  const quiet = await monitor.ask("POST", "/v1/checkins/brief", [BRIEF]);
  assertEquals([quiet.status, quiet.text], [204, ""]);
  assertEquals([...quiet.headers.keys()], []);
  assertEquals(monitor.checkIns.at(-1) as unknown, {
    worker: "w1",
    bootId: "boot",
    sequence: 2,
    incarnation: 1,
    revision: 7,
  });
  monitor.briefAnswers.set("w2", { leaseMs: 9 });
  const mixed = await monitor.ask("POST", "/v1/checkins/brief", [
    BRIEF,
    ["w2", "boot", 2, 1, 7, 3, "of a newer version"],
  ]);
  assertEquals(mixed.status, 200);
  assertEquals(mixed.json.answers[0], null);
  assertEquals(mixed.json.answers[1].leaseMs, 9);
});

Deno.test("a refusal concerns one worker of a bundle, and is the answer when it is alone", async () => {
  const monitor = new FakeMonitor();
  monitor.briefAnswers.set(
    "w1",
    new Problem("cluster-mismatch", "another cluster", "go home"),
  );
  const bundle = await monitor.ask("POST", "/v1/checkins/brief", [
    BRIEF,
    ["w2", "boot", 2, 1, 7],
  ]);
  assertEquals(bundle.json.answers, [{
    code: "cluster-mismatch",
    detail: "another cluster",
    remedy: "go home",
  }, null]);
  const alone = await monitor.ask("POST", "/v1/checkins/brief", [BRIEF]);
  assertEquals([alone.status, alone.json.code], [422, "cluster-mismatch"]);
});

Deno.test("a follower bundles what comes within a moment, and while a bundle is under way", async () => {
  const monitor = new FakeMonitor();
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  const bundles: unknown[][] = [];
  let release = (): void => {};
  monitor.network = async (request) => {
    bundles.push(await request.json());
    assertEquals(request.url, "http://10.0.0.2:24010/v1/checkins/brief");
    await new Promise<void>((resolve) => release = resolve);
    const answers = bundles.at(-1)!.map((_, at) =>
      at === 1 ? { code: "name-taken", detail: "taken", remedy: "" } : null
    );
    return Response.json({ answers });
  };
  const ask = (
    worker: string,
    ...health: number[]
  ): ReturnType<FakeMonitor["ask"]> =>
    monitor.ask("POST", "/v1/checkins/brief", [
      [worker, "boot", 2, 1, 7, ...health],
    ]);
  const first = ask("w1");
  while (monitor.clock.waiting === 0) await pass();
  assertEquals(bundles, [], "nothing is sent before the moment is over");
  monitor.clock.advance(200);
  while (bundles.length < 1) await pass();
  const others = [ask("w2"), ask("w3", 5), ask("w4")];
  await pass();
  monitor.clock.advance(200);
  await pass();
  assertEquals(bundles.length, 1);
  release();
  assertEquals((await first).status, 204);
  while (bundles.length < 2) await pass();
  release();
  const statuses = (await Promise.all(others)).map(({ status }) => status);
  assertEquals(statuses, [204, 409, 204]);
  assertEquals(bundles, [
    [["w1", "boot", 2, 1, 7]],
    [
      ["w2", "boot", 2, 1, 7],
      ["w3", "boot", 2, 1, 7, 5],
      ["w4", "boot", 2, 1, 7],
    ],
  ]);
  assertEquals(monitor.clock.waiting, 0);
});

Deno.test("a follower gives up on a leader that is silent, deposed or unknown, and passes nothing on twice", async () => {
  const monitor = new FakeMonitor();
  const ask = (
    headers: Record<string, string> = {},
  ): ReturnType<FakeMonitor["ask"]> =>
    monitor.ask("POST", "/v1/checkins/brief", [BRIEF], headers);
  const follow = (leader: string | null): void =>
    monitor.store.changeStanding({ role: "follower", term: 3, leader });
  follow("m2");
  monitor.network = ({ signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("aborted")))
    );
  const silent = ask();
  while (monitor.clock.waiting === 0) await pass();
  monitor.clock.advance(200);
  await pass();
  monitor.clock.advance(1_000);
  assertEquals([(await silent).status, (await silent).json.code], [
    503,
    "no-leader",
  ]);
  const deposed = ask();
  while (monitor.clock.waiting === 0) await pass();
  monitor.clock.advance(200);
  await pass();
  follow("m3");
  assertEquals((await deposed).json.code, "no-leader");
  follow(null);
  assertEquals((await ask()).json.code, "no-leader");
  follow("m2");
  assertEquals(
    (await ask({ "gmon-forwarded-by": "m3" })).json.code,
    "no-leader",
  );
  assertEquals(monitor.clock.waiting, 0);
});

Deno.test("a malformed brief check-in is refused", async () => {
  const monitor = new FakeMonitor();
  for (
    const body of [
      [],
      {},
      [["w1"]],
      [["", "boot", 2, 1, 7]],
      [["w1", "boot", 0, 1, 7]],
      [["w1", "boot", 2, 1.5, 7]],
      [["w1", "boot", 2, 1, -7]],
      [["w1", "boot", 2, 1, 7, -1]],
      [BRIEF, null],
      Array(1_001).fill(BRIEF),
    ]
  ) {
    const refused = await monitor.ask("POST", "/v1/checkins/brief", body);
    assertEquals([refused.status, refused.json.code], [
      400,
      "malformed-request",
    ], JSON.stringify(body).slice(0, 80));
  }
  assertEquals(monitor.checkIns, []);
});

async function pass(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("desired state comes at once when something of the worker changed, whole", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  const path = "/v1/workers/w1/desired";
  const first = await monitor.ask("GET", path);
  assertEquals([first.json.clusterId, first.json.bricks], ["cluster-1", []]);
  const { revision } = first.json;
  await monitor.ask("PUT", "/v1/config/k", { value: "" });
  const none = await monitor.ask("GET", `${path}?revision=${revision}`);
  assertEquals([none.status, none.text], [204, ""]);
  await monitor.addVolume();
  const changed = await monitor.ask("GET", `${path}?revision=${revision}`);
  assertEquals(changed.json.bricks.map((one: { key: string }) => one.key), [
    KEYS.brick("w1", "/data/v1"),
  ]);
  // Workers need the credentials that nobody else sees.
  assertEquals(typeof changed.json.volumes[0].password, "string");
});

Deno.test("desired state is not told to a second machine under the worker's name, nor to one that loses it while it waits", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  const { revision, value } = monitor.store.state.get<WorkerDocument>(
    KEYS.worker("w1"),
  )!;
  const path = `/v1/workers/w1/desired?id=`;
  const own = await monitor.ask("GET", `${path}${value.id}`);
  assertEquals(own.status, 200);
  const second = await monitor.ask("GET", `${path}another`);
  assertEquals([second.status, second.json.code], [409, "name-taken"]);
  // Before its first check-in a worker is nobody's rival.
  const newcomer = await monitor.ask("GET", "/v1/workers/w9/desired?id=any");
  assertEquals([newcomer.status, newcomer.json.bricks], [200, []]);
  const waiting = monitor.ask(
    "GET",
    `${path}${value.id}&revision=${monitor.store.state.revision}&waitMs=9000`,
  );
  while (monitor.clock.waiting === 0) await pass();
  await monitor.store.commit({
    version: 1,
    preconditions: [{ kind: "revision", key: KEYS.worker("w1"), revision }],
    writes: [{
      kind: "put",
      key: KEYS.worker("w1"),
      value: { ...value, id: "another" },
    }],
    idempotency: null,
  });
  await monitor.addVolume();
  assertEquals((await waiting).json.code, "name-taken");
});

Deno.test("desired state waits for what concerns the worker or a volume it follows", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  await monitor.ask("POST", "/v1/volumes", {
    name: "d1",
    bricks: ["w2:/data/d1"],
  });
  const { revision } = monitor.store.state;
  const asked = (follow: string): ReturnType<FakeMonitor["ask"]> =>
    monitor.ask(
      "GET",
      `/v1/workers/w1/desired?revision=${revision}&waitMs=9000${follow}`,
    );
  const follower = asked("&follow=d1,,");
  const stranger = asked("");
  while (monitor.clock.waiting < 2) await Promise.resolve();
  const [operation] = monitor.store.state.list(KEYS.operation(""));
  await monitor.finish(
    operation!.key.slice(KEYS.operation("").length),
    "succeeded",
  );
  const woken = await follower;
  assertEquals(woken.json.volumes.map((one: { name: string }) => one.name), [
    "d1",
  ]);
  monitor.clock.advance(9000);
  assertEquals((await stranger).status, 204);
  assertEquals(
    [monitor.store.subscribers, monitor.clock.waiting],
    [0, 0],
  );
});

Deno.test("a monitor that is behind a worker sends it elsewhere", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  const known = monitor.store.state.revision + 1;
  const path = `/v1/workers/w1/desired?revision=${known}&waitMs=9000`;
  const { status, json } = await monitor.ask("GET", path);
  assertEquals([status, json.code], [503, "no-leader"]);
});

Deno.test("a wait ends when the worker is gone", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  const gone = new AbortController();
  const waiting = monitor.raw(
    "GET",
    "/v1/workers/w1/desired?revision=1&waitMs=9000",
    undefined,
    {},
    gone.signal,
  );
  while (monitor.clock.waiting === 0) await Promise.resolve();
  gone.abort();
  assertEquals((await waiting).status, 204);
  assertEquals(
    [monitor.store.subscribers, monitor.clock.waiting],
    [0, 0],
  );
});

Deno.test("desired state is served by a follower, whole to whoever knows only what was before", async () => {
  const monitor = new FakeMonitor();
  await monitor.addWorkers(3);
  await monitor.found();
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  const path = "/v1/workers/w1/desired?revision=";
  const answer = await monitor.ask("GET", `${path}1`);
  assertEquals([answer.status, answer.json.revision], [200, 4]);
  assertEquals((await monitor.ask("GET", `${path}4`)).status, 204);
  assertEquals(monitor.sent.length, 0);
});

Deno.test("a change wakes whom it concerns, and looks at nobody else", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  const watch = new DesiredWatch(monitor.services);
  const { revision } = monitor.store.state;
  const never = new AbortController().signal;
  const woken: string[] = [];
  const wait = (worker: string, follow: string[] = []): void => {
    watch.changed({ worker, follow, revision }, 9_000, never).then((changed) =>
      woken.push(`${worker} ${changed}`)
    );
  };
  for (let at = 0; at < 1_000; at++) wait(`w${at}`);
  wait("follower", ["d1", "d1"]);
  assertEquals(watch.waiting, 1_001);
  await monitor.ask("PUT", "/v1/config/k", { value: "" });
  await monitor.ask("POST", "/v1/volumes", {
    name: "d1",
    bricks: ["w2:/data/d1"],
  });
  await pass();
  assertEquals(woken.sort(), ["follower true", "w2 true"]);
  assertEquals(watch.waiting, 999);
  await monitor.found();
  await pass();
  assertEquals(woken.length, 1_001);
  assertEquals([watch.waiting, monitor.clock.waiting], [0, 0]);
});
