import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { KEYS } from "../../src/cluster/mod.ts";
import { Problem } from "../../src/base/mod.ts";
import { FakeMonitor, wholeCheckIn } from "../api/fake_monitor.ts";
import { gmon, type Ran } from "./fake_terminal.ts";
import goldens from "./command_golden.json" with { type: "json" };
import { Golden } from "./golden.ts";

const golden = new Golden(
  new URL("./command_golden.json", import.meta.url),
  goldens,
);

/** Three workers; v1 is started with all bricks online but w3's, whose worker is dead; v2 is created. */
async function cluster(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  await monitor.addVolume("v1");
  const disperse = await monitor.ask("POST", "/v1/volumes", {
    name: "v2",
    disperse: 3,
    redundancy: 1,
    bricks: ["w1:/data/v2", "w2:/data/v2", "w3:/data/v2"],
  });
  await monitor.finish(disperse.json.id, "succeeded");
  await monitor.ask("POST", "/v1/volumes/v1/start");
  for (const at of [1, 2, 3]) report(monitor, `w${at}`, at);
  // deno-lint-ignore no-explicit-any
  const w3 = monitor.store.state.get<any>(KEYS.worker("w3"))!.value;
  await monitor.store.put(
    {
      kind: "put",
      key: KEYS.worker("w3"),
      value: { ...w3, verdict: "dead", evidence: "w1: probe failed" },
    },
    {
      kind: "put",
      key: KEYS.role("leader", "v1/0"),
      value: {
        kind: "leader",
        scope: "v1/0",
        candidates: ["w1", "w2", "w3"],
        holder: "w2",
        fence: 5,
        sinceMs: monitor.clock.wallMs() - 65_000,
        exclusive: true,
        holderId: "id-2",
        reason: "taken from w3: it is dead, and let go",
      },
    },
  );
  monitor.clock.advance(900);
  return monitor;
}

function report(monitor: FakeMonitor, worker: string, at: number): void {
  const checkIn = wholeCheckIn(at, {
    worker,
    bricks: [{
      key: KEYS.brick(worker, "/data/v1"),
      volumeId: "any",
      state: "online",
      pid: 4000 + at,
      port: 49151 + at,
      problem: null,
      totalBytes: 100 * 2 ** 30,
      freeBytes: at * 10 * 2 ** 30,
    }],
  });
  monitor.ledger.receive(checkIn, monitor.clock.nowMs());
}

