import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/platform/ports.ts";
import type { Stage } from "./stage.ts";
import { soon, stage, watch } from "./stage.ts";

const SERVER = { host: "10.0.0.2", port: 80 };
const URL_BASE = "http://10.0.0.2:80";

async function serve(
  on: Stage,
  handle: (request: Request) => Promise<Response>,
) {
  const { world, a, b } = on;
  const client = a.start("client", ["client"]);
  const server = b.start("server", ["server"]);
  await soon(world, world.ports(server).http.serve(SERVER, { handle }));
  return { client, server, http: world.ports(client).http };
}

Deno.test("http carries method, headers, body and status both ways", async () => {
  const on = stage();
  const { http } = await serve(on, async (request) => {
    const body = await request.text();
    return new Response(
      `${request.method} ${new URL(request.url).pathname} ${body}`,
      { status: 201, headers: { "x-echo": request.headers.get("x-in")! } },
    );
  });
  const response = await soon(
    on.world,
    http.fetch(
      new Request(`${URL_BASE}/path?q=1`, {
        method: "PUT",
        headers: { "x-in": "yes" },
        body: "content",
      }),
    ),
  );
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("x-echo"), "yes");
  assertEquals(await soon(on.world, response.text()), "PUT /path content");
});

Deno.test("http answers without a body", async () => {
  const on = stage();
  const { http } = await serve(
    on,
    () => Promise.resolve(new Response(null, { status: 204 })),
  );
  const response = await soon(on.world, http.fetch(new Request(URL_BASE)));
  assertEquals([response.status, response.body], [204, null]);
});

Deno.test("http streams a body as it is written, and tells the server that the reader went", async () => {
  const on = stage();
  let cancelled = false;
  let aborted = false;
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const { http } = await serve(on, (request) => {
    request.signal.addEventListener("abort", () => aborted = true);
    return Promise.resolve(
      new Response(
        new ReadableStream<Uint8Array>({
          start: (given) => void (controller = given),
          cancel: () => void (cancelled = true),
        }),
      ),
    );
  });
  const response = await soon(on.world, http.fetch(new Request(URL_BASE)));
  const reader = response.body!.getReader();
  for (const byte of [1, 2, 3]) {
    const read = reader.read();
    controller!.enqueue(new Uint8Array([byte]));
    assertEquals([...(await soon(on.world, read)).value!], [byte]);
  }
  await soon(on.world, reader.cancel());
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1000);
  assertEquals([cancelled, aborted], [true, true]);
});

Deno.test("http fetch is refused where nothing listens and honours an abort", async () => {
  const on = stage();
  const { http } = await serve(on, () => new Promise(() => {}));
  const elsewhere = soon(
    on.world,
    http.fetch(new Request("http://10.0.0.2:81")),
  );
  const refused = await assertRejects(() => elsewhere, NetworkError);
  assertEquals(refused.reason, "refused");
  const abort = new AbortController();
  const pending = watch(
    http.fetch(new Request(URL_BASE, { signal: abort.signal })),
  );
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1000);
  assertEquals(pending, {});
  abort.abort(new Error("enough"));
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1);
  assertEquals((pending.error as Error).message, "enough");
});

Deno.test("http loses an answer whose request was executed when the server dies in between", async () => {
  const on = stage();
  let executed = 0;
  const { http, server } = await serve(on, () => {
    executed++;
    server.end("killed");
    return Promise.resolve(new Response("done"));
  });
  const lost = watch(http.fetch(new Request(URL_BASE)));
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1000);
  assertEquals(executed, 1);
  assert(lost.error instanceof NetworkError);
});

Deno.test("http breaks a body off when the server dies in the middle of it", async () => {
  const on = stage();
  const { http, server } = await serve(on, () =>
    Promise.resolve(
      new Response(
        new ReadableStream<Uint8Array>({
          start: (given) => given.enqueue(new Uint8Array([1])),
        }),
      ),
    ));
  const response = await soon(on.world, http.fetch(new Request(URL_BASE)));
  const whole = watch(response.arrayBuffer());
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 100);
  server.end("killed");
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 100);
  assert(whole.error instanceof NetworkError);
});

Deno.test("http reports a handler that throws as an uncaught failure of the world", async () => {
  const on = stage();
  const { http } = await serve(on, () => Promise.reject(new Error("bug")));
  watch(http.fetch(new Request(URL_BASE)));
  await on.world.calendar.runUntil(on.world.calendar.nowMs + 1000);
  assertEquals(on.world.failures.map(({ oracle }) => oracle), ["uncaught"]);
});

Deno.test("http never delivers the end of an answer whose beginning was lost in a crash", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const on = stage({
      seed,
      network: { latencyMeanMs: 20, spikeChance: 0.3, spikeMs: 200 },
    });
    const { http } = await serve(
      on,
      () => Promise.resolve(new Response("whole")),
    );
    const abort = new AbortController();
    const request = new Request(URL_BASE, { signal: abort.signal });
    const texts: string[] = [];
    for (let count = 0; count < 20; count++) {
      http.fetch(request).then((response) => response.text())
        .then((text) => texts.push(text), () => texts.push("whole"));
    }
    on.world.calendar.after(60, () => on.b.crash());
    on.world.calendar.after(100, () => on.b.boot());
    on.world.calendar.after(1_000, () => abort.abort());
    await on.world.calendar.runUntil(on.world.calendar.nowMs + 5_000);
    assertEquals(texts, Array(20).fill("whole"));
  }
});
