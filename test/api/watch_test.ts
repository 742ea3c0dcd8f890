import { assert, assertEquals } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import { readEvents, type ServerEvent } from "../../src/api/event_stream.ts";
import { FakeMonitor } from "./fake_monitor.ts";

const SSE = { accept: "text/event-stream" };

async function open(
  monitor: FakeMonitor,
  path: string,
  headers: Record<string, string> = SSE,
): Promise<AsyncGenerator<ServerEvent, void, void>> {
  const response = await monitor.raw("GET", path, undefined, headers);
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  return readEvents(response.body!);
}

async function take(
  events: AsyncGenerator<ServerEvent, void, void>,
  count: number,
): Promise<ServerEvent[]> {
  const taken: ServerEvent[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

function put(
  monitor: FakeMonitor,
  key: string,
  value: string,
): Promise<unknown> {
  return monitor.ask("PUT", `/v1/config/${key}`, { value });
}

Deno.test("nothing can be watched at a monitor that waits to be let in", async () => {
  const monitor = new FakeMonitor();
  monitor.store.incarnation = "another life";
  for (const headers of [SSE, {}]) {
    const path = "/v1/watch?kinds=config&since=0";
    const { status } = await monitor.raw("GET", path, undefined, headers);
    assertEquals(status, 503);
  }
});

Deno.test("watch as SSE shows what was there, what comes, and deletions, with revisions as ids", async () => {
  const monitor = new FakeMonitor();
  await put(monitor, "a", "1");
  await put(monitor, "b", "2");
  const events = await open(monitor, "/v1/watch?kinds=config&since=0");
  const [bookmark, first, second] = await take(events, 3);
  assertEquals([bookmark!.event, bookmark!.id], ["bookmark", "0"]);
  assertEquals([first!.event, first!.id], ["changes", "1"]);
  assertEquals(JSON.parse(first!.data), {
    revision: 1,
    changes: [{
      kind: "config",
      key: "a",
      value: { key: "a", value: "1", revision: 1 },
    }],
  });
  assertEquals(second!.id, "2");
  await monitor.ask("DELETE", "/v1/config/a");
  const [gone] = await take(events, 1);
  assertEquals(JSON.parse(gone!.data).changes, [
    { kind: "config", key: "a", value: null },
  ]);
  await events.return();
  assertEquals([monitor.store.subscribers, monitor.clock.waiting], [0, 0]);
});

Deno.test("watch as SSE hands a slow client every change once and in order", async () => {
  const monitor = new FakeMonitor();
  const response = await monitor.raw(
    "GET",
    "/v1/watch?kinds=config&since=0",
    undefined,
    SSE,
  );
  const count = 2000;
  for (let at = 1; at <= count / 2; at++) await put(monitor, "k", String(at));
  const events = readEvents(response.body!);
  const seen: number[] = [];
  while (seen.length < count) {
    const { value } = await events.next();
    if (value!.event !== "changes") continue;
    seen.push(Number(value!.id));
    // The second half comes while the first is being read.
    if (seen.length <= count / 2) await put(monitor, "k", "x");
  }
  assertEquals(seen, Array.from({ length: count }, (_, at) => at + 1));
  await events.return();
});

Deno.test("watch groups the changes of one transaction and leaves other kinds and prefixes out", async () => {
  const monitor = new FakeMonitor();
  await monitor.addWorkers(3);
  const since = monitor.store.state.revision;
  const created = await monitor.ask("POST", "/v1/volumes", {
    name: "v1",
    replica: 3,
    bricks: ["w1:/b", "w2:/b", "w3:/b"],
  });
  assertEquals(created.status, 202);
  await put(monitor, "other", "1");
  await put(monitor, "app/x", "2");
  const all = await monitor.ask("GET", `/v1/watch?since=${since}`);
  assertEquals(
    // deno-lint-ignore no-explicit-any
    all.json.events.map((event: any) =>
      // deno-lint-ignore no-explicit-any
      event.changes.map((change: any) => change.kind)
    ),
    [["volume", "operation"], ["config"], ["config"]],
  );
  assert(!all.text.includes("password") && !all.text.includes("username"));
  const app = await monitor.ask(
    "GET",
    `/v1/watch?since=${since}&kinds=config&prefix=app/`,
  );
  assertEquals(app.json.events.length, 1);
  assertEquals(app.json.revision, monitor.store.state.revision);
});

Deno.test("watch resumes after Last-Event-ID rather than after the URL's revision", async () => {
  const monitor = new FakeMonitor();
  for (const key of ["a", "b", "c"]) await put(monitor, key, "");
  const events = await open(monitor, "/v1/watch?kinds=config&since=0", {
    ...SSE,
    "last-event-id": "2",
  });
  const [, first] = await take(events, 2);
  assertEquals(first!.id, "3");
  await events.return();
});

Deno.test("watch answers 410 with the oldest revision, and tells a stream that fell behind", async () => {
  const monitor = new FakeMonitor({ feedEvents: 4 });
  const response = await monitor.raw(
    "GET",
    "/v1/watch?kinds=config&since=0",
    undefined,
    SSE,
  );
  // Four times what the server keeps for one client beside the feed.
  const value = "v".repeat(LIMITS.watchBufferBytes / 100);
  for (let at = 0; at < 400; at++) await put(monitor, "k", value);
  const old = await monitor.ask("GET", "/v1/watch?kinds=config&since=1");
  assertEquals([old.status, old.json.code], [410, "compacted"]);
  assertEquals(old.json.oldestRevision, monitor.store.state.oldestRevision);
  let last: ServerEvent | null = null;
  const seen: number[] = [];
  for await (const event of readEvents(response.body!)) {
    if (event.event === "changes") seen.push(Number(event.id));
    last = event;
  }
  assertEquals(last!.event, "compacted");
  assertEquals(seen, seen.map((_, at) => at + 1));
  assertEquals(monitor.store.subscribers, 0);
});

Deno.test("watch as long poll waits for a change of interest, or for its time", async () => {
  const monitor = new FakeMonitor();
  await put(monitor, "a", "1");
  const waiting = monitor.ask(
    "GET",
    "/v1/watch?kinds=config&prefix=b&since=1&waitMs=5000",
  );
  await put(monitor, "a", "2");
  await put(monitor, "b", "3");
  const answer = await waiting;
  assertEquals(
    // deno-lint-ignore no-explicit-any
    [answer.json.revision, answer.json.events.map((one: any) => one.revision)],
    [3, [3]],
  );
  const quiet = monitor.ask(
    "GET",
    "/v1/watch?kinds=config&since=3&waitMs=5000",
  );
  // The request is on its way; time passes only once it waits.
  while (monitor.clock.waiting === 0) await Promise.resolve();
  monitor.clock.advance(5000);
  assertEquals((await quiet).json, { revision: 3, events: [] });
  assertEquals([monitor.store.subscribers, monitor.clock.waiting], [0, 0]);
});

Deno.test("watch says where it stands when nothing happens", async () => {
  const monitor = new FakeMonitor();
  const events = await open(monitor, "/v1/watch?kinds=volume");
  await put(monitor, "a", "1");
  await take(events, 1);
  monitor.clock.advance(15_000);
  const [bookmark] = await take(events, 1);
  assertEquals([bookmark!.event, bookmark!.id], ["bookmark", "1"]);
  await events.return();
});

Deno.test("watch refuses kinds that do not exist and a prefix over several", async () => {
  const monitor = new FakeMonitor();
  for (
    const query of [
      "kinds=brick",
      "kinds=",
      "prefix=a",
      "kinds=config,volume&prefix=a",
      "since=-1",
    ]
  ) {
    const refused = await monitor.ask("GET", `/v1/watch?${query}`);
    assertEquals([refused.status, refused.json.code], [
      400,
      "malformed-request",
    ], query);
  }
});

Deno.test("watch as long poll answers in parts what is too much for one answer, without a gap", async () => {
  const monitor = new FakeMonitor();
  const value = "v".repeat(LIMITS.configValueBytes / 2);
  for (let at = 0; at < 20; at++) await put(monitor, `k${at}`, value);
  // A thousand changes that are of no interest.
  for (let at = 0; at < 1500; at++) {
    await monitor.store.put({ kind: "delete", key: "workers/w" }, {
      kind: "put",
      key: `monitors/v${at}`,
      value: { value: "" },
    });
  }
  await put(monitor, "last", "1");
  const seen: number[] = [];
  let parts = 0;
  for (let since = 0; since < monitor.store.state.revision; parts++) {
    const { json } = await monitor.ask(
      "GET",
      `/v1/watch?kinds=config,role&since=${since}`,
    );
    seen.push(...json.events.map((one: { revision: number }) => one.revision));
    assert(json.revision > since);
    since = json.revision;
  }
  const expected = Array.from({ length: 20 }, (_, at) => at + 1);
  assertEquals(seen, [...expected, monitor.store.state.revision]);
  assert(parts > 2 && parts < 6, String(parts));
});

Deno.test("a watch that went on at a monitor that lags shows nothing twice", async () => {
  const monitor = new FakeMonitor();
  for (const key of ["a", "b"]) await put(monitor, key, "1");
  // The client has seen up to 4 elsewhere; this monitor has applied 2.
  const events = await open(monitor, "/v1/watch?kinds=config&since=4");
  const poll = await monitor.ask("GET", "/v1/watch?kinds=config&since=4");
  assertEquals(poll.json, { revision: 4, events: [] });
  for (const key of ["c", "d", "e"]) await put(monitor, key, "1");
  const [bookmark, first] = await take(events, 2);
  assertEquals([bookmark!.id, first!.id], ["4", "5"]);
  await events.return();
});
