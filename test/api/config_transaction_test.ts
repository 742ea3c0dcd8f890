/** Transactions of users: what is compared, what is done, and what is refused. */

import { assert, assertEquals } from "@std/assert";
import { COMMAND_VERSION_MAX } from "../../src/cluster/mod.ts";
import { LIMITS } from "../../src/base/mod.ts";
import { type Answered, FakeMonitor } from "./fake_monitor.ts";

/** `k` at revision 3, created at 2, with the value `v`. */
async function monitorWithKey(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await found(monitor);
  await monitor.ask("PUT", "/v1/config/k", { value: "old" });
  await monitor.ask("PUT", "/v1/config/k", { value: "v" });
  return monitor;
}

async function found(monitor: FakeMonitor): Promise<void> {
  await monitor.store.put({
    kind: "put",
    key: "cluster",
    value: { id: "c", createdAtMs: 0, commandVersion: COMMAND_VERSION_MAX },
  });
}

function transact(
  monitor: FakeMonitor,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  return monitor.ask("POST", "/v1/transactions", body, headers);
}

const COMPARISONS: readonly (readonly [compare: unknown, holds: boolean])[] = [
  [{ test: "exists", key: "k" }, true],
  [{ test: "exists", key: "none" }, false],
  [{ test: "absent", key: "none" }, true],
  [{ test: "absent", key: "k" }, false],
  [{ test: "revision", key: "k", revision: 3 }, true],
  [{ test: "revision", key: "k", revision: 2 }, false],
  [{ test: "revision", key: "k", is: "notEqual", revision: 2 }, true],
  [{ test: "revision", key: "k", is: "less", revision: 4 }, true],
  [{ test: "revision", key: "k", is: "less", revision: 3 }, false],
  [{ test: "revision", key: "k", is: "greater", revision: 2 }, true],
  [{ test: "revision", key: "k", is: "greater", revision: 3 }, false],
  [{ test: "revision", key: "none", revision: 0 }, true],
  [{ test: "value", key: "k", value: "v" }, true],
  [{ test: "value", key: "k", value: "old" }, false],
  [{ test: "value", key: "k", is: "notEqual", value: "old" }, true],
  [{ test: "value", key: "none", value: "" }, false],
  [{ test: "value", key: "none", is: "notEqual", value: "" }, true],
  [{ test: "unchanged", prefix: "", revision: 3 }, true],
  [{ test: "unchanged", prefix: "k", revision: 2 }, false],
  [{ test: "unchanged", prefix: "other/", revision: 0 }, true],
];

for (const [compare, holds] of COMPARISONS) {
  Deno.test(`a transaction finds that ${JSON.stringify(compare)} ${holds ? "holds" : "does not hold"}`, async () => {
    const monitor = await monitorWithKey();
    const { status, json } = await transact(monitor, {
      compare: [compare],
      then: [{ op: "put", key: "then", value: "" }],
      else: [{ op: "put", key: "else", value: "" }],
    });
    assertEquals(status, 200);
    assertEquals(json, {
      succeeded: holds,
      ...(holds ? {} : { failedCompare: 0 }),
      revision: 4,
      results: [{
        op: "put",
        key: holds ? "then" : "else",
        revision: 4,
        created: true,
      }],
    });
  });
}

