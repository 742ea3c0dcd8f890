import { assert, assertEquals } from "@std/assert";
import example from "../../dist/systemd/gmon.example.json" with {
  type: "json",
};
import { utf8 } from "../../src/base/mod.ts";
import { FakeMonitor } from "../api/fake_monitor.ts";
import { gmon } from "./fake_terminal.ts";
// What the command line loads late is loaded here at once: these tests run
// with no permissions, and may read no file later.
import { parseConfigFile } from "../../src/cli/config_file.ts";
import "../../src/cli/daemon_start.ts";

const PATH = "/etc/gmon/gmon.json";

/** Where a command went, as its failure tells. */
async function asked(
  line: string,
  environment: Record<string, string>,
  file?: string,
): Promise<string> {
  const ran = await gmon(null, line, {
    environment,
    ...(file === undefined ? {} : { files: { [PATH]: file } }),
  });
  return /answers at ([^;]*);/.exec(ran.stderr)?.[1] ?? ran.stderr;
}

Deno.test("the example of a configuration file is one", () => {
  const parsed = parseConfigFile(utf8(JSON.stringify(example)), PATH);
  assertEquals(JSON.stringify(parsed), JSON.stringify(example));
});

Deno.test("flag beats environment beats configuration file beats default", async () => {
  const file = '{"addr": ["file:1"]}';
  const environment = { GMON_ADDR: "env:1, env:2" };
  assertEquals(
    await asked("volume list --addr flag:1", environment, file),
    "flag:1",
  );
  assertEquals(await asked("volume list", environment, file), "env:1, env:2");
  assertEquals(await asked("volume list", {}, file), "file:1");
  assertEquals(await asked("volume list", {}), "127.0.0.1:24010");
});

Deno.test("the output format comes from the same places", async () => {
  const monitor = new FakeMonitor();
  const files = { [PATH]: '{"output": "jsonl"}' };
  const environment = { GMON_OUTPUT: "name" };
  const shown = async (
    line: string,
    surroundings: Parameters<typeof gmon>[2],
  ): Promise<string> => (await gmon(monitor, line, surroundings)).stdout;
  assertEquals(await shown("version", {}), "gmon 0.1.0\n");
  assert((await shown("version", { files })).startsWith('{"kind":"Version"'));
  assertEquals(await shown("version", { files, environment }), "0.1.0\n");
  assert(
    (await shown("version -o json", { files, environment })).startsWith("{\n"),
  );
});

Deno.test("a wrong configuration file names file, place and fault", async () => {
  for (
    const [content, fault] of [
      ["{", "it is not JSON"],
      ['{"adress": []}', "/adress: unknown key"],
      ['{"monitor": {"apiport": 1}}', "/monitor/apiport: unknown key"],
      ['{"timeout": "30"}', "/timeout: not a duration"],
      ['{"worker": {"swimPort": 0}}', "/worker/swimPort: "],
      ['{"output": "yaml"}', "/output: "],
      ["[]", "/: "],
    ]
  ) {
    const ran = await gmon(null, "status", { files: { [PATH]: content! } });
    assertEquals(ran.code, 2, content);
    assert(
      ran.stderr.startsWith(
        `gmon: the configuration file ${PATH} is wrong: ${fault}`,
      ),
      ran.stderr,
    );
    assert(ran.stderr.endsWith("[invalid-config]\n"));
  }
});

Deno.test("another configuration file is named by flag or environment", async () => {
  const files = { "/x.json": '{"addr": ["x:1"]}' };
  const at = async (
    line: string,
    environment: Record<string, string> = {},
  ): Promise<string> => (await gmon(null, line, { files, environment })).stderr;
  assert((await at("status --config /x.json")).includes("x:1"));
  assert((await at("status", { GMON_CONFIG: "/x.json" })).includes("x:1"));
  assert(
    (await at("status --config /y.json")).includes(
      "no configuration file /y.json",
    ),
  );
});

Deno.test("daemons refuse wrong options before they touch anything", async () => {
  const cases: [string, Record<string, string>, string][] = [
    ["monitor", {}, "gmon monitor needs --name"],
    ["monitor --name a/b", {}, "invalid-name"],
    ["monitor --name m1", {}, "gmon monitor needs --address"],
    ["monitor --name m1 --address host", {}, "is not an IP address"],
    ["monitor --name m1 --address 10.0.0.1", {}, "needs --monitors"],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors m2=10.0.0.2",
      {},
      "monitor m1 is not in its own list",
    ],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors m1=10.0.0.9",
      {},
      "monitor m1 is at 10.0.0.9 in the list",
    ],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors m1=10.0.0.1,m1=10.0.0.2",
      {},
      "has the name m1 twice",
    ],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors 10.0.0.1",
      {},
      "is not NAME=IP",
    ],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors m1=10.0.0.1 --api-port 0",
      {},
      '--api-port "0" is not a port',
    ],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors m1=10.0.0.1",
      { GMON_RAFT_PORT: "x" },
      'GMON_RAFT_PORT "x" is not a port',
    ],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors m1=10.0.0.1 --learner",
      {},
      "--learner is for a monitor that joins",
    ],
    [
      "monitor --name m4 --address 10.0.0.4 --replaces m2",
      {},
      "--replaces is for a monitor that joins",
    ],
    [
      "monitor --name m4 --address 10.0.0.4 --join 10.0.0.1 --replaces a/b",
      {},
      "invalid-name",
    ],
    [
      "monitor --name m1 --address 10.0.0.1 --monitors m1=10.0.0.1",
      { GMON_LEASE_READS: "perhaps" },
      'GMON_LEASE_READS "perhaps" is neither on nor off',
    ],
    ["monitor --zone z", {}, "gmon monitor has no flag --zone"],
    ["worker --name w1 --address 10.0.0.1", {}, "gmon worker needs --monitors"],
    [
      "worker --name w1 --address 10.0.0.1 --monitors 10.0.0.1:0",
      {},
      "is not an address",
    ],
    [
      "worker --name w1 --address 10.0.0.1 --monitors 10.0.0.1 --brick-ports 5-3",
      {},
      "is not a range of ports",
    ],
    ["dev", {}, "HOME is not set"],
    ["dev extra", {}, 'gmon dev takes no words, and there is "extra"'],
    [
      "dev --data /x",
      { GMON_LOG_LEVEL: "loud" },
      'GMON_LOG_LEVEL "loud" is not a level',
    ],
  ];
  for (const [line, environment, said] of cases) {
    const ran = await gmon(null, line, { environment });
    assertEquals(ran.code, 2, `${line}: ${ran.stderr}`);
    assert(ran.stderr.includes(said), `${line}: ${ran.stderr}`);
  }
});
