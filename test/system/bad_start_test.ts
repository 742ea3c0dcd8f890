import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type {
  Environment,
  Flags,
  Testbed,
} from "../../tools/testbed/testbed.ts";
import { namesIn, treeOf } from "../../tools/testbed/tree.ts";
import {
  assertNoTrace,
  assertRefused,
  assertStartRefused,
  type Refusal,
} from "./refusal.ts";
import {
  awaitOnline,
  bricksOf,
  bricksOn,
  hosts,
  playScene,
  startCluster,
  succeed,
} from "./scene.ts";

/** Addresses that no daemon of the cluster has. */
const FREE = "127.0.5.20";
const ELSEWHERE = "127.0.5.21";

Deno.test("daemons that must not start: one clear line, a code, and no trace", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 1, 5, 1),
    workers: hosts("w", 2, 5, 2),
  }, async ({ testbed, step }) => {
    await step("a cluster", () => startCluster(testbed));
    await step("a worker's name that is taken", () => takenName(testbed));
    await step("flags that make no sense", () => badFlags(testbed));
    await step("configuration files", () => configurationFiles(testbed));
    await step("ports that are taken", () => takenPorts(testbed));
    await step("addresses of other hosts", () => foreignAddresses(testbed));
    await step("data directories", () => dataDirectories(testbed));
    await step("a missing glusterfsd", () => missingGlusterfsd(testbed));
    await step("data of another cluster", () => otherCluster(testbed));
    await step("a damaged journal", () => damagedJournal(testbed));
  });
});

/** The bricks of the name's holder, which a second machine of this name could reach here, go on as they are. */
async function takenName(testbed: Testbed): Promise<void> {
  const bricks = bricksOf(testbed, "taken");
  await succeed(testbed, "volume", "create", "taken", ...bricks);
  await succeed(testbed, "volume", "start", "taken");
  await awaitOnline(testbed, "taken", bricks.length);
  await refuse(testbed, newWorker(testbed, { name: "w1" }), {
    problem: "name-taken",
    exit: 6,
    says: ["the worker name w1 is held", "127.0.5.2", "another --name"],
  });
  await testbed.eventually(
    "the holder hears of it",
    async () =>
      (await testbed.log("w1")).includes(
        "another machine asked for this name",
      ) ||
      null,
  );
  await succeed(testbed, "volume", "stop", "taken", "--yes");
  await succeed(testbed, "volume", "delete", "taken", "--yes");
}

/** Runs a daemon that must refuse to start, and leave nothing. */
async function refuse(
  testbed: Testbed,
  args: readonly string[],
  refusal: Refusal,
  environment: Environment = {},
): Promise<void> {
  const result = await assertNoTrace(
    testbed,
    () => testbed.gmonIn(environment, ...args),
  );
  assertStartRefused(result, refusal);
}

/** A monitor that never ran, alone in its quorum. */
function newMonitor(testbed: Testbed, changes: Flags = {}): string[] {
  return testbed.monitorArguments("m1", {
    name: "m9",
    address: FREE,
    data: `${testbed.directory}/m9`,
    monitors: `m9=${FREE}`,
    ...changes,
  });
}

/** A worker that never ran. */
function newWorker(testbed: Testbed, changes: Flags = {}): string[] {
  return testbed.workerArguments("w1", {
    name: "w9",
    address: FREE,
    data: `${testbed.directory}/w9`,
    "run-dir": `${testbed.directory}/run/w9`,
    "log-dir": `${testbed.directory}/log/w9`,
    ...changes,
  });
}

async function badFlags(testbed: Testbed): Promise<void> {
  const usage = (...says: string[]): Refusal => ({
    problem: "usage",
    exit: 2,
    says,
  });
  const name = (...says: string[]): Refusal => ({
    problem: "invalid-name",
    exit: 2,
    says,
  });
  const cases: [string[], Refusal][] = [
    [newMonitor(testbed, { nmae: "m9" }), usage("--nmae", "--name")],
    [newMonitor(testbed, { name: undefined }), usage("needs --name")],
    [newWorker(testbed, { monitors: undefined }), usage("needs --monitors")],
    [newMonitor(testbed, { name: "m/9" }), name('"m/9" contains "/"')],
    [newWorker(testbed, { name: "w 9" }), name('"w 9" contains " "')],
    [
      newMonitor(testbed, { monitors: "m1=127.0.5.1" }),
      usage("monitor m9 is not in its own list", `put m9=${FREE} in the list`),
    ],
    [
      newMonitor(testbed, { monitors: "m9=127.0.5.1" }),
      usage("m9 is at 127.0.5.1 in the list", FREE),
    ],
    [newMonitor(testbed, { monitors: "m9" }), usage('"m9" is not NAME=IP')],
    [newWorker(testbed, { address: "host-9" }), usage("not an IP address")],
    [newMonitor(testbed, { "api-port": 70_000 }), usage("70000", "65535")],
    [newWorker(testbed, { "brick-ports": "9" }), usage('"9" is not a range')],
    [newWorker(testbed).concat("more"), usage("no verb more", "list, info")],
  ];
  const results = await assertNoTrace(
    testbed,
    () => Promise.all(cases.map(([args]) => testbed.gmon(...args))),
  );
  cases.forEach(([, refusal], at) => assertRefused(results[at]!, refusal));
  await refuse(
    testbed,
    newWorker(testbed, {
      "run-dir": `${testbed.directory}/${"long/".repeat(20)}`,
    }),
    { problem: "invalid-config", exit: 2, says: ["run directory", "shorter"] },
  );
}

