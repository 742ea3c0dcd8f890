/** Draining, labelling and removing workers over the API. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { KEYS, type WorkerDocument } from "../../src/cluster/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

/** Three workers and a started replica-3 volume v1 on them. */
async function standing(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(4);
  await monitor.addVolume("v1");
  await monitor.ask("POST", "/v1/volumes/v1/start");
  return monitor;
}

async function pronounce(
  monitor: FakeMonitor,
  name: string,
  verdict: WorkerDocument["verdict"],
): Promise<void> {
  const key = KEYS.worker(name);
  const { value } = monitor.store.state.get<WorkerDocument>(key)!;
  await monitor.store.put({ kind: "put", key, value: { ...value, verdict } });
}

Deno.test("draining says what would be lost, and is refused where a volume would stop", async () => {
  const monitor = await standing();
  const drained = await monitor.ask("POST", "/v1/workers/w1/drain");
  assertEquals(drained.status, 200);
  assertEquals(drained.json.worker.draining, true);
  assertEquals(drained.json.impact.volumes, [{
    volume: "v1",
    status: "started",
    effect: "redundancy",
    subvolumes: [{
      name: "v1-replicate-0",
      effect: "redundancy",
      bricks: 3,
      left: 2,
      needed: 2,
      away: [],
      draining: [],
    }],
  }]);
  // Two of three: the quorum of copies is gone when the second goes too.
  const second = await monitor.ask("POST", "/v1/workers/w2/drain");
  assertEquals([second.status, second.json.code], [422, "data-at-risk"]);
  assertStringIncludes(second.json.detail, "v1-replicate-0 stops serving");
  const forced = await monitor.ask("POST", "/v1/workers/w2/drain", {
    force: true,
  });
  assertEquals(forced.json.impact.volumes[0].effect, "unavailable");
  const ended = await monitor.ask("POST", "/v1/workers/w2/undrain");
  assertEquals([ended.status, ended.json.draining], [200, false]);
  assertEquals(
    (await monitor.ask("POST", "/v1/workers/w9/drain")).json.code,
    "worker-not-found",
  );
});

Deno.test("the status counts who drains and flaps, and is not healthy while started volumes lack bricks of who is gone for good", async () => {
  const monitor = await standing();
  await monitor.ask("POST", "/v1/workers/w4/drain");
  await change(monitor, "w2", { falls: 3 });
  const { json } = await monitor.ask("GET", "/v1/status");
  assertEquals(
    [json.workers.alive, json.workersDraining, json.workersFlapping],
    [4, 1, 1],
  );
  const issues = async (): Promise<string[]> => {
    const status = await monitor.ask("GET", "/v1/status");
    return status.json.issues
      .filter(({ code }: { code: string }) => code.startsWith("volume-"))
      .map(({ code, message }: { code: string; message: string }) =>
        `${code}: ${message}`
      );
  };
  assertEquals(await issues(), []);
  await change(monitor, "w1", { verdict: "left" });
  const degraded =
    "volume-degraded: volume v1: v1-replicate-0 has 2 of 3 bricks";
  assertEquals(await issues(), [`${degraded} (w1 left)`]);
  await monitor.ask("DELETE", "/v1/workers/w1?force=true&confirm=w1");
  assertEquals(await issues(), [`${degraded} (w1 was removed)`]);
  await change(monitor, "w3", { verdict: "dead" });
  assertEquals(await issues(), [
    "volume-down: volume v1: v1-replicate-0 does not serve (w1 was removed, w3 is dead)",
  ]);
});

Deno.test("a worker that drains or flaps gets no new brick, unless forced", async () => {
  const monitor = await standing();
  await monitor.ask("POST", "/v1/workers/w4/drain");
  const request = { name: "v2", bricks: ["w4:/data/v2"] };
  const refused = await monitor.ask("POST", "/v1/volumes", request);
  assertEquals([refused.status, refused.json.code], [422, "worker-unfit"]);
  const forced = await monitor.ask("POST", "/v1/volumes", {
    ...request,
    force: true,
  });
  assertEquals(forced.status, 202);
});

Deno.test("labels: an operator's win over those it was started with, and only those can be taken away", async () => {
  const monitor = await standing();
  const key = KEYS.worker("w1");
  const { value } = monitor.store.state.get<WorkerDocument>(key)!;
  const labels = { rack: "r1", disk: "hdd" };
  await monitor.store.put({ kind: "put", key, value: { ...value, labels } });
  const label = (body: unknown) =>
    monitor.ask("POST", "/v1/workers/w1/labels", body);
  const set = await label({ set: { disk: "ssd", owner: "" } });
  assertEquals(set.json.labels, { rack: "r1", disk: "ssd", owner: "" });
  const removed = await label({ remove: ["disk", "owner"] });
  assertEquals(removed.json.labels, labels);
  const own = await label({ remove: ["rack"] });
  assertEquals(own.json.code, "invalid-name");
  assertStringIncludes(own.json.detail, "was started with the label rack");
  // The daemon's flag.
  assertStringIncludes(own.json.remedy, "take it out of its --labels");
  assertEquals((await label({ remove: ["none"] })).json.code, "invalid-name");
  assertEquals(
    (await label({ set: { "not a key": "x" } })).json.code,
    "invalid-name",
  );
  const many = Object.fromEntries(
    Array.from({ length: 33 }, (_, at) => [`k${at}`, "v"]),
  );
  assertEquals((await label({ set: many })).json.code, "invalid-name");
});

