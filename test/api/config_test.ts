import { assert, assertEquals } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

Deno.test("config put creates with 201, replaces with 200, and get shows the revision as ETag", async () => {
  const monitor = new FakeMonitor();
  const created = await monitor.ask("PUT", "/v1/config/app/db", { value: "1" });
  assertEquals(created.status, 201);
  assertEquals(created.json, { key: "app/db", revision: 1 });
  assertEquals(created.headers.get("location"), "/v1/config/app/db");
  assertEquals(created.headers.get("etag"), '"1"');
  const replaced = await monitor.ask("PUT", "/v1/config/app/db", {
    value: "2",
  });
  assertEquals([replaced.status, replaced.json.revision], [200, 2]);
  const got = await monitor.ask("GET", "/v1/config/app/db");
  assertEquals(got.status, 200);
  assertEquals(got.json, {
    key: "app/db",
    value: "2",
    revision: 2,
    createdRevision: 1,
  });
  assertEquals(got.headers.get("etag"), '"2"');
  assertEquals(got.headers.get("gmon-revision"), "2");
  assertEquals(got.headers.get("gmon-leader"), "m1");
  const same = await monitor.ask("GET", "/v1/config/app/db", undefined, {
    "if-none-match": '"2"',
  });
  assertEquals([same.status, same.text], [304, ""]);
});

Deno.test("config keys may hold any text but control characters and dot segments", async () => {
  const monitor = new FakeMonitor();
  for (
    const key of ["ä ö?#%", "a//b", "/lead", "%2F", "x".repeat(512), "..a"]
  ) {
    const path = `/v1/config/${encodeURIComponent(key)}`;
    assertEquals((await monitor.ask("PUT", path, { value: key })).status, 201);
    assertEquals((await monitor.ask("GET", path)).json.key, key);
  }
  for (
    const [key, code] of [
      ["x".repeat(513), "invalid-name"],
      ["ä".repeat(257), "invalid-name"],
      ["a\nb", "invalid-name"],
      ["a/../b", "invalid-name"],
    ]
  ) {
    const path = `/v1/config/${encodeURIComponent(key!)}`;
    const refused = await monitor.ask("PUT", path, { value: "" });
    assertEquals([refused.status, refused.json.code], [400, code]);
  }
  const malformed = await monitor.ask("GET", "/v1/config/%ff");
  assertEquals([malformed.status, malformed.json.code], [
    400,
    "malformed-request",
  ]);
});

Deno.test("config put honours If-Match and If-None-Match, and says what it found", async () => {
  const monitor = new FakeMonitor();
  const put = (headers: Record<string, string>) =>
    monitor.ask("PUT", "/v1/config/k", { value: "v" }, headers);
  assertEquals((await put({ "if-match": "*" })).status, 412);
  assertEquals((await put({ "if-match": '"1"' })).status, 412);
  assertEquals((await put({ "if-none-match": "*" })).status, 201);
  const taken = await put({ "if-none-match": "*" });
  assertEquals([taken.status, taken.json.code, taken.json.revision], [
    412,
    "precondition-failed",
    1,
  ]);
  assertEquals((await put({ "if-match": '"1"' })).json.revision, 2);
  assertEquals((await put({ "if-match": '"1"' })).status, 412);
  assertEquals((await put({ "if-match": "*" })).json.revision, 3);
  for (
    const wrong of [
      { "if-match": "x" },
      { "if-none-match": '"1"' },
      { "if-match": "*", "if-none-match": "*" },
    ]
  ) assertEquals((await put(wrong as Record<string, string>)).status, 400);
  assertEquals(monitor.store.state.revision, 3);
});

Deno.test("config delete answers 204, 404 for nothing there, and 412 for another revision", async () => {
  const monitor = new FakeMonitor();
  const remove = (headers: Record<string, string> = {}) =>
    monitor.ask("DELETE", "/v1/config/k", undefined, headers);
  const missing = await remove();
  assertEquals([missing.status, missing.json.code], [404, "key-not-found"]);
  await monitor.ask("PUT", "/v1/config/k", { value: "v" });
  assertEquals((await remove({ "if-match": '"9"' })).status, 412);
  const gone = await remove({ "if-match": '"1"' });
  assertEquals([gone.status, gone.text], [204, ""]);
  assertEquals(gone.headers.get("gmon-revision"), "2");
  assertEquals((await monitor.ask("GET", "/v1/config/k")).status, 404);
});

