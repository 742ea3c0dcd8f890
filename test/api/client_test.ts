import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { Client } from "../../src/api/client.ts";
import { NetworkError } from "../../src/platform/mod.ts";
import { FakeClock, FakeMonitor } from "./fake_monitor.ts";

type Fetch = (request: Request) => Promise<Response>;

/** A client of hosts `a`, `b`, … where each host answers by its own function. */
function clientOf(
  hosts: Record<string, Fetch>,
  clock = new FakeClock(),
): { client: Client; asked: string[]; clock: FakeClock } {
  const asked: string[] = [];
  let counter = 0;
  const client = new Client({
    addresses: Object.keys(hosts).map((host) => ({ host, port: 24010 })),
    clock,
    timeoutMs: 30_000,
    random: { bytes: (length) => new Uint8Array(length).fill(++counter) },
    fetch: (request) => {
      const { hostname } = new URL(request.url);
      asked.push(hostname);
      return hosts[hostname]!(request);
    },
  });
  return { client, asked, clock };
}

function serving(monitor: FakeMonitor): Fetch {
  return (request) =>
    monitor.api.handle(request, { host: "10.0.0.9", port: 1 });
}

function refusing(): Promise<Response> {
  return Promise.reject(new NetworkError("refused", "down"));
}

/** Lets everything that is ready run, then lets time pass, until `done`. */
async function passTime<T>(clock: FakeClock, done: Promise<T>): Promise<T> {
  let ended = false;
  done.then(() => ended = true, () => ended = true);
  for (let round = 0; round < 10_000 && !ended; round++) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    // Real promises of streams and bodies need the event loop.
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    if (!ended) clock.advance(50);
  }
  return await done;
}

Deno.test("the client tries the next address, and stays with one that answered", async () => {
  const monitor = new FakeMonitor();
  const { client, asked } = clientOf({ a: refusing, b: serving(monitor) });
  assertEquals((await client.configPut("k/1", "v")).revision, 1);
  assertEquals((await client.configGet("k/1")).value, "v");
  assertEquals(asked, ["a", "b", "b"]);
});

Deno.test("the client gives up at once when nobody is there", async () => {
  const { client, asked } = clientOf({ a: refusing, b: refusing });
  const problem = await assertRejects(() => client.volumes(), Problem);
  assertEquals(problem.code, "unreachable");
  assert(problem.message.includes("a:24010, b:24010"));
  assertEquals(asked, ["a", "b"]);
});

Deno.test("the client waits out an election, and sends one key with every attempt", async () => {
  const monitor = new FakeMonitor();
  monitor.store.failing = new Problem("no-leader", "electing");
  const keys: (string | null)[] = [];
  const serve = serving(monitor);
  const { client, clock } = clientOf({
    a: (request) => {
      keys.push(request.headers.get("idempotency-key"));
      if (keys.length === 4) monitor.store.failing = null;
      return serve(request);
    },
  });
  const written = await passTime(clock, client.configPut("k", "v"));
  assertEquals([written.revision, keys.length], [1, 4]);
  assertEquals(new Set(keys).size, 1);
  assert(keys[0] !== null);
});

Deno.test("the client ends with no-leader when its time is over", async () => {
  const monitor = new FakeMonitor();
  monitor.store.failing = new Problem("no-leader", "electing");
  // That others are away must not hide what the one that is there says.
  const { client, clock } = clientOf({
    a: refusing,
    b: serving(monitor),
    c: refusing,
  });
  const startedMs = clock.nowMs();
  const problem = await assertRejects(
    () => passTime(clock, client.status()),
    Problem,
  );
  assertEquals(problem.code, "no-leader");
  assert(clock.nowMs() - startedMs >= 29_000);
});

Deno.test("a write whose answer got lost is repeated elsewhere and done once", async () => {
  const monitor = new FakeMonitor();
  const serve = serving(monitor);
  const { client } = clientOf({
    a: async (request) => {
      await serve(request);
      throw new NetworkError("closed", "cut off");
    },
    b: serve,
  });
  assertEquals((await client.configPut("k", "v")).revision, 1);
  assertEquals(monitor.store.state.revision, 1);
});

