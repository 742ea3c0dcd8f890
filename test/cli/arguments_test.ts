import { assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { parseAddress } from "../../src/cli/addresses.ts";
import { GLOBAL_FLAGS } from "../../src/cli/command.ts";
import { allFlags, COMMANDS } from "../../src/cli/command_table.ts";
import { durationMs } from "../../src/cli/duration.ts";
import { age, ageOf, size } from "../../src/cli/humanise.ts";
import { editDistance, nearest } from "../../src/cli/suggestion.ts";
import { volumeCreateRequest } from "../../src/cli/volume_words.ts";

function parse(line: string): ReturnType<typeof parseArguments> {
  return parseArguments(line.split(" ").filter(Boolean), allFlags());
}

function refusal(line: string): string {
  const problem = assertThrows(() => parse(line), Problem);
  assertEquals(problem.code, "usage");
  return problem.line;
}

Deno.test("flags may stand anywhere, with a space or an equals sign", () => {
  const given = parse(
    "--addr a,b volume -ojson create --addr=c v1 --replica 3 w1:/b -y",
  );
  assertEquals(given.words, ["volume", "create", "v1", "w1:/b"]);
  assertEquals(given.list("addr"), ["a", "b", "c"]);
  assertEquals(given.value("output"), "json");
  assertEquals(given.value("replica"), "3");
  assertEquals([given.isSet("yes"), given.isSet("force")], [true, false]);
  assertEquals([...given.given].sort(), ["addr", "output", "replica", "yes"]);
});

Deno.test("words after -- are words, whatever they look like", () => {
  assertEquals(parse("config put k -- -5").words, ["config", "put", "k", "-5"]);
  assertEquals(parse("config put 007 1e3").words.slice(2), ["007", "1e3"]);
});

Deno.test("a wrong flag says what is wrong, and what was meant", () => {
  assertEquals(
    refusal("volume create --relpica 3 v1"),
    "there is no flag --relpica; did you mean --replica?",
  );
  assertEquals(
    refusal("status --zzzzzz"),
    "there is no flag --zzzzzz; see `gmon help`",
  );
  assertEquals(refusal("status -q"), "there is no flag -q; see `gmon help`");
  assertEquals(
    refusal("volume create --replica 3 --replica 2"),
    "--replica is given 2 times; give it once",
  );
  assertEquals(
    refusal("stop -y --yes"),
    "--yes is given 2 times; give it once",
  );
  assertEquals(
    refusal("status --timeout"),
    "--timeout needs a value; write --timeout DURATION",
  );
  assertEquals(
    refusal("status --output= x"),
    "--output needs a value; write --output FORMAT",
  );
  assertEquals(
    refusal("status --yes=perhaps"),
    "--yes takes no value; write --yes, or leave it out",
  );
});

Deno.test("one flag name takes a value everywhere or nowhere", () => {
  const arity = new Map<string, boolean>();
  for (const flag of [...GLOBAL_FLAGS, ...COMMANDS.flatMap((c) => c.flags)]) {
    assertEquals(
      arity.get(flag.name) ?? (flag.value === null),
      flag.value === null,
      flag.name,
    );
    arity.set(flag.name, flag.value === null);
  }
});

Deno.test("volume create takes glusterd's words and flags alike", () => {
  const bricks = "w1:/b w2:/b w3:/b";
  const request = (line: string): unknown =>
    volumeCreateRequest(parseArguments(line.split(" "), allFlags()));
  const base = { name: "v1", bricks: bricks.split(" ") };
  for (
    const [line, expected] of [
      [`v1 ${bricks}`, base],
      [`v1 replica 3 ${bricks}`, { ...base, replica: 3 }],
      [`v1 --replica=3 ${bricks}`, { ...base, replica: 3 }],
      [`v1 replica 3 arbiter 1 ${bricks} force`, {
        ...base,
        replica: 3,
        arbiter: 1,
        force: true,
      }],
      [`v1 replica 3 ${bricks} --arbiter 1 --force`, {
        ...base,
        replica: 3,
        arbiter: 1,
        force: true,
      }],
      [`v1 disperse 3 redundancy 1 transport tcp ${bricks}`, {
        ...base,
        disperse: 3,
        redundancy: 1,
      }],
      [`v1 disperse ${bricks}`, { ...base, disperse: 3 }],
      [`v1 disperse redundancy 1 ${bricks}`, {
        ...base,
        disperse: 3,
        redundancy: 1,
      }],
      [`v1 disperse-data 2 redundancy 1 ${bricks}`, {
        ...base,
        disperseData: 2,
        redundancy: 1,
      }],
    ] as const
  ) assertEquals(request(line), expected, line);
  for (
    const [line, said] of [
      [
        `v1 replica ${bricks}`,
        'replica "w1:/b" is not a count; write replica and a whole number',
      ],
      [
        `v1 replica 3 replica 2 ${bricks}`,
        "replica is given twice; give it once",
      ],
      [
        `v1 replica 3 ${bricks} --replica 2`,
        "replica is given twice; give it once",
      ],
      [
        `v1 force ${bricks}`,
        '"force" is neither a brick nor a known word; write bricks as WORKER:/PATH; the words are replica, arbiter, disperse, disperse-data, redundancy and, last, force',
      ],
      [
        `v1 transport rdma ${bricks}`,
        "transport rdma is not supported; use transport tcp, or leave it out",
      ],
      [
        `v1 thin-arbiter 1 ${bricks}`,
        "thin-arbiter volumes are not supported; use replica, arbiter or disperse",
      ],
      [
        "v1 replica 3",
        "no brick is given for volume v1; write bricks as WORKER:/PATH, e.g. w1:/data/brick1",
      ],
    ] as const
  ) {
    assertEquals(assertThrows(() => request(line), Problem).line, said);
  }
});

Deno.test("addresses are read with and without port, brackets and scheme", () => {
  for (
    const [text, host, port] of [
      ["10.0.0.1", "10.0.0.1", 24010],
      ["m1:9", "m1", 9],
      ["http://m1:9/", "m1", 9],
      ["[fd00::1]:9", "fd00::1", 9],
      ["fd00::1", "fd00::1", 24010],
      ["::ffff:10.0.0.1", "::ffff:10.0.0.1", 24010],
    ] as const
  ) {
    assertEquals(parseAddress(text, 24010, "--addr"), { host, port });
  }
  for (
    const text of [
      "",
      "a b",
      "m1:0",
      "m1:70000",
      "m1:x",
      "https://m1",
      "a:b:c",
      "1::2::3",
    ]
  ) {
    assertThrows(() => parseAddress(text, 24010, "--addr"), Problem);
  }
});

Deno.test("durations, ages and sizes", () => {
  assertEquals(["500ms", "30s", "1.5m", "2h"].map(durationMs), [
    500,
    30_000,
    90_000,
    7_200_000,
  ]);
  assertEquals(["30", "s", "-1s", "1d", "1 s", ""].map(durationMs), [
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
  assertEquals([0, 59.9, 60, 95, 600, 3700, 86_399, 90_000, 864_000].map(age), [
    "0s",
    "59s",
    "1m",
    "1m35s",
    "10m",
    "1h1m",
    "23h",
    "1d1h",
    "10d",
  ]);
  assertEquals(ageOf("1970-01-01T00:00:00.000Z", 5000), "5s");
  assertEquals(ageOf("nonsense", 5000), "-");
  assertEquals([null, 0, 1023, 1024, 1536, 2 ** 40, 200 * 2 ** 30].map(size), [
    "-",
    "0 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "1 TiB",
    "200 GiB",
  ]);
});

Deno.test("suggestions are near or none", () => {
  assertEquals(editDistance("kitten", "sitting"), 3);
  assertEquals(editDistance("crate", "create"), 1);
  assertEquals(editDistance("ab", "ba"), 1);
  assertEquals(nearest("volum", ["worker", "volume"]), "volume");
  assertEquals(nearest("x", ["worker", "volume"]), null);
  assertEquals(nearest("output", []), null);
});
