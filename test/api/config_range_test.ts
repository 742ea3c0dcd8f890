/** Ranges of the users' keys: which keys, in which parts, as of when. */

import { assert, assertEquals } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import { type Answered, FakeMonitor } from "./fake_monitor.ts";

interface Item {
  readonly key: string;
  readonly value?: string;
}

function keysOf({ json }: Answered): string[] {
  return json.items.map((item: Item) => item.key);
}

async function filled(keys: readonly string[]): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  for (const key of keys) {
    await monitor.ask("PUT", `/v1/config/${key}`, { value: key });
  }
  return monitor;
}

const KEYS = ["a", "app/1", "app/2", "app/3", "app/30", "b", "z"];

const RANGES: readonly (readonly [query: string, keys: readonly string[]])[] = [
  ["", KEYS],
  ["prefix=app/", ["app/1", "app/2", "app/3", "app/30"]],
  ["prefix=app/3", ["app/3", "app/30"]],
  ["prefix=none", []],
  ["from=app/3", ["app/3", "app/30", "b", "z"]],
  ["to=app/3", ["a", "app/1", "app/2"]],
  ["from=app/2&to=b", ["app/2", "app/3", "app/30"]],
  ["prefix=app/&from=app/2&to=app/30", ["app/2", "app/3"]],
  ["from=b&to=b", []],
  ["from=b&to=a", []],
  ["from=", KEYS],
  ["to=", []],
];

for (const [query, keys] of RANGES) {
  Deno.test(`config list with ${query === "" ? "nothing" : query} finds ${keys.length} keys`, async () => {
    const monitor = await filled(KEYS);
    const whole = await monitor.ask("GET", `/v1/config?${query}`);
    assertEquals(keysOf(whole), keys);
    assertEquals([whole.json.count, whole.json.consistent], [
      keys.length,
      true,
    ]);
    const names = await monitor.ask("GET", `/v1/config?${query}&keysOnly`);
    assertEquals(keysOf(names), keys);
    assert(names.json.items.every((item: Item) => item.value === undefined));
    const count = await monitor.ask("GET", `/v1/config?${query}&countOnly`);
    assertEquals([count.json.count, count.json.items], [keys.length, []]);

    const pages: string[] = [];
    let token: string | undefined;
    do {
      const page = await monitor.ask(
        "GET",
        `/v1/config?${query}&limit=2${token ? `&pageToken=${token}` : ""}`,
      );
      pages.push(...keysOf(page));
      token = page.json.nextPageToken;
    } while (token !== undefined);
    assertEquals(pages, keys);
  });
}

Deno.test("config list shows every page as of the first one's revision, whatever happens between", async () => {
  const monitor = await filled(["k1", "k3", "k5", "k7"]);
  const first = await monitor.ask("GET", "/v1/config?limit=1");
  assertEquals(keysOf(first), ["k1"]);
  await monitor.ask("PUT", "/v1/config/k3", { value: "changed" });
  await monitor.ask("PUT", "/v1/config/k3", { value: "again" });
  await monitor.ask("PUT", "/v1/config/k4", { value: "new" });
  await monitor.ask("DELETE", "/v1/config/k5");
  await monitor.ask("PUT", "/v1/config/k5", { value: "anew" });
  await monitor.ask("DELETE", "/v1/config/k7");
  const items: unknown[] = [];
  let token: string | undefined = first.json.nextPageToken;
  while (token !== undefined) {
    const page = await monitor.ask(
      "GET",
      `/v1/config?limit=1&pageToken=${token}`,
    );
    assertEquals([page.json.revision, page.json.consistent], [4, true]);
    items.push(...page.json.items);
    token = page.json.nextPageToken;
  }
  const as = (key: string, revision: number): unknown => ({
    key,
    value: key,
    revision,
    createdRevision: revision,
  });
  assertEquals(items, [as("k3", 2), as("k5", 3), as("k7", 4)]);
});