async function configurationFiles(testbed: Testbed): Promise<void> {
  const path = `${testbed.directory}/gmon.json`;
  const cases: [string, string, string][] = [
    [
      '{"worker":{"volfilPort":1}}',
      "/worker/volfilPort: unknown key",
      "remove",
    ],
    ['{"wroker":{}}', "/wroker: unknown key", "remove"],
    ['{"worker":{"swimPort":0}}', "/worker/swimPort", "mend"],
    ['{"worker":', "it is not JSON", "mend"],
  ];
  for (const [content, ...says] of cases) {
    await Deno.writeTextFile(path, content);
    const args = newWorker(testbed).concat("--config", path);
    await refuse(testbed, args, {
      problem: "invalid-config",
      exit: 2,
      says: [path, ...says],
    });
  }
  await Deno.remove(path);
}

async function takenPorts(testbed: Testbed): Promise<void> {
  const monitor = newMonitor(testbed);
  const worker = newWorker(testbed);
  const cases: [string[], "tcp" | "udp", number][] = [
    [monitor, "tcp", 24010],
    [monitor, "tcp", 24011],
    [worker, "tcp", 24012],
    [worker, "udp", 24012],
    [worker, "tcp", 24007],
  ];
  for (const [args, transport, port] of cases) {
    const options = { hostname: FREE, port };
    const holder = transport === "tcp"
      ? Deno.listen(options)
      : Deno.listenDatagram({ ...options, transport });
    try {
      await refuse(testbed, args, {
        problem: "address-in-use",
        exit: 7,
        says: [`${FREE}:${port}`, "stop"],
      });
    } finally {
      holder.close();
    }
  }
  // Of a living worker of the same host.
  const [living] = testbed.options.workers;
  await refuse(
    testbed,
    newWorker(testbed, { address: living!.address, "swim-port": 24112 }),
    {
      problem: "address-in-use",
      exit: 7,
      says: [`${living!.address}:24007`, "stop"],
    },
  );
}

async function foreignAddresses(testbed: Testbed): Promise<void> {
  const address = "192.0.2.1";
  const refusal: Refusal = {
    problem: "address-unusable",
    exit: 7,
    says: [`this host has no address ${address}`, "--address"],
  };
  await refuse(testbed, newWorker(testbed, { address }), refusal);
  await refuse(
    testbed,
    newMonitor(testbed, { address, monitors: `m9=${address}` }),
    refusal,
  );
}

async function dataDirectories(testbed: Testbed): Promise<void> {
  const data = `${testbed.directory}/w1`;
  await refuse(testbed, newWorker(testbed, { data, name: "w1" }), {
    problem: "data-directory-in-use",
    exit: 7,
    says: [data, "stop that process"],
  });
  await refuse(
    testbed,
    newMonitor(testbed, { data: `${testbed.directory}/m1`, name: "m9" }),
    { problem: "data-directory-in-use", exit: 7, says: ["/m1"] },
  );
  await refuse(testbed, newWorker(testbed, { data: "/proc/1/comm/w9" }), {
    problem: "disk-failed",
    exit: 1,
    says: ["/proc/1/comm/w9", "name another directory"],
  });
  await testbed.kill("w2");
  const other = `${testbed.directory}/w2`;
  await refuse(testbed, newWorker(testbed, { data: other }), {
    problem: "identity-mismatch",
    exit: 7,
    says: [
      other,
      "belongs to the worker w2, not to the worker w9",
      "--name w2",
    ],
  });
  await refuse(testbed, newMonitor(testbed, { data: other }), {
    problem: "identity-mismatch",
    exit: 7,
    says: ["belongs to the worker w2, not to the monitor m9"],
  });
  testbed.startWorker("w2");
}