Deno.test("a transaction's operations see those before them, and are one revision", async () => {
  const monitor = await monitorWithKey();
  await monitor.ask("PUT", "/v1/config/gone", { value: "" });
  const { json, headers } = await transact(monitor, {
    compare: [{ test: "exists", key: "k" }, { test: "absent", key: "new" }],
    then: [
      { op: "get", key: "k" },
      { op: "put", key: "k", value: "w" },
      { op: "get", key: "k" },
      { op: "put", key: "new", value: "ü" },
      { op: "delete", key: "gone" },
      { op: "get", key: "gone" },
      { op: "delete", key: "never" },
      { op: "get", key: "never" },
    ],
  });
  assertEquals(json, {
    succeeded: true,
    revision: 5,
    results: [
      {
        op: "get",
        key: "k",
        entry: { key: "k", value: "v", revision: 3, createdRevision: 2 },
      },
      { op: "put", key: "k", revision: 5, created: false },
      {
        op: "get",
        key: "k",
        entry: { key: "k", value: "w", revision: 5, createdRevision: 2 },
      },
      { op: "put", key: "new", revision: 5, created: true },
      { op: "delete", key: "gone", deleted: true },
      { op: "get", key: "gone", entry: null },
      { op: "delete", key: "never", deleted: false },
      { op: "get", key: "never", entry: null },
    ],
  });
  assertEquals(headers.get("gmon-revision"), "5");
  const watched = await monitor.ask("GET", "/v1/watch?kinds=config&since=4");
  assertEquals(
    watched.json.events[0].changes.map((one: { key: string }) => one.key),
    ["k", "new", "gone"],
  );
});

Deno.test("a transaction without operations only compares, and one without anything is none", async () => {
  const monitor = await monitorWithKey();
  const compared = await transact(monitor, {
    compare: [
      { test: "exists", key: "k" },
      { test: "value", key: "k", value: "other" },
      { test: "absent", key: "k" },
    ],
  });
  assertEquals(compared.json, {
    succeeded: false,
    failedCompare: 1,
    revision: 3,
    results: [],
  });
  assertEquals((await transact(monitor, {})).json, {
    succeeded: true,
    revision: 3,
    results: [],
  });
});

const key = "x".repeat(LIMITS.configKeyLength + 1);
const value = "v".repeat(LIMITS.configValueBytes + 1);
const crowd = Array.from(
  { length: LIMITS.configTransactionOperations + 1 },
  (_, at) => ({ op: "get", key: `k${at}` }),
);

const REFUSED: readonly (readonly [
  name: string,
  body: unknown,
  code: string,
  pointer: string | null,
])[] = [
  ["a list", [], "malformed-request", ""],
  ["an unknown field", { when: [] }, "malformed-request", "/when"],
  [
    "an unknown comparison",
    { compare: [{ test: "like", key: "k" }] },
    "malformed-request",
    "/compare/0/test",
  ],
  [
    "an unknown relation",
    { compare: [{ test: "value", key: "k", is: "less", value: "" }] },
    "malformed-request",
    "/compare/0/is",
  ],
  [
    "a negative revision",
    { compare: [{ test: "revision", key: "k", revision: -1 }] },
    "malformed-request",
    "/compare/0/revision",
  ],
  [
    "an unknown operation",
    { then: [{ op: "get", key: "k" }, { op: "add", key: "k" }] },
    "malformed-request",
    "/then/1/op",
  ],
  [
    "a put without value",
    { else: [{ op: "put", key: "k" }] },
    "malformed-request",
    "/else/0/value",
  ],
  [
    "a key written twice",
    {
      then: [{ op: "put", key: "k", value: "" }, { op: "delete", key: "k" }],
    },
    "malformed-request",
    "/then/1/key",
  ],
  [
    "an empty key",
    { then: [{ op: "get", key: "" }] },
    "invalid-name",
    "/then/0/key",
  ],
  [
    "a long key",
    { compare: [{ test: "exists", key }] },
    "invalid-name",
    "/compare/0/key",
  ],
  [
    "a key with dots",
    { else: [{ op: "delete", key: "a/../b" }] },
    "invalid-name",
    "/else/0/key",
  ],
  [
    "a long value",
    { then: [{ op: "put", key: "k", value }] },
    "too-large",
    null,
  ],
  [
    "a long value to compare with",
    { compare: [{ test: "value", key: "k", value }] },
    "too-large",
    null,
  ],
  ["too many operations", { then: crowd }, "too-large", "/then"],
  ["too many others", { else: crowd }, "too-large", "/else"],
  [
    "too many comparisons",
    { compare: crowd.map(({ key }) => ({ test: "exists", key })) },
    "too-large",
    "/compare",
  ],
];

