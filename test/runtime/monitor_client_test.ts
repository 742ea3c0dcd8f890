import { assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { createMonitorClient } from "../../src/runtime/mod.ts";
import { NetworkError } from "../../src/platform/mod.ts";
import {
  FakeClock,
  type FakeMonitor,
  fakePorts,
  Refusal,
} from "./fake_ports.ts";

const MONITORS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map((host) => ({
  host,
  port: 24010,
}));

function clientOf(monitor: FakeMonitor): {
  clock: FakeClock;
  client: ReturnType<typeof createMonitorClient>;
} {
  const clock = new FakeClock();
  return {
    clock,
    client: createMonitorClient(fakePorts(clock, monitor), {
      addresses: MONITORS,
    }),
  };
}

Deno.test("createMonitorClient stays with the monitor that answers", async () => {
  const asked: string[] = [];
  const { client } = clientOf(({ host }) => {
    asked.push(host);
    return { host };
  });
  assertEquals(await client.call("GET", "/x", undefined, 1_000), {
    host: "127.0.0.1",
  });
  await client.call("POST", "/x", { a: 1 }, 1_000);
  assertEquals(asked, ["127.0.0.1", "127.0.0.1"]);
});

Deno.test("createMonitorClient goes on where there is no leader or no answer, and stays there", async () => {
  const asked: string[] = [];
  const { client } = clientOf(({ host }) => {
    asked.push(host);
    if (host === "127.0.0.1") throw new NetworkError("refused", "nobody");
    if (host === "127.0.0.2") return new Refusal(503, "no-leader", "none");
    return null;
  });
  assertEquals(await client.call("GET", "/x", undefined, 1_000), null);
  await client.call("GET", "/x", undefined, 1_000);
  assertEquals(asked, ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.3"]);
});

Deno.test("createMonitorClient takes a refusal for an answer", async () => {
  const asked: string[] = [];
  const { client } = clientOf(({ host }) => {
    asked.push(host);
    return new Refusal(409, "name-taken", "w1 is taken", "take another");
  });
  const problem = await assertRejects(
    () => client.call("POST", "/x", {}, 1_000),
    Problem,
    "w1 is taken",
  );
  assertEquals(problem.code, "name-taken");
  assertEquals(problem.line, "w1 is taken; take another");
  assertEquals(asked, ["127.0.0.1"]);
});

Deno.test("createMonitorClient gives each monitor its time, then says that none answers", async () => {
  const asked: string[] = [];
  const { clock, client } = clientOf(({ host }) => {
    asked.push(host);
    return new Promise(() => {});
  });
  const call = assertRejects(
    () => client.call("GET", "/x", undefined, 500),
    Problem,
    "did not answer",
  );
  await clock.turn(1_600);
  assertEquals((await call).code, "unreachable");
  assertEquals(asked, ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
  assertEquals(clock.waiting, 0);
});

Deno.test("createMonitorClient takes an answer that came while the process stood still past its deadline", async () => {
  let answer = (_: unknown): void => {};
  const { clock, client } = clientOf(({ host }) =>
    new Promise((resolve) => answer = () => resolve({ host }))
  );
  const call = client.call("GET", "/x", undefined, 500);
  await clock.turn(100);
  clock.pause(2_000);
  // Woken: the timer is called first, and then what has arrived is read.
  await clock.turn(0);
  answer(null);
  assertEquals(await call, { host: "127.0.0.1" });
  assertEquals(clock.waiting, 0);
});

Deno.test("createMonitorClient goes on soon after a pause that brought no answer", async () => {
  const asked: string[] = [];
  const { clock, client } = clientOf(({ host }) => {
    asked.push(host);
    return host === "127.0.0.1" ? new Promise(() => {}) : null;
  });
  const call = client.call("GET", "/x", undefined, 500);
  await clock.turn(100);
  clock.pause(2_000);
  await clock.turn(200);
  assertEquals(await call, null);
  assertEquals(asked, ["127.0.0.1", "127.0.0.2"]);
});

Deno.test("createMonitorClient abandons a call at its caller's word", async () => {
  const { client } = clientOf(() => new Promise(() => {}));
  const abandon = new AbortController();
  const call = assertRejects(
    () => client.call("GET", "/x", undefined, 500, abandon.signal),
    Problem,
  );
  abandon.abort();
  await call;
});

Deno.test("createMonitorClient survives an answer that is not JSON", async () => {
  const clock = new FakeClock();
  const ports = {
    ...fakePorts(clock, () => null),
    http: {
      serve: () => Promise.reject(new Error("unused")),
      fetch: () => Promise.resolve(new Response("<html>", { status: 502 })),
    },
  };
  const client = createMonitorClient(ports, { addresses: MONITORS });
  const problem = await assertRejects(
    () => client.call("GET", "/x", undefined, 500),
    Problem,
  );
  assertEquals(problem.code, "internal");
});

Deno.test("createMonitorClient begins where the worker belongs, and goes back there after a while", async () => {
  const asked: string[] = [];
  const clock = new FakeClock();
  let ill = "127.0.0.3";
  const ports = fakePorts(clock, ({ host }) => {
    asked.push(host);
    if (host === ill) throw new NetworkError("refused", "nobody");
    return null;
  });
  const client = createMonitorClient(ports, { addresses: MONITORS }, () => 2);
  await client.call("GET", "/x", undefined, 1_000);
  assertEquals(asked, ["127.0.0.3", "127.0.0.1"]);
  ill = "";
  await clock.turn(200_000);
  await client.call("GET", "/x", undefined, 1_000);
  assertEquals(asked.at(-1), "127.0.0.1");
  await clock.turn(200_000);
  await client.call("GET", "/x", undefined, 1_000);
  assertEquals(asked.at(-1), "127.0.0.3");
});
