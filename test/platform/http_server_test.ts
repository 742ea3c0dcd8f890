/** The HTTP server on real sockets, spoken to byte by byte. */

import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { LIMITS, Prng, text, utf8 } from "../../src/base/mod.ts";
import type { HttpService, Listener } from "../../src/platform/mod.ts";
import { DenoHttp } from "../../src/platform/deno/http.ts";
import { ChunkedBody } from "../../src/platform/deno/http_body.ts";

const ANY = { host: "127.0.0.1", port: 0 };

/** Tells what arrived; `/quick…` the quick way. */
const ECHO: HttpService = {
  async handle(request) {
    const { pathname, search, host } = new URL(request.url);
    const body = await request.text();
    return new Response(
      `${request.method} ${pathname}${search} at ${host} <${body}>`,
      { headers: { "x-seen": request.headers.get("x-say") ?? "-" } },
    );
  },
  quick({ method, target, headers, body }) {
    if (!target.startsWith("/quick")) return null;
    const text = new TextDecoder().decode(body);
    return Promise.resolve({
      status: 200,
      headers: { "x-seen": headers.get("x-say") ?? "-" },
      body: `quick ${method} ${target} <${text}>`,
    });
  },
};

/** A connection that reads until it ends. */
class Caller {
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async to(server: Listener): Promise<Caller> {
    const { host: hostname, port } = server.address;
    return new Caller(await Deno.connect({ hostname, port }));
  }

  async say(bytes: string | Uint8Array): Promise<void> {
    const rest = typeof bytes === "string" ? utf8(bytes) : bytes;
    let at = 0;
    while (at < rest.length) {
      at += await this.#connection.write(rest.subarray(at));
    }
  }

