import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../../src/base/mod.ts";
import type {
  BrickDocument,
  OperationDocument,
} from "../../src/cluster/mod.ts";
import type { VolumeCreateRequest } from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

const BRICKS = ["w1:/data/a", "w2:/data/a", "w3:/data/a"];

Deno.test("planVolumeCreate commits volume, bricks and operation as one", () => {
  const pool = new Pool(3);
  const transaction = pool.planCreate({
    name: "v1",
    bricks: BRICKS,
    replica: 3,
    options: { "cluster.server-quorum-type": "none" },
  });
  pool.commit(transaction);
  assertEquals(pool.state.revision, 4);
  assertEquals(pool.volume("v1"), {
    name: "v1",
    id: "volume-1",
    type: "replicate",
    subvolumeSize: 3,
    replica: 3,
    arbiter: 0,
    redundancy: 0,
    status: "creating",
    bricks: [
      { index: 0, worker: "w1", host: "10.0.0.1", path: "/data/a" },
      { index: 1, worker: "w2", host: "10.0.0.2", path: "/data/a" },
      { index: 2, worker: "w3", host: "10.0.0.3", path: "/data/a" },
    ],
    options: {
      "cluster.granular-entry-heal": "on",
      "storage.fips-mode-rchecksum": "on",
      "transport.address-family": "inet",
      "nfs.disable": "on",
      "performance.client-io-threads": "off",
      "cluster.server-quorum-type": "none",
    },
    username: "user",
    password: "secret",
    operation: "operation-1",
    createdAtMs: 5_000,
  });
  assertEquals(
    pool.state.list<BrickDocument>("bricks/").map(({ key, value }) => ({
      key,
      index: value.index,
    })),
    [
      { key: "bricks/w1//data/a", index: 0 },
      { key: "bricks/w2//data/a", index: 1 },
      { key: "bricks/w3//data/a", index: 2 },
    ],
  );
  const [operation] = pool.state.list<OperationDocument>("operations/");
  assertEquals(operation?.value.state, "running");
  assertEquals(operation?.value.volume, "v1");
});

