import { assert, assertEquals } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { decodeSnapshot, KEYS } from "../../src/cluster/mod.ts";
import type { MonitorStanding } from "../../src/api/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

const NEW = { name: "m4", address: "10.0.0.4" };
const LIFE = "3d3b6f9e-0000-4000-8000-000000000000";

/** A founded monitor that leads, and another that waits at 10.0.0.4. */
async function withWaiting(
  changes: Partial<MonitorStanding> = {},
): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.found(1);
  const standing: MonitorStanding = {
    name: "m4",
    version: "0.1.0",
    role: "follower",
    term: 0,
    leader: null,
    revision: 0,
    commandVersion: 2,
    quorumId: null,
    incarnation: LIFE,
    joining: true,
    ...changes,
  };
  monitor.network = (request) =>
    request.url === "http://10.0.0.4:24010/v1/standing"
      ? Promise.resolve(Response.json(standing))
      : Promise.reject(new TypeError(`nobody at ${request.url}`));
  return monitor;
}

Deno.test("GET /v1/monitors tells part, life and progress of each", async () => {
  const monitor = await withWaiting();
  const { store } = monitor;
  store.followers = [{
    name: "m2",
    matchIndex: 41,
    lagEntries: 3,
    heardMs: 1234,
    snapshotting: false,
    caughtUp: true,
  }];
  store.memberList = [...store.memberList, {
    ...store.memberList[0]!,
    name: "m0",
    voter: false,
    promote: true,
    replaces: "m3",
    incarnation: LIFE,
  }];
  const { json } = await monitor.ask("GET", "/v1/monitors");
  assertEquals(json.items.map(({ name }: { name: string }) => name), [
    "m0",
    "m1",
    "m2",
    "m3",
  ]);
  const [learner, own, follower] = json.items;
  assertEquals(
    [learner.voter, learner.promote, learner.replaces, learner.incarnation],
    [false, true, "m3", LIFE],
  );
  assertEquals([own.reachable, own.role, own.progress], [true, "leader", null]);
  assertEquals(follower.reachable, false);
  assertEquals(follower.progress, {
    matchIndex: 41,
    lagEntries: 3,
    heardSeconds: 1.234,
    snapshotting: false,
    caughtUp: true,
  });
});

Deno.test("GET /v1/standing of one that waits says so, and so does /readyz", async () => {
  const monitor = new FakeMonitor();
  monitor.store.incarnation = LIFE;
  monitor.store.memberList = [];
  const { json } = await monitor.ask("GET", "/v1/standing");
  assertEquals(
    [json.joining, json.incarnation, json.quorumId],
    [true, LIFE, null],
  );
  const ready = await monitor.ask("GET", "/readyz");
  assertEquals(ready.status, 503);
  assert(ready.json.detail.includes("gmon monitor add m1"), ready.text);
});

Deno.test("POST /v1/monitors asks the waiting monitor for its life, and adds it", async () => {
  const monitor = await withWaiting();
  const added = await monitor.ask("POST", "/v1/monitors", NEW);
  assertEquals(added.status, 200);
  assertEquals([added.json.name, added.json.voter, added.json.promote], [
    "m4",
    false,
    true,
  ]);
  assertEquals(monitor.store.memberChanges, [{
    kind: "add",
    name: "m4",
    address: "10.0.0.4",
    apiPort: 24010,
    raftPort: 24011,
    incarnation: LIFE,
    promote: true,
    replaces: null,
  }]);
});

