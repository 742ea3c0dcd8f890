import { assertEquals } from "@std/assert";
import { KEYS } from "../../src/cluster/mod.ts";
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
  assertEquals([monitor.store.subscribers, monitor.clock.waiting], [0, 0]);
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
  assertEquals([monitor.store.subscribers, monitor.clock.waiting], [0, 0]);
});

Deno.test("desired state is served by a follower, and whole when the past is forgotten", async () => {
  const monitor = new FakeMonitor({ feedEvents: 2 });
  await monitor.found();
  await monitor.addWorkers(3);
  monitor.store.standing = { role: "follower", term: 3, leader: "m2" };
  const answer = await monitor.ask("GET", "/v1/workers/w1/desired?revision=1");
  assertEquals([answer.status, answer.json.revision], [200, 4]);
  assertEquals(monitor.sent.length, 0);
});