const REFUSALS: readonly {
  readonly name: string;
  readonly request: Partial<VolumeCreateRequest>;
  readonly code: ProblemCode;
  /** What the line must name. */
  readonly says: string;
}[] = [
  {
    name: "an empty name",
    request: { name: "" },
    code: "invalid-name",
    says: "empty",
  },
  {
    name: "a slash in the name",
    request: { name: "a/b" },
    code: "invalid-name",
    says: '"/"',
  },
  {
    name: "a space in the name",
    request: { name: "a b" },
    code: "invalid-name",
    says: '" "',
  },
  {
    name: "a dot in the name",
    request: { name: "a.b" },
    code: "invalid-name",
    says: '"."',
  },
  {
    name: "a letter outside of ASCII",
    request: { name: "vé" },
    code: "invalid-name",
    says: '"é"',
  },
  {
    name: "a line end in the name",
    request: { name: "a\n" },
    code: "invalid-name",
    says: "\\n",
  },
  {
    name: "65 characters",
    request: { name: "a".repeat(65) },
    code: "invalid-name",
    says: "65",
  },
  {
    name: "a name like an option",
    request: { name: "-v" },
    code: "invalid-name",
    says: "-",
  },
  {
    name: "GlusterFS's word for all volumes",
    request: { name: "all" },
    code: "invalid-name",
    says: "all",
  },
  {
    name: "a name that is taken",
    request: { name: "old" },
    code: "volume-exists",
    says: "old",
  },
  {
    name: "no brick",
    request: { bricks: [] },
    code: "invalid-layout",
    says: "no brick",
  },
  {
    name: "a brick without path",
    request: { bricks: ["w1"] },
    code: "invalid-brick",
    says: "WORKER:/PATH",
  },
  {
    name: "a brick without worker",
    request: { bricks: [":/data/a"] },
    code: "invalid-brick",
    says: "WORKER:/PATH",
  },
  {
    name: "a brick with nothing after the colon",
    request: { bricks: ["w1:"] },
    code: "invalid-brick",
    says: "not absolute",
  },
  {
    name: "a relative path",
    request: { bricks: ["w1:data/a"] },
    code: "invalid-brick",
    says: "not absolute",
  },
  {
    name: "the root",
    request: { bricks: ["w1:/"] },
    code: "invalid-brick",
    says: "root",
  },
  {
    name: "the root in disguise",
    request: { bricks: ["w1:///"] },
    code: "invalid-brick",
    says: "root",
  },
  {
    name: "a .. in the path",
    request: { bricks: ["w1:/data/../etc"] },
    code: "invalid-brick",
    says: "..",
  },
  {
    name: "a . in the path",
    request: { bricks: ["w1:/data/./a"] },
    code: "invalid-brick",
    says: ".",
  },
  {
    name: "a double slash",
    request: { bricks: ["w1:/data//a"] },
    code: "invalid-brick",
    says: "empty",
  },
  {
    name: "a space in the path",
    request: { bricks: ["w1:/data/a b"] },
    code: "invalid-brick",
    says: '" "',
  },
  {
    name: "a line end in the path",
    request: { bricks: ["w1:/data/a\nb"] },
    code: "invalid-brick",
    says: "\\n",
  },
  {
    name: "a quote in the path",
    request: { bricks: ['w1:/data/a"b'] },
    code: "invalid-brick",
    says: '\\"',
  },
  {
    name: "a path of 1025 bytes",
    request: { bricks: [`w1:/${"ab/".repeat(341)}a`] },
    code: "invalid-brick",
    says: "1024",
  },
  {
    name: "a component of 256 bytes",
    request: { bricks: [`w1:/${"é".repeat(128)}`] },
    code: "invalid-brick",
    says: "255",
  },
  {
    name: "an unknown worker",
    request: { bricks: ["w9:/data/a"] },
    code: "worker-not-found",
    says: "w9",
  },
  {
    name: "an unknown address",
    request: { bricks: ["10.0.0.99:/data/a"] },
    code: "worker-not-found",
    says: "10.0.0.99",
  },
  {
    name: "a dead worker",
    request: { bricks: ["w4:/data/a"] },
    code: "worker-dead",
    says: "w4 is dead",
  },
  {
    name: "an unreachable worker",
    request: { bricks: ["w5:/data/a"] },
    code: "worker-dead",
    says: "w5 is unreachable",
  },
  {
    name: "a path in use",
    request: { bricks: ["w1:/used/brick"] },
    code: "brick-in-use",
    says: "volume old",
  },
  {
    name: "a path in use, with a trailing slash",
    request: { bricks: ["w1:/used/brick/"] },
    code: "brick-in-use",
    says: "volume old",
  },
  {
    name: "a path in use, by address",
    request: { bricks: ["10.0.0.1:/used/brick"] },
    code: "brick-in-use",
    says: "volume old",
  },
  {
    name: "a path inside a brick",
    request: { bricks: ["w1:/used/brick/in/side"] },
    code: "invalid-brick",
    says: "inside the brick /used/brick of volume old",
  },
  {
    name: "a path around a brick",
    request: { bricks: ["w1:/used"] },
    code: "invalid-brick",
    says: "around the brick /used/brick of volume old",
  },
  {
    name: "a brick named twice",
    request: { bricks: ["w1:/a", "w2:/a", "10.0.0.1:/a/"] },
    code: "invalid-brick",
    says: "twice",
  },
  {
    name: "a brick inside another of the request",
    request: { bricks: ["w1:/a", "w1:/a/b"] },
    code: "invalid-brick",
    says: "inside the brick /a of this volume",
  },
  {
    name: "a brick around another of the request",
    request: { bricks: ["w1:/a/b/c", "w1:/a"] },
    code: "invalid-brick",
    says: "around the brick /a/b/c of this volume",
  },
  {
    name: "two bricks of a replica set on one worker",
    request: { bricks: ["w1:/a", "w2:/a", "w1:/b"], replica: 3 },
    code: "invalid-layout",
    says: "w1",
  },
  {
    name: "two bricks of a disperse set on one worker",
    request: { bricks: ["w1:/a", "w2:/a", "w1:/b"], disperse: 3 },
    code: "invalid-layout",
    says: "w1",
  },
  {
    name: "an option name with a space",
    request: { options: { "a b": "1" } },
    code: "malformed-request",
    says: "a b",
  },
  {
    name: "an option value with a line end",
    request: { options: { a: "1\n" } },
    code: "malformed-request",
    says: "a",
  },
];