Deno.test("POST /v1/monitors of a member that is another one than wished for says so", async () => {
  const cases: [
    { voter: boolean; promote: boolean; replaces: string | null },
    { promote: boolean; replaces?: string },
    string | null,
  ][] = [
    [{ voter: true, promote: false, replaces: null }, { promote: true }, null],
    [
      { voter: false, promote: true, replaces: "m3" },
      { promote: true, replaces: "m3" },
      null,
    ],
    // Whom it replaced is gone by now.
    [
      { voter: true, promote: false, replaces: null },
      { promote: true, replaces: "m9" },
      null,
    ],
    [
      { voter: true, promote: false, replaces: null },
      { promote: true, replaces: "m3" },
      "gmon monitor remove m3",
    ],
    [
      { voter: false, promote: true, replaces: null },
      { promote: false },
      "--learner",
    ],
    [
      { voter: true, promote: false, replaces: null },
      { promote: false },
      "--learner",
    ],
    [
      { voter: false, promote: false, replaces: null },
      { promote: true },
      "gmon monitor promote m4",
    ],
  ];
  for (const [stands, wish, remedy] of cases) {
    const monitor = await withWaiting();
    const { store } = monitor;
    store.memberList = [...store.memberList, {
      ...store.memberList[0]!,
      name: "m4",
      address: "10.0.0.4",
      incarnation: LIFE,
      ...stands,
    }];
    const { status, json } = await monitor.ask("POST", "/v1/monitors", {
      ...NEW,
      ...wish,
    });
    assertEquals(status, remedy === null ? 200 : 409, JSON.stringify(wish));
    if (remedy !== null) {
      assertEquals(json.code, "change-refused");
      assert(json.remedy.includes(remedy), json.remedy);
    }
    assertEquals(store.memberChanges, []);
  }
});

Deno.test("POST /v1/monitors of the same life again is done already", async () => {
  const monitor = await withWaiting();
  for (const key of ["one", "one", "two"]) {
    const added = await monitor.ask("POST", "/v1/monitors", NEW, {
      "idempotency-key": key,
    });
    assertEquals(added.status, 200);
  }
  assertEquals(monitor.store.memberChanges.length, 1);
  const other = await monitor.ask(
    "POST",
    "/v1/monitors",
    { ...NEW, promote: false },
    { "idempotency-key": "one" },
  );
  assertEquals([other.status, other.json.code], [422, "idempotency-mismatch"]);
});

Deno.test("POST /v1/monitors of a member's name in another life replaces it", async () => {
  const monitor = await withWaiting({ name: "m3" });
  const body = { name: "m3", address: "10.0.0.4" };
  const added = await monitor.ask("POST", "/v1/monitors", body);
  assertEquals(added.status, 200);
  assertEquals(monitor.store.memberChanges, [{
    kind: "replace",
    name: "m3",
    address: "10.0.0.4",
    apiPort: 24010,
    raftPort: 24011,
    incarnation: LIFE,
  }]);
  monitor.store.declining = new Problem(
    "name-in-use",
    "m2 is alive",
    "stop it",
  );
  const alive = await monitor.ask("POST", "/v1/monitors", {
    name: "m2",
    address: "10.0.0.9",
    incarnation: LIFE,
  });
  assertEquals([alive.status, alive.json.code], [409, "name-in-use"]);
});

Deno.test("POST /v1/monitors waits until a former life at the same place is silent", async () => {
  const monitor = await withWaiting({ name: "m3" });
  const { store } = monitor;
  store.memberList = store.memberList.map((member) =>
    member.name === "m3" ? { ...member, address: "10.0.0.4" } : member
  );
  const body = { name: "m3", address: "10.0.0.4" };
  const heard = new Problem("name-in-use", "m3 is alive", "stop it");
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 300; turn++) await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
  };
  for (const waits of [2_000, 6_000]) {
    store.declining = heard;
    const asked = monitor.ask("POST", "/v1/monitors", body);
    for (let ms = 0; ms < waits; ms += 250) {
      await settle();
      monitor.clock.advance(250);
    }
    if (waits === 2_000) store.declining = null;
    await settle();
    monitor.clock.advance(250);
    const { status } = await asked;
    assertEquals(status, waits === 2_000 ? 200 : 409);
    store.memberList = store.memberList.map((member) =>
      member.name === "m3" ? { ...member, incarnation: "" } : member
    );
  }
  assertEquals(store.memberChanges.length, 1);
});