Deno.test("an Idempotency-Key makes a repeated write one write, and refuses another under its name", async () => {
  const monitor = new FakeMonitor();
  const key = { "idempotency-key": "request-1" };
  const first = await monitor.ask("PUT", "/v1/config/k", { value: "1" }, key);
  await monitor.ask("PUT", "/v1/config/k2", { value: "between" });
  const again = await monitor.ask("PUT", "/v1/config/k", { value: "1" }, key);
  assertEquals([again.status, again.json], [first.status, first.json]);
  assertEquals(monitor.store.state.revision, 2);
  for (
    const [method, path, body] of [
      ["PUT", "/v1/config/k", { value: "2" }],
      ["PUT", "/v1/config/other", { value: "1" }],
    ] as const
  ) {
    const other = await monitor.ask(method, path, body, key);
    assertEquals([other.status, other.json.code], [
      422,
      "idempotency-mismatch",
    ]);
  }
  const deletion = { "idempotency-key": "request-2" };
  const once = await monitor.ask("DELETE", "/v1/config/k", undefined, deletion);
  const twice = await monitor.ask(
    "DELETE",
    "/v1/config/k",
    undefined,
    deletion,
  );
  assertEquals([once.status, twice.status], [204, 204]);
  const wrong = await monitor.ask("PUT", "/v1/config/k", { value: "" }, {
    "idempotency-key": "with space",
  });
  assertEquals([wrong.status, wrong.json.code], [400, "malformed-request"]);
});

Deno.test("config values are bounded in bytes, not characters", async () => {
  const monitor = new FakeMonitor();
  const most = await monitor.ask("PUT", "/v1/config/k", {
    value: "x".repeat(LIMITS.configValueBytes),
  });
  assertEquals(most.status, 201);
  const over = await monitor.ask("PUT", "/v1/config/k", {
    value: "ä".repeat(LIMITS.configValueBytes / 2 + 1),
  });
  assertEquals([over.status, over.json.code], [413, "too-large"]);
  const body = await monitor.ask(
    "PUT",
    "/v1/config/k",
    "x".repeat(LIMITS.requestBodyBytes + 1),
  );
  assertEquals([body.status, body.json.code], [413, "too-large"]);
  assertEquals(monitor.store.state.revision, 1);
});

Deno.test("every malformed body is refused with a pointer to the fault", async () => {
  const monitor = new FakeMonitor();
  const cases: [unknown, string | undefined][] = [
    ["{", undefined],
    ["", undefined],
    ['{"value":"\\ud800"}', undefined],
    [{}, "/value"],
    [{ value: 1 }, "/value"],
    [{ value: "v", extra: 1 }, "/extra"],
    [[], ""],
    ["null", ""],
  ];
  for (const [body, pointer] of cases) {
    const refused = await monitor.ask("PUT", "/v1/config/k", body);
    assertEquals([refused.status, refused.json.code], [
      400,
      "malformed-request",
    ], JSON.stringify(body));
    assertEquals(refused.json.errors?.[0].pointer, pointer);
  }
  const text = await monitor.ask("PUT", "/v1/config/k", '{"value":"v"}', {
    "content-type": "text/plain",
  });
  assertEquals([text.status, text.json.code], [400, "malformed-request"]);
  assertEquals(monitor.store.commits, 0);
});

Deno.test("config list pages by prefix, and later pages keep the first one's revision", async () => {
  const monitor = new FakeMonitor();
  for (const key of ["a/1", "a/2", "a/3", "b"]) {
    await monitor.ask("PUT", `/v1/config/${key}`, { value: key });
  }
  const first = await monitor.ask("GET", "/v1/config?prefix=a/&limit=2");
  const keys = (answer: { json: { items: { key: string }[] } }) =>
    answer.json.items.map((item) => item.key);
  assertEquals(keys(first), ["a/1", "a/2"]);
  assert(first.json.nextPageToken !== undefined);
  await monitor.ask("PUT", "/v1/config/a/4", { value: "late" });
  const token = first.json.nextPageToken;
  const next = await monitor.ask(
    "GET",
    `/v1/config?prefix=a/&limit=2&pageToken=${token}`,
  );
  assertEquals(keys(next), ["a/3"], "as of revision 4");
  assertEquals([next.json.revision, next.json.nextPageToken], [4, undefined]);
  for (
    const query of [
      "limit=0",
      "limit=1001",
      "limit=x",
      "pageToken=zzz",
      `prefix=b&pageToken=${token}`,
      "unknown=1",
      "limit=1&limit=2",
    ]
  ) {
    const refused = await monitor.ask("GET", `/v1/config?${query}`);
    assertEquals([refused.status, refused.json.code], [
      400,
      "malformed-request",
    ], query);
  }
});