Deno.test("config list says when a page cannot be shown as of the first one's revision", async () => {
  const monitor = new FakeMonitor({ feedEvents: 3 });
  for (const key of ["a/1", "a/2"]) {
    await monitor.ask("PUT", `/v1/config/${key}`, { value: "" });
  }
  const first = await monitor.ask("GET", "/v1/config?prefix=a/&limit=1");
  const next =
    `/v1/config?prefix=a/&limit=1&pageToken=${first.json.nextPageToken}`;
  for (let at = 0; at < 5; at++) {
    await monitor.ask("PUT", "/v1/config/other", { value: String(at) });
  }
  const untouched = await monitor.ask("GET", next);
  assertEquals([keysOf(untouched), untouched.json.consistent], [["a/2"], true]);
  await monitor.ask("PUT", "/v1/config/a/3", { value: "" });
  for (let at = 0; at < 5; at++) {
    await monitor.ask("PUT", "/v1/config/other", { value: String(at) });
  }
  const late = await monitor.ask("GET", next);
  assertEquals(late.json.consistent, false);
  assertEquals(late.json.revision, 2, "a watch from there misses nothing");
  // A monitor that lags behind cannot know.
  const behind = await filled(["a/1", "a/2"]);
  const ahead = await filled(["a/1", "x", "a/2"]);
  const { json } = await ahead.ask("GET", "/v1/config?prefix=a/&limit=1");
  const page = await behind.ask(
    "GET",
    `/v1/config?prefix=a/&limit=1&consistency=stale&pageToken=${json.nextPageToken}`,
  );
  assertEquals(page.json.consistent, false);
});

Deno.test("config list ends a page early when its values are long", async () => {
  const monitor = new FakeMonitor();
  const value = "v".repeat(LIMITS.configValueBytes);
  for (let at = 0; at < 9; at++) {
    await monitor.ask("PUT", `/v1/config/k${at}`, { value });
  }
  const first = await monitor.ask("GET", "/v1/config");
  assertEquals([keysOf(first).length, first.json.count], [4, 9]);
  const second = await monitor.ask(
    "GET",
    `/v1/config?pageToken=${first.json.nextPageToken}`,
  );
  assertEquals(keysOf(second), ["k4", "k5", "k6", "k7"]);
  const names = await monitor.ask("GET", "/v1/config?keysOnly");
  assertEquals(keysOf(names).length, 9);
});

Deno.test("config list refuses bounds that no key can have", async () => {
  const monitor = new FakeMonitor();
  const long = "x".repeat(LIMITS.configKeyLength + 1);
  for (const query of [`from=${long}`, `to=${long}`, "keysOnly=perhaps"]) {
    const refused = await monitor.ask("GET", `/v1/config?${query}`);
    assertEquals([refused.status, refused.json.code], [
      400,
      "malformed-request",
    ]);
  }
});

Deno.test("every answer says its revision and how old it may be", async () => {
  const monitor = await filled(["a"]);
  const ages = async (path: string): Promise<(string | null)[]> => {
    const { headers } = await monitor.ask("GET", path);
    return [headers.get("gmon-revision"), headers.get("gmon-last-contact-ms")];
  };
  assertEquals(await ages("/v1/config/a"), ["1", "0"]);
  assertEquals(await ages("/v1/config"), ["1", "0"]);
  assertEquals(await ages("/v1/config/a?consistency=stale"), ["1", "17"]);
  assertEquals(await ages("/v1/config?consistency=stale"), ["1", "17"]);
  assertEquals(await ages("/v1/watch?since=0"), ["1", "17"]);
  assertEquals(await ages("/v1/config/none?consistency=stale"), ["1", "17"]);
  const put = await monitor.ask("PUT", "/v1/config/a", { value: "" });
  assertEquals(put.headers.get("gmon-last-contact-ms"), "0");
  // Cut off: nobody leads, and the own state is still worth something.
  monitor.store.standing = { role: "follower", term: 4, leader: null };
  monitor.store.contactMs = 60_000.5;
  assertEquals(await ages("/v1/config/a?consistency=stale"), ["2", "60001"]);
  const refused = await monitor.ask("GET", "/v1/config/a");
  assertEquals(refused.json.code, "no-leader");
  assertEquals(refused.headers.get("gmon-last-contact-ms"), "60001");
  monitor.store.contactMs = null;
  assertEquals(await ages("/v1/config/a?consistency=stale"), ["2", null]);
});