Deno.test("POST /v1/monitors refuses who cannot take part, each with a remedy", async () => {
  const cases: [Partial<MonitorStanding>, string, string][] = [
    [{ name: "m5" }, "change-refused", "is called m5, not m4"],
    [{ quorumId: "other" }, "cluster-mismatch", "belongs to cluster other"],
    [{ incarnation: "" }, "change-refused", "one of a cluster's first"],
  ];
  for (const [changes, code, word] of cases) {
    const monitor = await withWaiting(changes);
    const { json } = await monitor.ask("POST", "/v1/monitors", NEW);
    assertEquals(json.code, code);
    assert(json.detail.includes(word), json.detail);
    assert(json.remedy.includes("start"), json.remedy);
    assertEquals(monitor.store.memberChanges, []);
  }
  const old = await withWaiting({ commandVersion: 1 });
  await old.store.put({
    kind: "put",
    key: KEYS.cluster,
    value: { id: "cluster-1", createdAtMs: 0, commandVersion: 2 },
  });
  const older = await old.ask("POST", "/v1/monitors", NEW);
  assertEquals([older.status, older.json.code], [422, "version-too-old"]);
  assert(/version 2 .* knows 1$/.test(older.json.detail), older.json.detail);
  const nobody = await old.ask("POST", "/v1/monitors", {
    name: "m4",
    address: "10.0.0.5",
  });
  assertEquals([nobody.status, nobody.json.code], [409, "change-refused"]);
  assert(nobody.json.remedy.includes("--join"), nobody.json.remedy);
});

Deno.test("POST /v1/monitors: every bad input names the field or the reason", async () => {
  const monitor = await withWaiting();
  const life = { incarnation: LIFE };
  const cases: [Record<string, unknown>, number, string, string][] = [
    [{ name: "m4" }, 400, "malformed-request", "/address"],
    [{ address: "10.0.0.4" }, 400, "malformed-request", "/name"],
    [{ ...NEW, address: "host-4" }, 400, "malformed-request", "/address"],
    [{ ...NEW, address: "" }, 400, "malformed-request", "/address"],
    [{ ...NEW, apiPort: 0 }, 400, "malformed-request", "/apiPort"],
    [{ ...NEW, raftPort: 65_536 }, 400, "malformed-request", "/raftPort"],
    [{ ...NEW, promote: "yes" }, 400, "malformed-request", "/promote"],
    [{ ...NEW, incarnation: "" }, 400, "malformed-request", "/incarnation"],
    [{ ...NEW, voter: true }, 400, "malformed-request", "/voter"],
    [{ ...NEW, name: "" }, 400, "invalid-name", "empty"],
    [{ ...NEW, name: "m/4" }, 400, "invalid-name", "contains"],
    [{ ...NEW, name: "-m4" }, 400, "invalid-name", "like an option"],
    [{ ...NEW, name: "m".repeat(65) }, 400, "invalid-name", "65 characters"],
    [{ ...NEW, ...life, replaces: "m9" }, 404, "monitor-not-found", "m9"],
    [{ ...NEW, ...life, replaces: "m4" }, 404, "monitor-not-found", "m4"],
    [
      { ...NEW, ...life, name: "m2", replaces: "m3" },
      409,
      "change-refused",
      "member already",
    ],
    [
      { ...NEW, ...life, address: "10.0.0.2" },
      409,
      "change-refused",
      "m2 is at 10.0.0.2",
    ],
  ];
  for (const [body, status, code, word] of cases) {
    const { json, status: found } = await monitor.ask(
      "POST",
      "/v1/monitors",
      body,
    );
    assertEquals([found, json.code], [status, code], JSON.stringify(body));
    assert(json.detail.includes(word), json.detail);
  }
  assertEquals(monitor.store.memberChanges, []);
});

Deno.test("DELETE /v1/monitors/NAME must be confirmed, and is done once", async () => {
  const monitor = await withWaiting();
  const { store } = monitor;
  const remove = (path: string, key?: string): ReturnType<typeof monitor.ask> =>
    monitor.ask(
      "DELETE",
      path,
      undefined,
      key === undefined ? {} : { "idempotency-key": key },
    );
  for (const query of ["", "?confirm=m2"]) {
    const bare = await remove(`/v1/monitors/m3${query}`);
    assertEquals([bare.status, bare.json.code], [428, "confirmation-required"]);
  }
  const unknown = await remove("/v1/monitors/m9?confirm=m9");
  assertEquals([unknown.status, unknown.json.code], [404, "monitor-not-found"]);
  store.declining = new Problem("change-refused", "no majority", "wait");
  const refused = await remove("/v1/monitors/m3?confirm=m3");
  assertEquals([refused.status, refused.json.code], [409, "change-refused"]);
  store.declining = null;
  assertEquals(store.memberChanges, []);
  for (let round = 0; round < 2; round++) {
    assertEquals((await remove("/v1/monitors/m3?confirm=m3", "k")).status, 204);
  }
  assertEquals(store.memberChanges, [{ kind: "remove", name: "m3" }]);
  assertEquals((await remove("/v1/monitors/m3?confirm=m3")).status, 404);
});

