import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import type {
  BrickDocument,
  OperationDocument,
} from "../../src/cluster/mod.ts";
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
