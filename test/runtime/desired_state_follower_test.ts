import { assertEquals } from "@std/assert";
import type { DesiredState } from "../../src/cluster/mod.ts";
import {
  createMonitorClient,
  type DesiredStateFollower,
  startDesiredStateFollower,
} from "../../src/runtime/mod.ts";
import {
  FakeClock,
  type FakeMonitor,
  fakePorts,
  type FakeRequest,
  settle,
} from "./fake_ports.ts";

function desired(
  revision: number,
  volumes: string[] = [],
  clusterId = "c",
): DesiredState {
  return {
    clusterId,
    revision,
    bricks: [],
    volumes: volumes.map((name) => ({
      name,
    })) as unknown as DesiredState["volumes"],
    roles: [],
  };
}

interface Scene {
  readonly clock: FakeClock;
  readonly follower: DesiredStateFollower;
  readonly asked: FakeRequest[];
  readonly seen: DesiredState[];
  readonly files: Map<string, string>;
}

async function scene(
  monitor: FakeMonitor,
  files = new Map<string, string>(),
): Promise<Scene> {
  const clock = new FakeClock();
  const asked: FakeRequest[] = [];
  const seen: DesiredState[] = [];
  const ports = fakePorts(clock, (request) => {
    asked.push(request);
    return monitor(request);
  }, files);
  const client = createMonitorClient(ports, {
    addresses: [
      { host: "127.0.0.1", port: 1 },
      { host: "127.0.0.2", port: 1 },
    ],
  });
  const follower = await startDesiredStateFollower(
    ports,
    client,
    { worker: "w1", id: "id-w1", path: "/desired.json" },
    (state) => seen.push(state),
  );
  await settle();
  return { clock, follower, asked, seen, files };
}

/** A monitor that answers each of these once, then holds every poll. */
function playing(...answers: unknown[]): FakeMonitor {
  return () => answers.length > 0 ? answers.shift() : new Promise(() => {});
}

Deno.test("startDesiredStateFollower hands on what comes and keeps it on disk", async () => {
  const it = await scene(playing(desired(3), desired(5)));
  assertEquals(it.seen.map((state) => state.revision), [3, 5]);
  assertEquals(JSON.parse(it.files.get("/desired.json")!), desired(5));
  assertEquals(
    it.asked.map((request) => request.query.get("revision")),
    ["0", "3", "5"],
  );
  assertEquals(it.asked.map(({ query }) => query.get("id")), [
    "id-w1",
    "id-w1",
    "id-w1",
  ]);
  await it.follower.stop();
});

Deno.test("startDesiredStateFollower starts from disk while no monitor answers", async () => {
  const files = new Map([["/desired.json", JSON.stringify(desired(7))]]);
  const it = await scene(() => {
    throw new Error("nobody");
  }, files);
  assertEquals(it.seen, [desired(7)]);
  assertEquals(it.follower.current(), desired(7));
  await it.clock.turn(10_000);
  // Two monitors at once, and after 0.5, 1.5, 3.5 and 7.5 s: no busy loop, no giving up.
  assertEquals(it.asked.length, 10);
  await it.follower.stop();
});

Deno.test("startDesiredStateFollower ignores an unreadable file", async () => {
  const it = await scene(playing(), new Map([["/desired.json", "{"]]));
  assertEquals(it.follower.current(), null);
  await it.follower.stop();
});

Deno.test("startDesiredStateFollower is not taken back in time, nor to another cluster, nor by an empty monitor", async () => {
  const it = await scene(
    playing(
      desired(5),
      desired(4),
      desired(9, [], "other"),
      desired(9, [], ""),
    ),
  );
  await it.clock.turn(4_000);
  assertEquals(it.seen.map((state) => state.revision), [5]);
  assertEquals(it.asked.length, 5);
  await it.follower.stop();
});

Deno.test("startDesiredStateFollower turns to another monitor after an empty poll", async () => {
  const it = await scene(playing(desired(1), null, null));
  assertEquals(
    it.asked.map((request) => request.host),
    ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.1"],
  );
  await it.follower.stop();
});

Deno.test("follow asks at once for everything, and forgets a volume that does not exist", async () => {
  let answer: DesiredState | null = null;
  const it = await scene((request) => {
    if (request.query.get("revision") !== "0") return new Promise(() => {});
    return answer ?? desired(1);
  });
  answer = desired(2, ["v1"]);
  await it.follower.follow("v1", 1_000);
  assertEquals(it.follower.current()?.volumes.map(({ name }) => name), ["v1"]);
  assertEquals(it.asked.at(-1)!.query.get("follow"), "v1");
  answer = desired(2, ["v1"]);
  await it.follower.follow("nowhere", 1_000);
  await settle();
  assertEquals(it.asked.at(-1)!.query.get("follow"), "v1");
  await it.follower.stop();
});

Deno.test("follow gives up after its time", async () => {
  const it = await scene(playing(desired(1)));
  let done = false;
  const following = it.follower.follow("v1", 1_000).then(() => done = true);
  await it.clock.turn(999);
  assertEquals(done, false);
  await it.clock.turn(1);
  await following;
  await it.follower.stop();
});