Deno.test("POST /v1/monitors/NAME/promote makes a voter; of a voter it is done already", async () => {
  const monitor = await withWaiting();
  const { store } = monitor;
  await monitor.ask("POST", "/v1/monitors", { ...NEW, promote: false });
  const promote = (name: string): ReturnType<typeof monitor.ask> =>
    monitor.ask("POST", `/v1/monitors/${name}/promote`);
  store.declining = new Problem("change-refused", "m4 lags behind", "wait");
  assertEquals((await promote("m4")).status, 409);
  store.declining = null;
  assertEquals((await promote("m4")).json.voter, true);
  assertEquals((await promote("m4")).json.voter, true);
  assertEquals(store.memberChanges.at(-1), { kind: "promote", name: "m4" });
  assertEquals(store.memberChanges.length, 2);
  assertEquals((await promote("m9")).status, 404);
});

Deno.test("POST /v1/leadership/transfer tells who leads", async () => {
  const monitor = await withWaiting();
  const { store } = monitor;
  const transfer = (body?: unknown): ReturnType<typeof monitor.ask> =>
    monitor.ask("POST", "/v1/leadership/transfer", body);
  const leads = { role: "leader", term: 3, leader: "m1" } as const;
  assertEquals((await transfer({ to: "m9" })).status, 404);
  assertEquals((await transfer({ to: 3 })).status, 400);
  // The lead is there already.
  assertEquals((await transfer({ to: "m1" })).json, { leader: "m1", term: 3 });
  assertEquals((await transfer({ to: "m3" })).json, { leader: "m3", term: 4 });
  store.changeStanding(leads);
  assertEquals((await transfer()).json, { leader: "m2", term: 4 });
  // Another one was quicker.
  store.changeStanding(leads);
  const { transferLead } = store;
  store.transferLead = () => transferLead.call(store, "m2");
  const lost = await transfer({ to: "m3" });
  assertEquals([lost.status, lost.json.code], [409, "change-refused"]);
  assert(lost.json.detail.includes("m2 leads"), lost.json.detail);
  store.transferLead = transferLead;
  store.changeStanding(leads);
  store.declining = new Problem("change-refused", "m3 is silent", "wait");
  assertEquals((await transfer({ to: "m3" })).status, 409);
});

Deno.test("GET /v1/backup streams the state of one moment, and lets go of it when the client does", async () => {
  const monitor = await withWaiting();
  for (let at = 0; at < 40; at++) {
    await monitor.ask("PUT", `/v1/config/k${at}`, {
      value: "v".repeat(60_000),
    });
  }
  const { state } = monitor.store;
  const hash = state.hash();
  const response = await monitor.raw("GET", "/v1/backup");
  assertEquals(
    response.headers.get("content-type"),
    "application/octet-stream",
  );
  assertEquals(
    response.headers.get("gmon-revision"),
    String(state.revision),
  );
  const reader = response.body!.getReader();
  const parts: Uint8Array[] = [];
  for (let at = 0;; at++) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    // The state goes on meanwhile.
    await monitor.ask("PUT", `/v1/config/k${at % 40}`, { value: "new" });
  }
  assert(parts.length > 20);
  assertEquals(decodeSnapshot(parts).hash(), hash);

  // Nothing is made before somebody takes it.
  const made = { count: 0 };
  const { backup: whole } = monitor.store;
  monitor.store.backup = () => {
    const { chunks, ...rest } = whole.call(monitor.store);
    const next = chunks.next.bind(chunks);
    chunks.next = () => {
      made.count++;
      return next();
    };
    return { ...rest, chunks };
  };
  const slow = await monitor.raw("GET", "/v1/backup");
  const first = slow.body!.getReader();
  await first.read();
  assert(made.count < parts.length / 2, `${made.count} of ${parts.length}`);
  await first.cancel();
  monitor.store.backup = whole;

  let returned = 0;
  const { backup } = monitor.store;
  monitor.store.backup = () => {
    const { chunks, ...rest } = backup.call(monitor.store);
    const end = chunks.return!.bind(chunks);
    chunks.return = () => {
      returned++;
      return end();
    };
    return { ...rest, chunks };
  };
  const left = await monitor.raw("GET", "/v1/backup");
  await left.body!.cancel();
  assertEquals(returned, 1);
});

