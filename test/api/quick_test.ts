/**
 * The quick way through the API and the long one must not be told apart: each
 * request is put to two monitors alike, once either way, and the answers compared.
 */

import { assertEquals } from "@std/assert";
import { Problem, utf8 } from "../../src/base/mod.ts";
import type { PlainAnswer } from "../../src/platform/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

interface Asked {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const JSON_TYPE = { "content-type": "application/json" };

function put(
  key: string,
  body: string | Uint8Array<ArrayBuffer> = '{"value":"new"}',
  headers: Readonly<Record<string, string>> = JSON_TYPE,
): Asked {
  return { method: "PUT", target: `/v1/config/${key}`, headers, body };
}

function get(key: string, headers: Record<string, string> = {}): Asked {
  return { method: "GET", target: `/v1/config/${key}`, headers };
}

function brief(
  body: string,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
): Asked {
  return { method: "POST", target: "/v1/checkins/brief", headers, body };
}

const QUICK: readonly Asked[] = [
  brief('[["w1","b",1,2,3]]'),
  brief('[["w1","b",1,2,3],["w2","b",1,2,3,4,"newer"]]'),
  brief('[["w8","b",1,2,3]]'),
  brief('[["w9","b",1,2,3]]'),
  brief('[["w8","b",1,2,3],["w9","b",1,2,3]]'),
  put("a"),
  put("old"),
  put("app/data_base/url-1.x~y"),
  put("a", '{ "value" : "" }'),
  put("a", '{"value":"schön \\n \\"quoted\\" 🙂"}'),
  put("k".repeat(512)),
  put("k".repeat(513)),
  put("a", `{"value":"${"v".repeat(1024 * 1024 + 1)}"}`),
  get("old"),
  get("missing"),
  get("old", { accept: "text/html", "user-agent": "x", "content-type": "y" }),
  get("k".repeat(513)),
];

const LONG: readonly Asked[] = [
  brief('[["w1","b",1,2,3]]', {}),
  brief('[["w1","b",1,2,3]]', { ...JSON_TYPE, "x-request-id": "mine" }),
  brief("[]"),
  brief("{}"),
  brief("["),
  brief('[["w1","b",1,2]]'),
  brief('[["","b",1,2,3]]'),
  brief('[["w1","b",0,2,3]]'),
  brief('[["w1","b","1",2,3]]'),
  brief('[["w1","b",1,2,-3]]'),
  brief('[["w1","b",1,2,3,"4"]]'),
  brief('[["w1","b",1,2,3,-4]]'),
  brief('[["w1","b",1,2,3],7]'),
  brief('[["w\\u0031","b",1,2,3]]'),
  { ...brief('[["w1","b",1,2,3]]'), method: "PUT" },
  { ...brief('[["w1","b",1,2,3]]'), target: "/v1/checkins/brief?x=1" },
  put(""),
  put("/a"),
  put("a/"),
  put("a//b"),
  put("a/../b"),
  put("..."),
  put(".a"),
  put("a%20b"),
  put("a%2"),
  put("a?x=1"),
  put("a:b"),
  put("a", ""),
  put("a", "{"),
  put("a", "null"),
  put("a", '"x"'),
  put("a", "[]"),
  put("a", '["value"]'),
  put("a", "{}"),
  put("a", '{"value":1}'),
  put("a", '{"value":null}'),
  put("a", '{"value":"x","more":1}'),
  put("a", '{"value":"x","__proto__":1}'),
  put("a", '{"value":"\\ud800"}'),
  put("a", new Uint8Array([...utf8('{"value":"'), 0xff, 0x22, 0x7d])),
  put("a", undefined, {}),
  put("a", undefined, { "content-type": "text/plain" }),
  put("a", undefined, { "content-type": "application/json; charset=utf-8" }),
  put("a", undefined, { ...JSON_TYPE, "if-match": '"1"' }),
  put("a", undefined, { ...JSON_TYPE, "if-none-match": "*" }),
  put("a", undefined, { ...JSON_TYPE, "idempotency-key": "k" }),
  put("a", undefined, { ...JSON_TYPE, "x-request-id": "mine" }),
  get("old?consistency=stale"),
  get("old", { "if-none-match": '"2"' }),
  { ...get("old"), body: "x" },
  { method: "DELETE", target: "/v1/config/old" },
  { method: "HEAD", target: "/v1/config/old" },
  { method: "put", target: "/v1/config/a" },
  { method: "GET", target: "/v1/config" },
  { method: "GET", target: "/v1/configuration/old" },
  { method: "GET", target: "/v1/volumes" },
];

async function monitor(): Promise<FakeMonitor> {
  const made = new FakeMonitor();
  await made.ask("PUT", "/v1/config/old", { value: "as it was" });
  made.briefAnswers.set("w8", { leaseMs: 8 });
  made.briefAnswers.set("w9", new Problem("name-taken", "taken", "leave"));
  return made;
}

function quickly(
  { api }: FakeMonitor,
  { method, target, headers = {}, body = "" }: Asked,
): Promise<PlainAnswer> | null {
  return api.quick({
    method,
    target,
    headers: new Map(Object.entries(headers)),
    body: typeof body === "string" ? utf8(body) : body,
  });
}

async function atLength(
  { api }: FakeMonitor,
  { method, target, headers = {}, body }: Asked,
): Promise<PlainAnswer> {
  const response = await api.handle(
    new Request(`http://10.0.0.1:24010${target}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    }),
    { host: "10.0.0.9", port: 1 },
  );
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

/** Without what names the request, which differs by design. */
function anonymous({ status, headers, body }: PlainAnswer): PlainAnswer {
  const { "x-request-id": id, ...others } = headers;
  // Check-ins are answered without a name.
  if (id === undefined) return { status, headers, body };
  return { status, headers: others, body: body.replaceAll(id, "ID") };
}

for (const asked of QUICK) {
  const title = `${asked.method} ${asked.target} ${asked.body ?? ""}`;
  Deno.test(`quick and long way agree on ${title.slice(0, 80)}`, async () => {
    const [one, other] = [await monitor(), await monitor()];
    const quick = await quickly(one, asked);
    assertEquals(anonymous(quick!), anonymous(await atLength(other, asked)));
    assertEquals(one.store.state.hash(), other.store.state.hash());
  });
}

Deno.test("the quick way leaves alone whatever is special or wrong", async () => {
  const made = await monitor();
  const before = made.store.state.hash();
  for (const asked of LONG) {
    assertEquals(quickly(made, asked), null, `${asked.method} ${asked.target}`);
  }
  assertEquals(made.store.state.hash(), before);
});

Deno.test("the quick way leaves alone what another monitor must answer", async () => {
  const made = await monitor();
  made.store.standing = { role: "follower", term: 2, leader: "m2" };
  assertEquals(quickly(made, put("a")), null);
  assertEquals(quickly(made, get("old")), null);
});

for (const method of ["GET", "PUT"]) {
  Deno.test(`both ways tell alike of a ${method} that the quorum refuses`, async () => {
    const problem = new Problem("no-leader", "deposed", "try again", {
      retryAfterSeconds: 1,
    });
    const asked = method === "GET" ? get("old") : put("a");
    const answers = await Promise.all([quickly, atLength].map(async (way) => {
      const made = await monitor();
      made.store.readBarrier = () => Promise.reject(problem);
      made.store.commit = () => Promise.reject(problem);
      return anonymous((await way(made, asked))!);
    }));
    assertEquals(answers[0]!.status, 503);
    assertEquals(answers[0], answers[1]);
  });
}