for (const [name, body, code, pointer] of REFUSED) {
  Deno.test(`a transaction with ${name} is refused as ${code}`, async () => {
    const monitor = await monitorWithKey();
    const { json } = await transact(monitor, body);
    assertEquals(json.code, code);
    if (pointer !== null) assertEquals(json.errors[0].pointer, pointer);
    assertEquals(monitor.store.state.revision, 3);
  });
}

Deno.test("a transaction of 128 operations on each side is taken", async () => {
  const monitor = await monitorWithKey();
  const most = crowd.slice(1);
  const { json } = await transact(monitor, {
    compare: most.map(({ key }) => ({ test: "absent", key })),
    then: most.map(({ key }) => ({ op: "put", key, value: key })),
    else: most,
  });
  assertEquals([json.succeeded, json.results.length], [true, 128]);
  assertEquals(monitor.store.state.revision, 4);
});

Deno.test("a transaction asked for again is carried out once, and answered as the first time", async () => {
  const monitor = await monitorWithKey();
  const headers = { "idempotency-key": "t-1" };
  const body = {
    compare: [{ test: "value", key: "k", value: "v" }],
    then: [
      { op: "get", key: "k" },
      { op: "put", key: "k", value: "w" },
      { op: "get", key: "k" },
      { op: "delete", key: "none" },
    ],
    else: [{ op: "get", key: "k" }],
  };
  const first = await transact(monitor, body, headers);
  assertEquals(first.json.succeeded, true);
  await monitor.ask("PUT", "/v1/config/k", { value: "later" });
  const again = await transact(monitor, body, headers);
  assertEquals([again.status, again.json], [200, first.json]);
  assertEquals(monitor.store.state.revision, 5);
  // One that did not succeed is remembered as such.
  const failed = { "idempotency-key": "t-2" };
  const other = await transact(monitor, body, failed);
  assertEquals([other.json.succeeded, other.json.failedCompare], [false, 0]);
  await monitor.ask("PUT", "/v1/config/k", { value: "v" });
  assertEquals((await transact(monitor, body, failed)).json, other.json);
  const mismatch = await transact(monitor, { then: [] }, headers);
  assertEquals([mismatch.status, mismatch.json.code], [
    422,
    "idempotency-mismatch",
  ]);
});

Deno.test("a transaction asked for again when what it read is no longer kept says when it happened", async () => {
  const monitor = new FakeMonitor({ feedEvents: 3 });
  await found(monitor);
  await monitor.ask("PUT", "/v1/config/k", { value: "1" });
  const headers = { "idempotency-key": "t" };
  const body = { then: [{ op: "get", key: "k" }, { op: "delete", key: "x" }] };
  const first = await transact(monitor, body, headers);
  for (let at = 0; at < 5; at++) {
    await monitor.ask("PUT", "/v1/config/other", { value: String(at) });
  }
  // Nothing replaced it: it is known, however old.
  assertEquals((await transact(monitor, body, headers)).json, first.json);
  await monitor.ask("DELETE", "/v1/config/k");
  for (let at = 0; at < 5; at++) {
    await monitor.ask("PUT", "/v1/config/other", { value: String(at) });
  }
  const late = await transact(monitor, body, headers);
  assertEquals([late.status, late.json.code, late.json.revision], [
    410,
    "compacted",
    2,
  ]);
});