Deno.test("only who is gone can be removed, only for good when it died, and with bricks only by force", async () => {
  const monitor = await standing();
  const remove = (name: string, query: string) =>
    monitor.ask("DELETE", `/v1/workers/${name}?${query}`);
  for (const verdict of ["alive", "unreachable"] as const) {
    await pronounce(monitor, "w4", verdict);
    const { json } = await remove("w4", "confirm=w4&dead=true&force=true");
    assertEquals(json.code, "worker-alive", verdict);
  }
  await pronounce(monitor, "w4", "dead");
  assertEquals((await remove("w4", "confirm=w4")).json.code, "worker-alive");
  const unconfirmed = await remove("w4", "dead=true&confirm=w3");
  assertEquals(unconfirmed.json.code, "confirmation-required");
  assertEquals((await remove("w4", "confirm=w4&dead=true")).status, 204);
  assertEquals((await monitor.ask("GET", "/v1/workers/w4")).status, 404);

  await pronounce(monitor, "w3", "left");
  const held = await remove("w3", "confirm=w3");
  assertEquals(held.json.code, "data-at-risk");
  assertStringIncludes(held.json.detail, "1 brick is on worker w3");
  assertEquals((await remove("w3", "confirm=w3&force=true")).status, 204);
  const impact = await monitor.ask("GET", "/v1/workers/w2/impact");
  assertEquals(impact.json.volumes[0].subvolumes[0].away, ["w3"]);
});

async function change(
  monitor: FakeMonitor,
  name: string,
  parts: Partial<WorkerDocument>,
): Promise<void> {
  const key = KEYS.worker(name);
  const { value } = monitor.store.state.get<WorkerDocument>(key)!;
  await monitor.store.put({ kind: "put", key, value: { ...value, ...parts } });
}

Deno.test("the list narrows to a zone, a state and labels, and its pages are full of what fits", async () => {
  const monitor = new FakeMonitor();
  await monitor.addWorkers(9);
  for (const at of [3, 6, 9]) {
    await change(monitor, `w${at}`, {
      zone: "z",
      labels: { disk: "hdd", rack: "r1" },
    });
  }
  await change(monitor, "w9", {
    operatorLabels: { disk: "ssd" },
    draining: true,
  });
  await change(monitor, "w6", { verdict: "dead" });
  const names = async (query: string): Promise<string[]> => {
    const { json } = await monitor.ask("GET", `/v1/workers?${query}`);
    return json.items.map(({ name }: { name: string }) => name);
  };
  assertEquals(await names("zone=z"), ["w3", "w6", "w9"]);
  assertEquals(await names("zone=z&state=alive"), ["w3", "w9"]);
  assertEquals(await names("state=draining"), ["w9"]);
  assertEquals(await names("state=dead"), ["w6"]);
  assertEquals(await names("state=flapping"), []);
  assertEquals(await names("labels=disk=hdd,rack=r1"), ["w3", "w6"]);
  assertEquals(await names("labels=rack=r1&state=dead"), ["w6"]);
  assertEquals(await names("labels=toString="), []);

  const first = await monitor.ask("GET", "/v1/workers?zone=z&limit=2");
  assertEquals(first.json.items.length, 2);
  const token = first.json.nextPageToken;
  const last = await monitor.ask(
    "GET",
    `/v1/workers?zone=z&limit=2&pageToken=${token}`,
  );
  assertEquals([last.json.items[0].name, last.json.nextPageToken], [
    "w9",
    undefined,
  ]);
  for (const query of ["state=sleepy", "labels=disk", "labels=,", "zones=z"]) {
    const { json } = await monitor.ask("GET", `/v1/workers?${query}`);
    assertEquals(json.code, "malformed-request", query);
  }
});

Deno.test("a dry run is refused as the change would be, and changes nothing", async () => {
  const monitor = await standing();
  await monitor.store.put({
    kind: "put",
    key: KEYS.role("leader", "v1/0"),
    value: {
      kind: "leader",
      scope: "v1/0",
      candidates: ["w1", "w2", "w3"],
      holder: "w1",
      fence: 1,
      sinceMs: 0,
      exclusive: true,
      holderId: "id-1",
    },
  });
  await pronounce(monitor, "w3", "unreachable");
  await pronounce(monitor, "w4", "left");
  const { commits } = monitor.store;
  const drained = await monitor.ask("POST", "/v1/workers/w1/drain?dryRun=true");
  assertEquals([drained.status, drained.json.worker.draining], [200, false]);
  assertEquals(drained.json.impact.volumes[0].effect, "redundancy");
  assertEquals(drained.json.impact.roles, [
    { kind: "leader", scope: "v1/0", takers: ["w2"] },
  ]);
  const remove = (name: string) =>
    monitor.ask("DELETE", `/v1/workers/${name}?dryRun=true`);
  assertEquals((await remove("w1")).json.code, "worker-alive");
  assertEquals((await remove("w4")).status, 204);
  assertEquals((await monitor.ask("GET", "/v1/workers/w4")).status, 200);
  assertEquals(monitor.store.commits, commits);
  await pronounce(monitor, "w3", "dead");
  const risky = await monitor.ask("POST", "/v1/workers/w1/drain?dryRun=true");
  assertEquals(risky.json.code, "data-at-risk");
});