Deno.test("GET /v1/backup at a follower waits until it is level with the leader", async () => {
  const monitor = await withWaiting();
  const { store } = monitor;
  store.standing = { role: "follower", term: 3, leader: "m2" };
  const ahead = store.state.revision + 1;
  monitor.network = (request) =>
    request.url === "http://10.0.0.2:24010/v1/quota"
      ? Promise.resolve(
        Response.json({}, { headers: { "gmon-revision": String(ahead) } }),
      )
      : Promise.reject(new TypeError("nobody"));
  const pending = monitor.raw("GET", "/v1/backup");
  while (store.subscribers === 0) await Promise.resolve();
  await store.put({ kind: "put", key: "config/late", value: { value: "" } });
  const response = await pending;
  assertEquals(response.headers.get("gmon-revision"), String(ahead));
  await response.body!.cancel();

  // Without a leader only a stale one can be had.
  store.standing = { role: "follower", term: 4, leader: null };
  const refused = await monitor.ask("GET", "/v1/backup");
  assertEquals([refused.status, refused.json.code], [503, "no-leader"]);
  const stale = await monitor.raw("GET", "/v1/backup?consistency=stale");
  assertEquals(stale.status, 200);
  await stale.body!.cancel();
});

Deno.test("/v1/status counts voters only, and warns when no more may be lost", async () => {
  const monitor = await withWaiting();
  const { store } = monitor;
  const codes = async (reachable: readonly string[]): Promise<string[]> => {
    const known = store.memberList;
    monitor.network = (request) => {
      const { hostname } = new URL(request.url);
      const found = known.find(({ address }) => address === hostname);
      return found !== undefined && reachable.includes(found.name)
        ? Promise.resolve(Response.json({ name: found.name }))
        : Promise.reject(new TypeError("nobody"));
    };
    const { json } = await monitor.ask(
      "GET",
      "/v1/status?consistency=stale",
    );
    return json.issues.map(({ code }: { code: string }) => code);
  };
  const learner = {
    ...store.memberList[0]!,
    name: "m4",
    address: "10.0.0.4",
    voter: false,
  };
  store.memberList = [...store.memberList, learner];
  assertEquals(await codes(["m2", "m3", "m4"]), []);
  assertEquals(await codes(["m2", "m3"]), ["monitor-unreachable"]);
  assertEquals(await codes(["m2", "m4"]), [
    "monitor-unreachable",
    "quorum-at-risk",
  ]);
  assertEquals((await codes(["m4"])).filter((code) => code[0] === "q"), [
    "quorum-at-risk",
  ]);
  store.memberList = store.memberList.slice(0, 1);
  assertEquals(await codes([]), []);
});

Deno.test("a newer version of commands is used only when every member has said that it knows it, learners too", async () => {
  const monitor = await withWaiting();
  const { store } = monitor;
  store.memberList = [...store.memberList, {
    ...store.memberList[0]!,
    name: "m4",
    address: "10.0.0.4",
    voter: false,
    incarnation: LIFE,
  }];
  const known = new Map<string, number>();
  monitor.network = (request) => {
    const at = new URL(request.url).hostname.slice(-1);
    const commandVersion = known.get(`m${at}`);
    return commandVersion === undefined
      ? Promise.reject(new TypeError("nobody"))
      : Promise.resolve(
        Response.json({ name: `m${at}`, version: "0.0.9", commandVersion }),
      );
  };
  const transact = (): ReturnType<typeof monitor.ask> =>
    monitor.ask("POST", "/v1/transactions", {
      compare: [],
      then: [{ op: "put", key: "k", value: "v" }],
    });
  known.set("m2", 2).set("m3", 2);
  // One that never answered may be of any version.
  const silent = await transact();
  assertEquals([silent.status, silent.json.code], [422, "feature-unavailable"]);
  assert(silent.json.detail.includes("m4 does not answer"), silent.json.detail);
  known.set("m4", 1);
  const old = await transact();
  assertEquals([old.status, old.json.code], [422, "feature-unavailable"]);
  assert(old.json.detail.includes("m4 runs 0.0.9"), old.json.detail);
  assertEquals(store.state.settings.commandVersion, 1);
  known.set("m4", 2);
  assertEquals((await transact()).status, 200);
  assertEquals(store.state.settings.commandVersion, 2);
});
