import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { text, utf8 } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import {
  type Address,
  NetworkError,
  type StreamConnection,
} from "../../src/platform/mod.ts";

const { streams, datagrams, http } = openPorts();
const ANY: Address = { host: "127.0.0.1", port: 0 };

Deno.test("Streams carry bytes both ways, and end with null", async () => {
  const accepted = Promise.withResolvers<StreamConnection>();
  const listener = await streams.listen(ANY, accepted.resolve);
  const near = await streams.connect(listener.address, 1000);
  const far = await accepted.promise;
  assertEquals(near.remote, listener.address);
  assertEquals(far.remote, near.local);

  const large = new Uint8Array(3_000_000).map((_, at) => at % 251);
  const sent = near.write(large);
  const received: number[] = [];
  while (received.length < large.length) {
    for (const byte of (await far.read())!) received.push(byte);
  }
  await sent;
  assert(received.every((byte, at) => byte === at % 251));

  await far.write(utf8("back"));
  assertEquals(text((await near.read())!), "back");
  far.close();
  far.close();
  assertEquals(await near.read(), null);
  near.close();
  await listener.close();
});

Deno.test("Streams.read hands out bytes that later reads do not change", async () => {
  const accepted = Promise.withResolvers<StreamConnection>();
  const listener = await streams.listen(ANY, accepted.resolve);
  const near = await streams.connect(listener.address, 1000);
  const far = await accepted.promise;
  await near.write(utf8("one"));
  const first = await far.read();
  await near.write(utf8("two"));
  await far.read();
  assertEquals(text(first!), "one");
  near.close();
  far.close();
  await listener.close();
});

Deno.test("StreamConnection.close ends a read under way, and writes fail as closed", async () => {
  const accepted = Promise.withResolvers<StreamConnection>();
  const listener = await streams.listen(ANY, accepted.resolve);
  const near = await streams.connect(listener.address, 1000);
  const far = await accepted.promise;
  const reading = near.read();
  near.close();
  assertEquals(await reading, null);
  const error = await assertRejects(() => near.write(utf8("x")), NetworkError);
  assertEquals(error.reason, "closed");
  far.close();
  await listener.close();
});

Deno.test("Streams say why: refused, in use, no such socket, no answer", async () => {
  const listener = await streams.listen(ANY, (c) => c.close());
  const taken = await assertRejects(
    () => streams.listen(listener.address, () => {}),
    NetworkError,
  );
  assertEquals(taken.reason, "in-use");
  await listener.close();
  const refused = await assertRejects(
    () => streams.connect(listener.address, 1000),
    NetworkError,
  );
  assertEquals(refused.reason, "refused");
  const missing = await assertRejects(
    () => streams.connect({ path: "/nonexistent/socket" }, 1000),
    NetworkError,
  );
  assertEquals(missing.reason, "refused");
});

Deno.test("Streams.connect gives up in time", async () => {
  // Nobody accepts, and the backlog is short: soon a call hangs.
  const deaf = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const address = { host: "127.0.0.1", port: deaf.addr.port };
  const connections: StreamConnection[] = [];
  const error = await assertRejects(async () => {
    for (let attempt = 0; attempt < 8; attempt++) {
      connections.push(await streams.connect(address, 100));
    }
  }, NetworkError);
  assertEquals(error.reason, "timeout");
  for (const connection of connections) connection.close();
  deaf.close();
});

Deno.test("Streams.connect reaches Unix sockets", async () => {
  const root = await Deno.makeTempDir();
  const path = `${root}/s`;
  const server = Deno.listen({ transport: "unix", path });
  const accepted = server.accept();
  const near = await streams.connect({ path }, 1000);
  const far = await accepted;
  await far.write(utf8("hi"));
  assertEquals(text((await near.read())!), "hi");
  near.close();
  far.close();
  server.close();
  await Deno.remove(root, { recursive: true });
});

Deno.test("Datagrams go whole, also large ones, with the sender's address", async () => {
  const received = Promise.withResolvers<[Uint8Array, Address]>();
  const here = await datagrams.bind(
    ANY,
    (bytes, from) => received.resolve([bytes, from]),
  );
  const there = await datagrams.bind(ANY, () => {});
  there.send(new Uint8Array(9000).fill(7), here.address);
  const [bytes, from] = await received.promise;
  assertEquals(bytes, new Uint8Array(9000).fill(7));
  assertEquals(from, there.address);
  const taken = await assertRejects(
    () => datagrams.bind(here.address, () => {}),
    NetworkError,
  );
  assertEquals(taken.reason, "in-use");
  here.close();
  there.close();
  there.send(new Uint8Array(1), here.address);
});