Deno.test("a write that may have happened is not reported as unreachable", async () => {
  const monitor = new FakeMonitor();
  const serve = serving(monitor);
  const { client } = clientOf({
    a: async (request) => {
      await serve(request);
      throw new NetworkError("closed", "cut off");
    },
    b: refusing,
  });
  const problem = await assertRejects(
    () => client.configPut("k", "v"),
    Problem,
  );
  assertEquals(problem.code, "outcome-unknown");
});

Deno.test("a silent monitor costs one attempt's time, not all of it", async () => {
  const monitor = new FakeMonitor();
  const { client, clock } = clientOf({
    a: (request) =>
      new Promise((_, reject) =>
        request.signal.addEventListener(
          "abort",
          () => reject(new NetworkError("timeout", "silence")),
        )
      ),
    b: serving(monitor),
  });
  const startedMs = clock.nowMs();
  await passTime(clock, client.volumes());
  const tookMs = clock.nowMs() - startedMs;
  assert(tookMs >= 5_000 && tookMs < 6_000, String(tookMs));
  assertEquals(clock.waiting, 0);
});

Deno.test("the client gathers all pages, and keeps the first one's revision", async () => {
  const monitor = new FakeMonitor();
  for (let at = 0; at < 1003; at++) {
    await monitor.store.put({
      kind: "put",
      key: `config/${String(at).padStart(4, "0")}`,
      value: { value: "" },
    });
  }
  const { client } = clientOf({ a: serving(monitor) });
  const { items, revision } = await client.configList();
  assertEquals([items.length, revision], [1003, 1003]);
  assertEquals(items.at(-1)!.key, "1002");
});

Deno.test("the client's refusals carry the server's code, remedy and details", async () => {
  const monitor = new FakeMonitor();
  await monitor.ask("PUT", "/v1/config/k", { value: "" });
  const { client } = clientOf({ a: serving(monitor) });
  const problem = await assertRejects(
    () => client.configPut("k", "v", { ifMatch: 9 }),
    Problem,
  );
  assertEquals([problem.code, problem.details.revision], [
    "precondition-failed",
    1,
  ]);
});

Deno.test("a watch goes on over broken connections without a gap or a repetition", async () => {
  const monitor = new FakeMonitor();
  const put = (value: string): Promise<unknown> =>
    monitor.ask("PUT", "/v1/config/k", { value });
  for (const value of ["1", "2", "3"]) await put(value);
  const serve = serving(monitor);
  let connections = 0;
  const { client, clock } = clientOf({
    a: async (request) => {
      if (connections === 1) {
        connections++;
        return await refusing();
      }
      const response = await serve(request);
      if (++connections > 3) return response;
      // The first connections break after their first change.
      const reader = response.body!.getReader();
      return new Response(
        new ReadableStream({
          async pull(controller): Promise<void> {
            const { value } = await reader.read();
            controller.enqueue(value);
            if (new TextDecoder().decode(value).includes("event: changes")) {
              await reader.cancel();
              controller.error(new Error("broken"));
            }
          },
        }, { highWaterMark: 0 }),
        { headers: response.headers },
      );
    },
  });
  const seen: number[] = [];
  async function watch(): Promise<void> {
    for await (
      const event of client.watch({ kinds: ["config"], since: 0 })
    ) {
      seen.push(event.revision);
      if (seen.length === 3) await put("4");
      if (seen.length === 4) break;
    }
  }
  await passTime(clock, watch());
  assertEquals(seen, [1, 2, 3, 4]);
  assert(connections > 2);
  assertEquals([clock.waiting, monitor.store.subscribers], [0, 0]);
});

Deno.test("a watch that missed something ends with compacted", async () => {
  const monitor = new FakeMonitor({ feedEvents: 2 });
  for (const value of ["1", "2", "3", "4"]) {
    await monitor.ask("PUT", "/v1/config/k", { value });
  }
  const { client } = clientOf({ a: serving(monitor) });
  const problem = await assertRejects(async () => {
    for await (const _ of client.watch({ kinds: ["config"], since: 1 }));
  }, Problem);
  assertEquals([problem.code, problem.details.oldestRevision], [
    "compacted",
    monitor.store.state.oldestRevision,
  ]);
});