  /** What comes until `mark` does. */
  async hear(mark: string): Promise<string> {
    const buffer = new Uint8Array(65_536);
    let text = "";
    while (!text.includes(mark)) {
      const count = await this.#connection.read(buffer);
      if (count === null) throw new Error(`it ended: ${text}`);
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return text;
  }

  /** Everything up to the end, which the server makes. */
  async rest(): Promise<string> {
    const text = await new Response(this.#connection.readable).text();
    return text.replaceAll(/^date: .*\r\n/gm, "");
  }

  close(): void {
    this.#connection.close();
  }
}

/** All that a server answers to these bytes on one connection. */
async function answersTo(
  service: HttpService,
  ...parts: readonly (string | Uint8Array)[]
): Promise<string> {
  const server = await new DenoHttp().serve(ANY, service);
  const caller = await Caller.to(server);
  for (const part of parts) await caller.say(part);
  const rest = await caller.rest();
  await server.close();
  return rest;
}

const LAST = "GET /quick HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const LAST_ANSWER =
  "HTTP/1.1 200 OK\r\nx-seen: -\r\ncontent-length: 19\r\nconnection: close\r\n\r\n" +
  "quick GET /quick <>";

function chunked(text: string): string {
  const length = utf8(text).length.toString(16);
  return "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\nx-seen: -\r\n" +
    `transfer-encoding: chunked\r\n\r\n${length}\r\n${text}\r\n0\r\n\r\n`;
}

Deno.test("HttpServer answers what is sent at once in its order, either way", async () => {
  const heard = await answersTo(
    ECHO,
    "\r\nPUT /quick/1 HTTP/1.1\r\nHost: h\r\nX-Say: hi\r\ncontent-length: 3\r\n\r\nabc" +
      "POST /a?b=c HTTP/1.1\r\nhost: h:1\r\nCONTENT-LENGTH:  4 \r\n\r\nbody" +
      "GET http://other/quick HTTP/1.1\r\nHost: h\r\n\r\n" + LAST,
  );
  assertEquals(
    heard,
    "HTTP/1.1 200 OK\r\nx-seen: hi\r\ncontent-length: 24\r\n\r\nquick PUT /quick/1 <abc>" +
      chunked("POST /a?b=c at h:1 <body>") +
      "HTTP/1.1 200 OK\r\nx-seen: -\r\ncontent-length: 19\r\n\r\nquick GET /quick <>" +
      LAST_ANSWER,
  );
});

Deno.test("HttpServer puts chunks together and passes over extensions and trailers", async () => {
  const heard = await answersTo(
    ECHO,
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n" +
      "3;x=y\r\nabc\r\n00a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
    LAST,
  );
  assertEquals(heard, chunked("POST /c at h <abc0123456789>") + LAST_ANSWER);
});

Deno.test("HttpServer does not mind how its input is cut", async () => {
  const big = "x".repeat(9_000);
  const stream = utf8(
    `PUT /quick/u HTTP/1.1\r\nHost: h\r\ncontent-length: ${big.length}\r\n\r\n${big}` +
      `POST /p HTTP/1.1\r\nHost: h\r\nX-Long: ${big}\r\ncontent-length: 6\r\n\r\nü🙂` +
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
      `2328;e\r\n${big}\r\n1\r\n!\r\n0\r\n\r\n` + LAST,
  );
  const whole = await answersTo(ECHO, stream);
  assert(whole.endsWith(LAST_ANSWER) && whole.includes("<ü🙂>"));
  const prng = new Prng(7);
  for (let round = 0; round < 20; round++) {
    const parts: Uint8Array[] = [];
    const longest = 1 + prng.below(round % 2 === 0 ? 40 : 6_000);
    for (let at = 0; at < stream.length;) {
      const end = Math.min(stream.length, at + 1 + prng.below(longest));
      parts.push(stream.slice(at, end));
      at = end;
    }
    assertEquals(await answersTo(ECHO, ...parts), whole);
  }
});

Deno.test("HttpServer puts chunks together whose bytes are read over meanwhile", () => {
  const body = new ChunkedBody(100);
  const room = Buffer.alloc(16);
  for (const piece of ["5\r\nhello", "\r\n6\r\n wor", "ld\r\n0\r\n\r\n"]) {
    const length = room.write(piece);
    assertEquals(body.take(room.subarray(0, length)), length);
  }
  assertEquals(body.ended, true);
  assertEquals(text(body.bytes()), "hello world");
});

const REFUSED: readonly (readonly [number, string, string])[] = [
  [400, "no HTTP", "hello\r\n\r\n"],
  [400, "no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n"],
  [505, "a version to come", "GET / HTTP/2.0\r\nHost: h\r\n\r\n"],
  [400, "no Host", "GET / HTTP/1.1\r\n\r\n"],
  [400, "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
  [400, "a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"],
  [400, "a target with a space", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"],
  [400, "a target beyond ASCII", "GET /ü HTTP/1.1\r\nHost: h\r\n\r\n"],
  [400, "a target that is no path", "GET * HTTP/1.1\r\nHost: h\r\n\r\n"],
  [400, "a folded field", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n"],
  [400, "a space before a colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n"],
  [400, "a field without a name", "GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"],
  [400, "a bare line feed", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n"],
  [400, "a control character", "GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n"],
  [
    400,
    "two lengths",
    "PUT /quick HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  ],
  [
    400,
    "a length with a sign",
    "PUT /quick HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na",
  ],
  [
    400,
    "a length and chunks",
    "PUT /quick HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    501,
    "another coding",
    "PUT /quick HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
  ],
  [
    400,
    "chunks in HTTP/1.0",
    "PUT /quick HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    400,
    "a chunk of no size",
    "PUT /quick HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
  ],
  [
    400,
    "a chunk longer than it said",
    "PUT /quick HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
  ],
  [
    400,
    "a chunk's size ended by a bare line feed",
    "PUT /quick HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n",
  ],
  [501, "CONNECT", "CONNECT /x HTTP/1.1\r\nHost: h\r\n\r\n"],
  [431, "an endless head", `GET / HTTP/1.1\r\nA: ${"x".repeat(16_384)}`],
  [
    431,
    "too many fields",
    `GET / HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(100)}\r\n`,
  ],
];

for (const [status, what, bytes] of REFUSED) {
  Deno.test(`HttpServer refuses ${what} and hangs up`, async () => {
    const heard = await answersTo(ECHO, bytes);
    assertEquals(heard.slice(0, 12), `HTTP/1.1 ${status}`);
    assert(heard.includes("\r\nconnection: close\r\n"));
  });
}

Deno.test("HttpServer hands on a request whose body is too long, without the body", async () => {
  const announced = LIMITS.requestBodyBytes + 1;
  const service: HttpService = {
    handle: async (request) =>
      new Response(
        `${request.headers.get("content-length")} ${
          (await request.arrayBuffer()).byteLength
        }`,
      ),
    quick: () => {
      throw new Error("the quick way sees whole requests only");
    },
  };
  const heard = await answersTo(
    service,
    `PUT /quick HTTP/1.1\r\nHost: h\r\nContent-Length: ${announced}\r\n` +
      "Expect: 100-continue\r\n\r\n",
  );
  assert(heard.includes(`\r\n${announced} 0\r\n`), heard);
  assert(!heard.includes("100 Continue"));
});

Deno.test("HttpServer reads no more of endless chunks than it must", async () => {
  const service: HttpService = {
    handle: async (request) =>
      new Response(String((await request.arrayBuffer()).byteLength)),
  };
  const server = await new DenoHttp().serve(ANY, service);
  const caller = await Caller.to(server);
  await caller.say(
    "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const chunk = utf8(`100000\r\n${"x".repeat(0x100000)}\r\n`);
  for (let sent = 0; sent <= LIMITS.requestBodyBytes; sent += 0x100000) {
    await caller.say(chunk);
  }
  const heard = await caller.rest();
  const length = Number(/\r\n(\d+)\r\n0\r\n\r\n$/.exec(heard)?.[1] ?? 0);
  assert(length > LIMITS.requestBodyBytes, heard);
  await server.close();
});

Deno.test("HttpServer invites a body that waits for leave", async () => {
  const server = await new DenoHttp().serve(ANY, ECHO);
  const caller = await Caller.to(server);
  await caller.say(
    "PUT /quick HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
  );
  assertEquals(
    await caller.hear("\r\n\r\n"),
    "HTTP/1.1 100 Continue\r\n\r\n",
  );
  await caller.say("ok");
  await caller.hear("<ok>");
  caller.close();
  await server.close();
});

Deno.test("HttpServer ends the connection after an answer to HTTP/1.0, and where there is no length", async () => {
  const heard = await answersTo(ECHO, "GET /old HTTP/1.0\r\n\r\n");
  assertEquals(
    heard,
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\nx-seen: -\r\n" +
      "connection: close\r\n\r\nGET /old at localhost <>",
  );
});

Deno.test("HttpServer sends no body where there must be none", async () => {
  const service: HttpService = {
    handle: (request) => {
      const status = Number(new URL(request.url).pathname.slice(1));
      const isHead = request.method === "HEAD";
      const response = new Response(isHead ? "body" : null, { status });
      response.headers.delete("content-type");
      return Promise.resolve(response);
    },
  };
  const heard = await answersTo(
    service,
    "GET /204 HTTP/1.1\r\nHost: h\r\n\r\nGET /304 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /200 HTTP/1.1\r\nHost: h\r\n\r\n",
    "HEAD /200 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  );
  assertEquals(
    heard,
    "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n" +
      "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" +
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
  );
});

Deno.test("HttpServer passes a stream on as it comes, and tells when the client goes", async () => {
  const gone = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const service: HttpService = {
    handle(request) {
      request.signal.addEventListener("abort", () => gone.resolve());
      let count = 0;
      const stream = new ReadableStream<Uint8Array>({
        pull(controller): Promise<void> | void {
          if (++count > 2) return cancelled.promise;
          controller.enqueue(utf8(`event ${count}\n`));
        },
        cancel: () => cancelled.resolve(),
      });
      return Promise.resolve(new Response(stream));
    },
  };
  const server = await new DenoHttp().serve(ANY, service);
  const caller = await Caller.to(server);
  await caller.say("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const heard = await caller.hear("event 2\n");
  assert(heard.includes("\r\n8\r\nevent 1\n\r\n"), heard);
  caller.close();
  await gone.promise;
  await server.close();
  cancelled.resolve();
});

Deno.test("HttpServer breaks off an answer whose source fails", async () => {
  const service: HttpService = {
    handle() {
      let begun = false;
      return Promise.resolve(
        new Response(
          new ReadableStream<Uint8Array>({
            pull(controller): void {
              if (begun) controller.error(new Error("lost"));
              else controller.enqueue(utf8("half"));
              begun = true;
            },
          }),
        ),
      );
    },
  };
  const heard = await answersTo(service, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  assert(heard.includes("half") && !heard.includes("\r\n0\r\n\r\n"), heard);
});

Deno.test("HttpServer when closing hangs up on idle callers and lets answers end", async () => {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const service: HttpService = {
    async handle() {
      asked.resolve();
      await release.promise;
      return new Response("late");
    },
  };
  const server = await new DenoHttp().serve(ANY, service);
  const idle = await Caller.to(server);
  const busy = await Caller.to(server);
  await busy.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await asked.promise;
  const closed = server.close();
  assertEquals(await idle.rest(), "");
  release.resolve();
  assert((await busy.rest()).endsWith("4\r\nlate\r\n0\r\n\r\n"));
  await closed;
});