/** Lets everything that is due happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function whole(ran: Ran): string {
  return `exit ${ran.code}\n${ran.stdout}${
    ran.stderr === "" ? "" : `--- stderr\n${ran.stderr}`
  }`;
}

Deno.test("what the commands of roles, heals and rebalances print", async () => {
  const monitor = await cluster();
  for (
    const line of [
      "role info leader/v1/0",
      "role info leader/v1/0 -o json",
      "role explain leader/v1/0",
      "role loads",
      "role kind list",
      "role kind add watch --handler /bin/watch",
      "role kind list -o wide",
      "role kind remove watch",
      "role pin leader/v1/0 w1",
      "role unpin leader/v1/0",
      "role move leader/v1/0 w2",
      "role info leader/v9/0",
      "role kind add job --handler /bin/x",
      "role kind add x",
      "role kind add x --handler /bin/x --scope planet",
      "role kind frobnicate",
      "volume heal v1",
      "volume heal v1 full",
      "volume heal v1 -o json",
      "volume heal v1 half",
      "volume rebalance v1 start",
      "volume rebalance v1 status",
      "volume rebalance v1 sideways",
      "volume rebalance v1 stop --throttle lazy",
    ]
  ) golden.check(line, whole(await gmon(monitor, line)));
  const job = ["role", "kind", "add", "nightly", "--handler=/bin/heal"];
  golden.check(
    "a job, and what is no schedule",
    whole(await gmon(monitor, [...job, "--schedule=0 3 * * *"])) +
      whole(await gmon(monitor, [...job, "--schedule=at noon"])),
  );
});

Deno.test("what the commands of workers and events print", async () => {
  const monitor = await cluster();
  for (
    const line of [
      "worker drain w1 --dry-run",
      "worker drain w2 --dry-run --force",
      "worker drain w2 --dry-run --force -o json",
      "worker list --state draining -o name",
      "worker drain w1",
      "worker drain w1 --force --no-wait",
      "worker list --no-headers -o wide",
      "worker list --state draining",
      "worker list --state alive --zone nowhere",
      "worker undrain w1",
      "worker undrain w1 -o json",
      "worker label w1 rack=r7 disk=ssd",
      "worker list --label rack=r7 --label disk=ssd -o name",
      "worker list --label rack=r7,disk=hdd -o name",
      "worker label w1 rack- empty=",
      "worker label w1 rack-",
      "worker label w1 disk",
      "worker label w1 disk=a disk-",
      "worker info w1",
      "worker remove w1",
      "worker remove w1 --yes",
      "worker remove w1 --dry-run --dead",
      "worker remove w3 --dry-run --dead --force",
      "worker remove w3 --dead --force",
      "worker remove w3 --yes",
      "worker remove w3 --dead",
      "worker remove w3 --dead --yes",
      "worker remove w3 --dead --force --yes",
      "worker remove w3 --dead --yes -o json",
      "events worker",
      "events worker --limit 2 -o wide",
      "events worker/w3 -o json",
      "events role -o jsonl",
      "events -o name --limit 3",
      "events --since 1m worker/w3",
      "events --limit 5000",
      "events a b",
    ]
  ) golden.check(line, whole(await gmon(monitor, line)));
  const drain = (name: string) =>
    gmon(monitor, `worker drain ${name} --force --timeout 1s`);
  golden.check(
    "a drain that takes long says what the worker still has",
    whole(await drain("w2")),
  );
  golden.check(
    "a worker that holds nothing is free at once",
    whole(await drain("w1")),
  );
  golden.check(
    "a drained worker keeps what nobody else can take",
    whole(await drain("w2")),
  );
});

Deno.test("what is watched comes line by line until nobody reads", async () => {
  for (
    const line of [
      "events worker/w1 --watch",
      "events worker --watch -o jsonl --limit 1",
      "worker watch w1",
      "worker watch",
    ]
  ) {
    const monitor = await cluster();
    const watching = gmon(monitor, line, { readerLeavesAfter: 5 });
    let ended = false;
    void watching.finally(() => ended = true);
    for (let change = 0; !ended; change++) {
      // Somebody waits for the next event.
      while (monitor.clock.waiting === 0 && !ended) await turn();
      const key = KEYS.worker("w1");
      // deno-lint-ignore no-explicit-any
      const { value } = monitor.store.state.get<any>(key)!;
      const draining = change % 2 === 0;
      await monitor.store.put({
        kind: "put",
        key,
        value: { ...value, draining },
      });
    }
    golden.check(line, whole(await watching));
  }
});

Deno.test("what every looking command prints, as table, wide, json, jsonl and names", async () => {
  const monitor = await cluster();
  await monitor.ask("PUT", "/v1/config/app/db", { value: "postgres://x\ny" });
  await monitor.ask("PUT", "/v1/config/app/long", { value: "z".repeat(99) });
  for (
    const line of [
      "status",
      "status -o wide --check",
      "status -o json",
      "worker list",
      "worker list -o wide",
      "worker list -o json",
      "worker list -o jsonl",
      "worker list -o name",
      "worker list --no-headers",
      "worker info w3",
      "worker info w9",
      "monitor list",
      "monitor list -o wide",
      "monitor list -o json",
      "role list",
      "role list -o wide",
      "role list -o json",
      "volume list",
      "volume list -o wide",
      "volume list -o json",
      "volume info v1",
      "volume info",
      "volume info v1 -o json",
      "volume status v1",
      "volume status v1 -o wide",
      "volume status v1 -o json",
      "volume status --check",
      "volume status -o name",
      "volume status v9",
      "operation list",
      "operation list -o name",
      "operation info nothing",
      "config get app/db",
      "config get app/db -o json",
      "config list app/",
      "config list -o wide",
      "config list -o json",
      "config list nothing/",
      "config list --prefix app/ --keys-only -o wide",
      "config list --from app/l --limit 1",
      "config list --limit 1",
      "config list --count",
      "config list --count -o json --to app/e",
      "config list --keys-only -o jsonl",
      "config quota",
      "config quota -o json",
      "version",
      "version -o json",
      "-V",
    ]
  ) golden.check(line, whole(await gmon(monitor, line)));
});

Deno.test("help of every command, and completion for every shell", async () => {
  for (
    const line of [
      "",
      "help",
      "help volume",
      "volume --help",
      "volume create -h",
      "config --help",
      "help config list",
      "help config put",
      "help config transaction",
      "help config watch",
      "monitor --help",
      "worker --help",
      "help monitor list",
      "help monitor add",
      "help monitor rebuild",
      "help monitor recover",
      "help backup",
      "help restore",
      "help wroker",
      "completion bash",
      "completion zsh",
      "completion fish",
      "completion csh",
    ]
  ) golden.check(`gmon ${line}`, whole(await gmon(null, line)));
});

Deno.test("help of a noun that is a daemon as well has the daemon's flags and the verbs", async () => {
  for (const [noun, flag] of [["worker", "zone"], ["monitor", "join"]]) {
    const { stdout } = await gmon(null, `${noun} --help`);
    assertStringIncludes(stdout, `\n      --${flag} `);
    assertStringIncludes(stdout, `\n  ${noun} list `);
    assertEquals((await gmon(null, `help ${noun}`)).stdout, stdout);
  }
});

Deno.test("every usage error is one line with a remedy and a code", async () => {
  for (
    const line of [
      "volum list",
      "volume",
      "volume crate v1",
      "volume create",
      "volume create v1",
      "volume list extra",
      "volume start v1 forse",
      "worker list --replica 3",
      "worker list --state sleepy",
      "worker list --label disk",
      "worker list --label disk=ssd --label disk=hdd",
      "worker --zon r1",
      "worker list --zon r1",
      "worker list --labels a=b",
      "worker drain w1 --dryrun",
      "events --since yesterday",
      "events --limit 0 --watch",
      "events w2",
      "events bogus --watch",
      "events workers/w2",
      "events wroker",
      "status extra",
      "status -o yaml",
      "status --timeout 30",
      "status --addr a:b:c",
      "config get k --consistency eventual",
      "config put k v --if-absent --if-revision 3",
      "config delete k --if-value v --if-revision 3",
      "config list a --prefix b",
      "config list --limit 0",
      "config transaction nowhere.json",
      "config transaction -",
      "config quota 3MB",
      "config put k v --if-revision x",
      "volume volfile v1 --kind moon",
      "status --config /nowhere.json",
    ]
  ) {
    const ran = await gmon(null, line);
    assertEquals([ran.code, ran.stdout], [2, ""], line);
    assertEquals(ran.stderr.trimEnd().split("\n").length, 1, line);
    golden.check(`usage: ${line}`, ran.stderr);
  }
});

Deno.test("create, start, stop and delete say what they did", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  finishOperations(monitor);
  const create = "volume create v1 replica 3 w1:/b/v1 w2:/b/v1 w3:/b/v1";
  assertEquals(await gmon(monitor, create), {
    code: 0,
    stdout: "volume v1 created\n",
    stderr: "",
  });
  const again = await gmon(monitor, create);
  assertEquals([again.code, again.stdout], [6, ""]);
  assert(again.stderr.endsWith("[volume-exists]\n"));
  const started = await gmon(monitor, "volume start v1");
  assertEquals([started.code, started.stdout], [0, "volume v1 started\n"]);
  assertEquals(
    started.stderr,
    "gmon: 0 of 3 bricks of v1 are online; see gmon volume status v1\n",
  );
  assertEquals(
    (await gmon(monitor, "volume stop v1 --yes")).stdout,
    "volume v1 stopped\n",
  );
  const deleted = await gmon(monitor, "volume delete v1 -y -o json");
  assertEquals(deleted.code, 0);
  const { kind, version, item } = JSON.parse(deleted.stdout);
  assertEquals([kind, version, item.kind, item.state], [
    "Operation",
    1,
    "volume-delete",
    "succeeded",
  ]);
  const missing = await gmon(monitor, "volume delete v1 -y");
  assertEquals([missing.code, missing.stderr], [
    5,
    "gmon: there is no volume v1; see `gmon volume list` [volume-not-found]\n",
  ]);
});

Deno.test("a creation that fails later exits with 9 and every brick's reason", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  finishOperations(monitor, [
    "w1:/b/v1: it is not empty",
    "w2:/b/v1: no space",
  ]);
  const failed = await gmon(
    monitor,
    "volume create v1 --replica 3 w1:/b/v1 w2:/b/v1 w3:/b/v1",
  );
  assertEquals([failed.code, failed.stdout], [9, ""]);
  assertEquals(
    failed.stderr,
    "gmon: volume v1 was not created: w1:/b/v1: it is not empty; w2:/b/v1: no space; put that right and try again [brick-preparation-failed]\n",
  );
});

Deno.test("an operation that outlasts the timeout exits with 3, and --no-wait does not wait", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  const line = "volume create v1 w1:/b/v1";
  const begun = await gmon(monitor, `${line} --no-wait -o name`);
  assertEquals([begun.code, begun.stderr], [0, ""]);
  const [operation] = monitor.store.state.list(KEYS.operation(""));
  assertEquals(`operations/${begun.stdout.trim()}`, operation!.key);
  const waiting = gmon(monitor, "volume create v2 w1:/b/v2 --timeout 2s");
  for (let round = 0; round < 200; round++) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    monitor.clock.advance(100);
  }
  const late = await waiting;
  assertEquals(late.code, 3);
  assert(late.stderr.includes("still runs; see gmon operation info"));
});

Deno.test("stop and delete ask for the name at a terminal, and refuse without one", async () => {
  const monitor = await cluster();
  const refused = await gmon(monitor, "volume stop v1");
  assertEquals([refused.code, refused.stderr], [
    2,
    "gmon: stopping volume v1 takes it away from its clients; repeat with --yes [confirmation-required]\n",
  ]);
  const wrong = await gmon(monitor, "volume stop v1", { typed: ["yes"] });
  assertEquals(wrong.code, 2);
  assert(wrong.stderr.includes('"yes" is not v1: nothing was done'));
  const ended = await gmon(monitor, "volume stop v1", { typed: [] });
  assertEquals(ended.code, 2);
  assertEquals(
    (await monitor.ask("GET", "/v1/volumes/v1")).json.status,
    "started",
  );
  const meant = await gmon(monitor, "volume stop v1", { typed: ["v1"] });
  assertEquals([meant.code, meant.stdout], [0, "volume v1 stopped\n"]);
  const force = await gmon(monitor, "volume delete v2 --force -y");
  assertEquals(force.code, 2);
  const deleted = await gmon(monitor, "volume delete v2 --no-wait", {
    typed: ["v2"],
  });
  assertEquals(deleted.code, 0);
  assert(deleted.stderr.includes("gives up its 3 bricks"));
});

Deno.test("a removal that is refused anyway asks for no name first", async () => {
  const monitor = await cluster();
  const alive = await gmon(monitor, "worker remove w1", { typed: ["w1"] });
  assertEquals([alive.code, alive.stderr.includes("Type w1")], [7, false]);
  const dead = await gmon(monitor, "worker remove w3 --dead --force", {
    typed: ["w3"],
  });
  assertEquals([dead.code, dead.stdout], [0, "worker w3 removed\n"]);
  assertStringIncludes(dead.stderr, "without it:\n  v1: ");
});

Deno.test("config put, get, delete and their preconditions", async () => {
  const monitor = new FakeMonitor();
  const put = await gmon(monitor, "config put a/b hello");
  assertEquals([put.code, put.stdout], [0, "a/b set at revision 1\n"]);
  assertEquals((await gmon(monitor, "config get a/b")).stdout, "hello\n");
  const exists = await gmon(monitor, "config put a/b x --if-absent");
  assertEquals([exists.code, exists.stdout], [6, ""]);
  const moved = await gmon(monitor, "config put a/b x --if-revision 9");
  assertEquals(moved.code, 6);
  const piped = await gmon(monitor, "config put a/b - --if-revision 1", {
    input: "line 1\nline 2\n",
  });
  assertEquals(piped.code, 0);
  assertEquals(
    (await gmon(monitor, "config get a/b")).stdout,
    "line 1\nline 2\n",
  );
  const dash = await gmon(monitor, ["config", "put", "n", "--", "-5"]);
  assertEquals(dash.code, 0);
  const gone = await gmon(monitor, "config delete a/b");
  assertEquals(gone.stdout, "a/b deleted at revision 4\n");
  const missing = await gmon(monitor, "config get a/b");
  assertEquals([missing.code, missing.stderr], [
    5,
    "gmon: there is no key a/b; see `gmon config list` [key-not-found]\n",
  ]);
});

Deno.test("config put and delete with --if-value change only what they expect", async () => {
  const monitor = await transactingMonitor();
  await gmon(monitor, "config put k one");
  const wrong = await gmon(monitor, "config put k two --if-value three");
  assertEquals([wrong.code, wrong.stdout, wrong.stderr], [
    6,
    "",
    "gmon: the key k has another value, since revision 2; read it again and decide anew [precondition-failed]\n",
  ]);
  const right = await gmon(monitor, "config put k two --if-value one");
  assertEquals([right.code, right.stdout], [0, "k set at revision 3\n"]);
  const absent = await gmon(monitor, "config delete none --if-value x");
  assertEquals(absent.code, 6);
  assert(absent.stderr.includes("the key none does not exist"));
  const gone = await gmon(monitor, "config delete k --if-value two -o json");
  assertEquals(JSON.parse(gone.stdout).item, { key: "k", revision: 4 });
});

Deno.test("config transaction reads a file or the input, and its code tells the branch", async () => {
  const monitor = await transactingMonitor();
  const change = JSON.stringify({
    compare: [{ test: "absent", key: "lock" }],
    then: [
      { op: "put", key: "lock", value: "me" },
      { op: "delete", key: "old" },
      { op: "get", key: "lock" },
    ],
    else: [{ op: "get", key: "lock" }, { op: "get", key: "old" }],
  });
  const files = { "change.json": change };
  const line = "config transaction change.json";
  const first = await gmon(monitor, line, { files });
  golden.check("config transaction that succeeds", whole(first));
  assertEquals(first.code, 0);
  const second = await gmon(monitor, "config transaction -", { input: change });
  golden.check("config transaction that does not", whole(second));
  assertEquals(second.code, 6);
  const json = await gmon(monitor, `${line} -o json`, { files });
  golden.check("config transaction -o json", whole(json));
  const wrong = await gmon(monitor, "config transaction -", {
    input: '{"then": [{"op": "put", "key": "k"}]}',
  });
  golden.check("config transaction that is malformed", whole(wrong));
  assertEquals(wrong.code, 2);
});

Deno.test("config quota sets what the keys may take, and writes beyond it exit with 7", async () => {
  const monitor = await transactingMonitor();
  const set = await gmon(monitor, "config quota 0.5KiB");
  assertEquals(set.stdout, "Keys:   0\nUsed:   0 B\nQuota:  512 B\n");
  await gmon(monitor, ["config", "put", "k", "x".repeat(300)]);
  const full = await gmon(monitor, "config put k2 y");
  golden.check("config put over the quota", whole(full));
  assertEquals(full.code, 7);
  const status = await gmon(monitor, "status --check");
  assertEquals(status.code, 8);
  assert(status.stdout.includes("[config-quota]"));
});

/** A monitor of a cluster that was founded with transactions. */
async function transactingMonitor(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.store.put({
    kind: "put",
    key: "cluster",
    value: { id: "c", createdAtMs: 0, commandVersion: 2 },
  });
  return monitor;
}