Deno.test("the users' keys keep to their quota: growth is refused, all else is not", async () => {
  const monitor = new FakeMonitor();
  await found(monitor);
  const each = LIMITS.configEntryBytes + 2;
  const set = await monitor.ask("PUT", "/v1/quota", {
    quotaBytes: 4 * each + 40,
  });
  assertEquals(set.json, {
    keys: 0,
    usedBytes: 0,
    quotaBytes: 4 * each + 40,
  });
  for (const key of ["k1", "k2", "k3", "k4"]) {
    const put = await monitor.ask("PUT", `/v1/config/${key}`, { value: "" });
    assertEquals(put.status, 201);
  }
  const full = await monitor.ask("PUT", "/v1/config/k5", { value: "" });
  assertEquals([full.status, full.json.code], [507, "quota-exceeded"]);
  assert(full.json.detail.includes(`take ${4 * each} of`));
  const ok = await monitor.ask("PUT", "/v1/config/k1", {
    value: "ü".repeat(20),
  });
  assertEquals(ok.status, 200, "exactly full");
  const growth = await transact(monitor, {
    then: [
      { op: "put", key: "k2", value: "x" },
      { op: "put", key: "k3", value: "" },
    ],
  });
  assertEquals(growth.json.code, "quota-exceeded");
  const exchange = await transact(monitor, {
    then: [
      { op: "delete", key: "k2" },
      { op: "put", key: "k9", value: "" },
    ],
  });
  assertEquals(exchange.json.succeeded, true);
  // Over a quota that was lowered later, shrinking and deleting go on.
  await monitor.ask("PUT", "/v1/quota", { quotaBytes: each });
  const shrunk = await monitor.ask("PUT", "/v1/config/k1", { value: "x" });
  assertEquals(shrunk.status, 200);
  const grown = await monitor.ask("PUT", "/v1/config/k1", { value: "xx" });
  assertEquals(grown.json.code, "quota-exceeded");
  assertEquals((await monitor.ask("DELETE", "/v1/config/k1")).status, 204);
  const { json } = await monitor.ask("GET", "/v1/quota");
  assertEquals(json, { keys: 3, usedBytes: 3 * each, quotaBytes: each });
  const huge = await monitor.ask("PUT", "/v1/quota", {
    quotaBytes: LIMITS.configQuotaBytesMax + 1,
  });
  assertEquals(huge.json.code, "malformed-request");
});

Deno.test("status raises an alarm long before the quota is used up", async () => {
  const monitor = new FakeMonitor();
  await found(monitor);
  const each = LIMITS.configEntryBytes + 2;
  await monitor.ask("PUT", "/v1/quota", { quotaBytes: 5 * each });
  const issues = async (): Promise<string[]> => {
    const { json } = await monitor.ask("GET", "/v1/status");
    return json.issues.map((issue: { code: string }) => issue.code)
      .filter((code: string) => code === "config-quota");
  };
  for (const key of ["k1", "k2", "k3"]) {
    await monitor.ask("PUT", `/v1/config/${key}`, { value: "" });
  }
  assertEquals(await issues(), []);
  await monitor.ask("PUT", "/v1/config/k4", { value: "" });
  assertEquals(await issues(), ["config-quota"]);
  const { json } = await monitor.ask("GET", "/v1/status");
  assertEquals(json.config, {
    keys: 4,
    usedBytes: 4 * each,
    quotaBytes: 5 * each,
  });
});

Deno.test("transactions wait until every monitor is known to understand them", async () => {
  const monitor = new FakeMonitor();
  const body = { then: [{ op: "put", key: "k", value: "" }] };
  const unfounded = await transact(monitor, body);
  assertEquals([unfounded.status, unfounded.json.code], [503, "no-leader"]);
  // Founded by an older version, which did not say what it knows.
  await monitor.found(1);
  const silent = await transact(monitor, body);
  assertEquals([silent.status, silent.json.code], [422, "feature-unavailable"]);
  assert(silent.json.detail.includes("m2 does not answer"));
  const standings: Record<string, number | undefined> = {
    "10.0.0.2": 2,
    "10.0.0.3": undefined,
  };
  monitor.network = (request) => {
    const { hostname } = new URL(request.url);
    return Promise.resolve(Response.json({
      name: hostname === "10.0.0.2" ? "m2" : "m3",
      version: "0.0.9",
      commandVersion: standings[hostname],
    }));
  };
  const old = await transact(monitor, body);
  assertEquals(old.json.code, "feature-unavailable");
  assert(old.json.detail.includes("m3 runs 0.0.9"));
  assertEquals(monitor.store.state.revision, 1);
  standings["10.0.0.3"] = 2;
  assertEquals((await transact(monitor, body)).json.revision, 3);
  const asked = monitor.sent.length;
  assertEquals((await transact(monitor, body)).json.revision, 4);
  assertEquals(monitor.sent.length, asked, "asked once and for all");
});
