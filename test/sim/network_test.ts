import { assert, assertEquals } from "@std/assert";
import { concat, text, utf8 } from "../../src/base/mod.ts";
import { NetworkError } from "../../src/platform/ports.ts";
import type { StreamConnection } from "../../src/platform/ports.ts";
import type { Stage } from "./stage.ts";
import { soon, stage, watch } from "./stage.ts";

const SERVER = { host: "10.0.0.2", port: 7 };

/** A process on each host, one of which echoes on port 7. */
function echo(on: Stage) {
  const { world, a, b } = on;
  const client = a.start("client", ["client"]);
  const server = b.start("server", ["server"]);
  const accepted: StreamConnection[] = [];
  const listening = world.ports(server).streams.listen(SERVER, (connection) => {
    accepted.push(connection);
    void (async () => {
      while (true) {
        const bytes = await connection.read();
        if (bytes === null) return;
        await connection.write(bytes).catch(() => {});
      }
    })();
  });
  return { client, server, accepted, listening, ports: world.ports(client) };
}

async function readText(connection: StreamConnection, length: number) {
  const parts: Uint8Array[] = [];
  let count = 0;
  while (count < length) {
    const bytes = await connection.read();
    if (bytes === null) break;
    parts.push(bytes);
    count += bytes.length;
  }
  return text(concat(parts));
}

Deno.test("streams carry bytes in order through a network that splits, delays and retransmits", async () => {
  const on = stage({
    network: { splitChance: 0.5, retransmitChance: 0.2, latencyMeanMs: 5 },
  });
  const { ports, listening } = echo(on);
  await soon(on.world, listening);
  const connection = await soon(
    on.world,
    ports.streams.connect(SERVER, 1000),
  );
  let sent = "";
  for (let line = 0; line < 50; line++) {
    sent += `line ${line};`;
    await soon(on.world, connection.write(utf8(`line ${line};`)));
  }
  const got = await soon(on.world, readText(connection, sent.length));
  assertEquals(got, sent);
});

Deno.test("streams refuse where nothing listens, time out at a host that is down, and know unknown addresses", async () => {
  const { world, a, b } = stage();
  const { streams } = world.ports(a.start("client", ["client"]));
  const reasons: string[] = [];
  const attempt = async (host: string): Promise<void> => {
    try {
      await soon(world, streams.connect({ host, port: 7 }, 500));
    } catch (error) {
      assert(error instanceof NetworkError);
      reasons.push(error.reason);
    }
  };
  await attempt("10.0.0.2");
  b.crash();
  await attempt("10.0.0.2");
  await attempt("10.9.9.9");
  assertEquals(reasons, ["refused", "timeout", "unreachable"]);
});

Deno.test("streams end at the other side when a process is killed, and hang when its host crashes", async () => {
  for (const how of ["kill", "crash"]) {
    const on = stage();
    const { ports, listening, server } = echo(on);
    await soon(on.world, listening);
    const connection = await soon(
      on.world,
      ports.streams.connect(SERVER, 1000),
    );
    const read = watch(connection.read());
    if (how === "kill") server.end("killed");
    else on.b.crash();
    await on.world.calendar.runUntil(on.world.calendar.nowMs + 60_000);
    assertEquals("value" in read, how === "kill");
    if (how === "crash") {
      on.b.boot();
      await soon(on.world, connection.write(utf8("anybody?")));
      await on.world.calendar.runUntil(on.world.calendar.nowMs + 60_000);
      assertEquals(read.value, null, "a reset ends it");
    }
  }
});

Deno.test("streams stall in a cut that goes one way and recover when it is mended", async () => {
  const on = stage();
  const { ports, listening, accepted } = echo(on);
  await soon(on.world, listening);
  const connection = await soon(on.world, ports.streams.connect(SERVER, 1000));
  on.world.network.cut(on.b, on.a);
  await soon(on.world, connection.write(utf8("ping")));
  const read = watch(connection.read());
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 5_000);
  assertEquals(accepted.length, 1);
  assertEquals(read, {});
  on.world.network.mendAll();
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 5_000);
  assertEquals(text(read.value!), "ping");
});

Deno.test("streams let a sender give up after long, while a silent receiver learns nothing", async () => {
  const on = stage({ network: { breakAfterMs: 4_000 } });
  const { ports, listening, accepted } = echo(on);
  await soon(on.world, listening);
  const connection = await soon(on.world, ports.streams.connect(SERVER, 1000));
  const near = watch(connection.read());
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 10);
  on.world.network.cut(on.a, on.b);
  await soon(on.world, connection.write(utf8("ping")));
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 60_000);
  assertEquals(near.value, null);
  on.world.network.mendAll();
  await soon(on.world, accepted[0]!.write(utf8("hello")));
});

Deno.test("streams make a writer wait for a reader that is behind", async () => {
  const { world, a, b } = stage();
  const client = world.ports(a.start("client", ["client"])).streams;
  const server = world.ports(b.start("server", ["server"])).streams;
  const accepted: StreamConnection[] = [];
  await soon(world, server.listen(SERVER, (one) => void accepted.push(one)));
  const connection = await soon(world, client.connect(SERVER, 1000));
  const block = new Uint8Array(300_000);
  await soon(world, connection.write(block));
  const second = watch(connection.write(block));
  await world.calendar.runUntil(world.calendar.nowMs + 1000);
  assertEquals("value" in second, false);
  await soon(world, accepted[0]!.read());
  await world.calendar.runUntil(world.calendar.nowMs + 1000);
  assertEquals("value" in second, true);
});

Deno.test("a paused process receives when it resumes, a dead one never acts again", async () => {
  const on = stage();
  const { ports, listening, client } = echo(on);
  await soon(on.world, listening);
  const connection = await soon(on.world, ports.streams.connect(SERVER, 1000));
  await soon(on.world, connection.write(utf8("ping")));
  client.pause();
  const read = watch(connection.read());
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1000);
  assertEquals(read, {});
  client.resume();
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1000);
  assertEquals(text(read.value!), "ping");
  const late = watch(connection.read());
  let rang = false;
  ports.clock.after(5, () => rang = true);
  client.end("killed");
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1000);
  assertEquals([late, rang], [{}, false]);
});

Deno.test("datagrams are lost, doubled and overtaken as the weather says", async () => {
  const on = stage({
    network: { lossChance: 0.3, duplicateChance: 0.3, latencyMeanMs: 20 },
  });
  const { world, a, b } = on;
  const got: number[] = [];
  await soon(
    world,
    world.ports(b.start("r", ["r"])).datagrams.bind(
      { host: "10.0.0.2", port: 9 },
      (bytes, from) => {
        assertEquals(from.host, "10.0.0.1");
        got.push(bytes[0]!);
      },
    ),
  );
  const socket = await soon(
    world,
    world.ports(a.start("s", ["s"])).datagrams.bind(
      { host: "10.0.0.1", port: 0 },
      () => {},
    ),
  );
  for (let number = 0; number < 100; number++) {
    socket.send(new Uint8Array([number]), { host: "10.0.0.2", port: 9 });
  }
  await world.calendar.runUntil(world.calendar.nowMs + 5_000);
  const distinct = new Set(got).size;
  assert(distinct > 40 && distinct < 95, "some are lost");
  assert(got.length > distinct, "some come twice");
  assert(got.some((one, at) => at > 0 && one < got[at - 1]!), "order is lost");
});