Deno.test("config watch prints a line for each change until nobody reads", async () => {
  const monitor = new FakeMonitor();
  for (const value of ["1", "2"]) {
    await monitor.ask("PUT", "/v1/config/app/x", { value });
  }
  await monitor.ask("PUT", "/v1/config/other", { value: "" });
  await monitor.ask("DELETE", "/v1/config/app/x");
  const table = await gmon(monitor, "config watch app/ --since 0", {
    readerLeavesAfter: 3,
  });
  assertEquals([table.code, table.stdout], [
    0,
    "1  put  app/x  1\n2  put  app/x  2\n4  delete  app/x\n",
  ]);
  const json = await gmon(monitor, "config watch app/ --since 2 -o json", {
    readerLeavesAfter: 1,
  });
  assertEquals(JSON.parse(json.stdout), {
    kind: "ConfigChange",
    version: 1,
    item: { revision: 4, key: "app/x", value: null },
  });
});

Deno.test("nobody there exits with 3, and an unexpected failure with 1", async () => {
  const nobody = await gmon(null, "volume list --addr 10.0.0.1,10.0.0.2:9");
  assertEquals([nobody.code, nobody.stderr], [
    3,
    "gmon: no monitor answers at 10.0.0.1:24010, 10.0.0.2:9; start one, or name another with --addr or GMON_ADDR [unreachable]\n",
  ]);
  const monitor = new FakeMonitor();
  monitor.store.readBarrier = () => Promise.reject(new Error("boom"));
  assertEquals((await gmon(monitor, "volume list")).code, 1);
});

Deno.test("without a leader, status and monitor list show what one monitor knows", async () => {
  const monitor = await cluster();
  monitor.store.standing = { role: "follower", term: 4, leader: null };
  monitor.store.failing = new Problem("no-leader", "no leader");
  const status = await gmon(monitor, "status --timeout 1s --check");
  assertEquals(status.code, 8);
  assert(status.stdout.includes("Leader:      none"));
  assert(status.stdout.includes("[no-leader]"));
  const list = await gmon(monitor, "monitor list --timeout 1s");
  assertEquals(list.code, 0);
  assert(list.stderr.includes("showing what one monitor knows"));
});

/** Ends every operation as soon as it begins. */
function finishOperations(monitor: FakeMonitor, problems: string[] = []): void {
  monitor.store.subscribe((changes) => {
    for (const { key, value } of changes) {
      const state = (value as { state?: string } | null)?.state;
      if (key.startsWith(KEYS.operation("")) && state === "running") {
        void monitor.finish(
          key.slice(KEYS.operation("").length),
          problems.length === 0 ? "succeeded" : "failed",
          problems,
        );
      }
    }
  });
}