Deno.test("Http serves with the caller's address, and keeps connections alive", async () => {
  const ports = new Set<number>();
  const server = await http.serve(ANY, {
    handle: async (request, remote) => {
      ports.add(remote.port);
      assertEquals(remote.host, "127.0.0.1");
      return new Response(`${request.method} ${await request.text()}`);
    },
  });
  const url = `http://127.0.0.1:${server.address.port}/x`;
  for (let at = 0; at < 5; at++) {
    const request = new Request(url, { method: "POST", body: String(at) });
    const response = await http.fetch(request);
    assertEquals(await response.text(), `POST ${at}`);
  }
  assertEquals(ports.size, 1);
  await server.close();
});

Deno.test("Http says why: in use, refused, given up", async () => {
  const arrivals = [0, 1].map(() => Promise.withResolvers<void>());
  let count = 0;
  const server = await http.serve(ANY, {
    handle: () => {
      arrivals[count++]?.resolve();
      return new Promise(() => {});
    },
  });
  const taken = await assertRejects(
    () => http.serve(server.address, { handle: () => Promise.reject() }),
    NetworkError,
  );
  assertEquals(taken.reason, "in-use");

  const url = `http://127.0.0.1:${server.address.port}/`;
  const giveUp = new AbortController();
  const pending = http.fetch(new Request(url, { signal: giveUp.signal }));
  await arrivals[0]!.promise;
  giveUp.abort();
  const given = await assertRejects(() => pending, NetworkError);
  assertEquals(given.reason, "timeout");

  // Closing cuts off what never answers.
  const cut = http.fetch(new Request(url));
  await arrivals[1]!.promise;
  const [error] = await Promise.all([
    assertRejects(() => cut, NetworkError),
    server.close(),
  ]);
  assert(["closed", "refused"].includes(error.reason), error.message);
  const refused = await assertRejects(
    () => http.fetch(new Request(url)),
    NetworkError,
  );
  assertEquals(refused.reason, "refused");
});

Deno.test("Http.fetch: ending a request ends its answer's body, also when only the body is held", async () => {
  const server = await http.serve(ANY, {
    handle: () => Promise.resolve(new Response(endless())),
  });
  const url = `http://127.0.0.1:${server.address.port}/`;
  const controller = new AbortController();
  const reader = await readerOf(
    new Request(url, { signal: controller.signal }),
  );
  collectGarbage();
  const pending = assertRejects(() => reader.read());
  controller.abort(new Error("enough"));
  const error = await pending;
  assertEquals(error, controller.signal.reason);
  await server.close();
});

for (const method of ["PUT", "POST", "DELETE"]) {
  for (const next of ["takes another", "is gone"]) {
    Deno.test(`Http.fetch sends a ${method} once, when the connection ends without an answer and the server ${next}`, async () => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const requests: string[] = [];
      const serving = answerFirst(listener, requests, next === "is gone");
      const url = `http://127.0.0.1:${listener.addr.port}/`;
      // The connection is kept alive from here on.
      assertEquals(await (await http.fetch(new Request(url))).text(), "ok");
      const body = method === "DELETE" ? {} : { body: "value" };
      const error = await assertRejects(
        () => http.fetch(new Request(url, { method, ...body })),
        NetworkError,
      );
      assertEquals(error.reason, "closed");
      assertEquals(requests, ["GET", method]);
      if (next !== "is gone") listener.close();
      await serving;
    });
  }
}

Deno.test("Http.fetch sends again what may be repeated, when a kept connection ends without an answer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const serving = answerFirst(listener, requests, false);
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  assertEquals(await (await http.fetch(new Request(url))).text(), "ok");
  const request = new Request(url, { method: "POST", body: "value" });
  const answer = await http.fetch(request, { repeatable: true });
  assertEquals(await answer.text(), "ok");
  assertEquals(requests, ["GET", "POST", "POST"]);
  await http.fetch(new Request(url, { method: "POST" })).catch(() => {});
  listener.close();
  await serving;
});

/** Answers the first request of each connection, takes the second, and hangs up. */
async function answerFirst(
  listener: Deno.TcpListener,
  requests: string[],
  onlyOnce: boolean,
): Promise<void> {
  const serving: Promise<void>[] = [];
  for await (const connection of listener) {
    serving.push((async () => {
      for (
        const answer of ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", ""]
      ) {
        const bytes = new Uint8Array(4096);
        const length = await connection.read(bytes);
        if (length === null) break;
        requests.push(text(bytes.subarray(0, length)).split(" ")[0]!);
        if (answer !== "") await connection.write(utf8(answer));
        else if (onlyOnce) listener.close();
      }
      connection.close();
    })());
  }
  await Promise.all(serving);
}

/** One byte, and then nothing for ever. */
function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
  });
}

/** The rest of an answer, of which nobody holds more than that. */
async function readerOf(
  request: Request,
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const { body } = await http.fetch(request);
  const reader = body!.getReader();
  await reader.read();
  return reader;
}

/** A pass over all of the heap, now. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
}