for (const { name, request, code, says } of REFUSALS) {
  Deno.test(`planVolumeCreate refuses ${name}`, () => {
    const pool = new Pool(5);
    pool.stand({ name: "old", bricks: ["w1:/used/brick"] }, "created");
    pool.pronounce("w4", "dead");
    pool.pronounce("w5", "unreachable");
    const before = pool.state.hash();
    const problem = assertThrows(
      () => pool.planCreate({ name: "v1", bricks: BRICKS, ...request }),
      Problem,
    );
    assertEquals(problem.code, code);
    assertStringIncludes(problem.line, says);
    assertEquals(problem.remedy.length > 0, true);
    assertEquals(pool.state.hash(), before);
  });
}

Deno.test("planVolumeCreate takes what looks alike but is not", () => {
  const pool = new Pool(3);
  pool.stand({ name: "old", bricks: ["w1:/used/brick"] }, "created");
  const volume = pool.create({
    name: "v1",
    // A sibling that shares the beginning, the same path elsewhere, an address, a trailing slash.
    bricks: ["w1:/used/brick2", "w2:/used/brick", "10.0.0.3:/used///"],
  });
  assertEquals(volume.bricks.map(({ worker, path }) => `${worker}:${path}`), [
    "w1:/used/brick2",
    "w2:/used/brick",
    "w3:/used",
  ]);
});

Deno.test("planVolumeCreate finds workers by IPv6 address, bracketed or not", () => {
  const pool = new Pool(0);
  pool.putWorker("six", { address: "fe80::1" });
  const volume = pool.create({
    name: "v1",
    bricks: ["[fe80::1]:/a", "fe80::1:/b", "six:/c"],
  });
  assertEquals(volume.bricks.map(({ path }) => path), ["/a", "/b", "/c"]);
});

Deno.test("planVolumeCreate asks for the name where several living workers share an address", () => {
  const pool = new Pool(1);
  pool.putWorker("twin", { address: "10.0.0.1" });
  const plan = () => pool.planCreate({ name: "v1", bricks: ["10.0.0.1:/a"] });
  const problem = assertThrows(plan, Problem);
  assertEquals(problem.code, "invalid-brick");
  assertStringIncludes(problem.message, "twin, w1");
  // The address of a dead machine may have passed to a new one.
  pool.pronounce("w1", "dead");
  pool.commit(plan());
  assertEquals(pool.volume("v1")?.bricks[0]?.worker, "twin");
});

Deno.test("planVolumeCreate allows bricks of one subvolume on one worker by force", () => {
  const pool = new Pool(1);
  const bricks = ["w1:/a", "w1:/b", "w1:/c"];
  const volume = pool.create({ name: "v1", bricks, replica: 3, force: true });
  assertEquals(volume.bricks.length, 3);
  const brick = pool.state.get<BrickDocument>("bricks/w1//b")?.value;
  assertEquals(brick?.force, true);
});

Deno.test("planVolumeCreate allows bricks of different subvolumes on one worker", () => {
  const pool = new Pool(2);
  const bricks = ["w1:/a", "w2:/a", "w1:/b", "w2:/b"];
  assertEquals(pool.create({ name: "v1", bricks, replica: 2 }).replica, 2);
});

Deno.test("planVolumeCreate conflicts with whatever happened on its workers meanwhile", () => {
  const pool = new Pool(3);
  const outer = pool.planCreate({ name: "outer", bricks: ["w1:/a"] });
  const inner = pool.planCreate({ name: "inner", bricks: ["w1:/a/b"] });
  const elsewhere = pool.planCreate({ name: "elsewhere", bricks: ["w2:/a/b"] });
  const sameName = pool.planCreate({ name: "outer", bricks: ["w3:/a"] });
  assertEquals(pool.attempt(outer)?.kind, "committed");
  assertEquals(pool.attempt(inner)?.kind, "conflict");
  assertEquals(pool.attempt(sameName)?.kind, "conflict");
  assertEquals(pool.attempt(elsewhere)?.kind, "committed");
  assertEquals(pool.volume("inner"), null);
});