async function missingGlusterfsd(testbed: Testbed): Promise<void> {
  testbed.startDaemon(
    "w8",
    newWorker(testbed, {
      name: "w8",
      address: ELSEWHERE,
      data: `${testbed.directory}/w8`,
    }),
    { PATH: "/nowhere" },
  );
  await testbed.eventually(
    "w8 is alive",
    () => testbed.get("/v1/workers/w8"),
  );
  await Deno.mkdir(bricksOn(testbed, "w8"));
  const bricks = bricksOf(testbed, "v", ["w1", "w8"]);
  const result = await assertNoTrace(
    testbed,
    () => testbed.gmon("volume", "create", "v", ...bricks),
  );
  assertRefused(result, {
    problem: "brick-preparation-failed",
    exit: 9,
    says: ["w8:", "glusterfsd is not installed", "install the package"],
  });
  await testbed.terminate("w8");
}

async function otherCluster(testbed: Testbed): Promise<void> {
  const list = `m1=${FREE},m2=${ELSEWHERE},m3=127.0.5.22`;
  for (const [name, address] of [["m2", ELSEWHERE], ["m3", "127.0.5.22"]]) {
    testbed.startDaemon(
      `other-${name}`,
      newMonitor(testbed, {
        name,
        address,
        data: `${testbed.directory}/other-${name}`,
        monitors: list,
      }),
    );
  }
  await testbed.eventually("another cluster", async () => {
    const url = `http://${ELSEWHERE}:24010/v1/status`;
    const status = await fetch(url).then((answer) => answer.json(), () => null);
    return status?.leader ?? null;
  });
  await testbed.kill("w1");
  await refuse(
    testbed,
    testbed.workerArguments("w1", { monitors: ELSEWHERE }),
    {
      problem: "cluster-mismatch",
      exit: 7,
      says: ["worker w1 belongs to cluster", "its own cluster"],
    },
  );
  testbed.startWorker("w1");
  // A copy of m1's data, so that the cluster itself goes on.
  await testbed.kill("m1");
  await copy(`${testbed.directory}/m1`, `${testbed.directory}/copy`);
  testbed.startMonitor("m1");
  await testbed.eventually("m1 serves", () => testbed.get("/v1/volumes"));
  await refuse(
    testbed,
    newMonitor(testbed, {
      name: "m1",
      address: FREE,
      data: `${testbed.directory}/copy`,
      monitors: list,
    }),
    {
      problem: "cluster-mismatch",
      exit: 7,
      says: [`${testbed.directory}/copy belongs to cluster`, "empty one"],
    },
  );
  await testbed.kill("other-m2");
  await testbed.kill("other-m3");
}

async function damagedJournal(testbed: Testbed): Promise<void> {
  for (let at = 0; at < 5; at++) {
    await succeed(testbed, "config", "put", `key/${at}`, "x".repeat(1_000));
  }
  await testbed.kill("m1");
  const journal = `${testbed.directory}/m1/journal`;
  const [segment] = await namesIn(journal);
  const path = `${journal}/${segment}`;
  const content = await Deno.readFile(path);
  const at = 2_500;
  const broken = content.slice();
  broken[at]! ^= 1;
  await Deno.writeFile(path, broken);
  const before = await treeOf(`${testbed.directory}/m1`);
  const result = await testbed.gmon(...testbed.monitorArguments("m1"));
  assertStartRefused(result, {
    problem: "journal-damaged",
    exit: 1,
    says: [`${path} at offset `],
  });
  const offset = Number(/at offset (\d+)/.exec(result.stderr)?.[1]);
  assert(offset > 0 && offset < at, result.stderr);
  assertEquals(await treeOf(`${testbed.directory}/m1`), before);
  assertEquals(await Deno.readFile(path), broken);
  await missingJournal(testbed, journal);
  await Deno.writeFile(path, content);
  testbed.startMonitor("m1");
  await testbed.eventually("m1 serves", () => testbed.get("/v1/volumes"));
  const value = await succeed(testbed, "config", "get", "key/4");
  assertStringIncludes(value, "xxx");
}

async function missingJournal(
  testbed: Testbed,
  journal: string,
): Promise<void> {
  await Deno.rename(journal, `${journal}-away`);
  const result = await testbed.gmon(...testbed.monitorArguments("m1"));
  assertStartRefused(result, {
    problem: "journal-damaged",
    exit: 1,
    says: [`the journal is missing from ${testbed.directory}/m1`],
  });
  await Deno.remove(journal, { recursive: true });
  await Deno.rename(`${journal}-away`, journal);
}

async function copy(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-a", from, to] })
    .output();
  assert(success);
}
