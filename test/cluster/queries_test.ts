import { assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import {
  brickKeyOf,
  ClusterState,
  operationNamed,
  subvolumesOf,
  type VolumeDocument,
  volumeNamed,
  workerNamed,
  workersOf,
} from "../../src/cluster/mod.ts";

function volume(parts: Partial<VolumeDocument>): VolumeDocument {
  return {
    name: "v1",
    id: "id",
    type: "replicate",
    subvolumeSize: 2,
    replica: 2,
    arbiter: 0,
    redundancy: 0,
    status: "created",
    bricks: ["w2", "w1", "w3", "w1"].map((worker, index) => ({
      index,
      worker,
      host: worker,
      path: `/${index}`,
    })),
    options: {},
    username: "",
    password: "",
    operation: null,
    createdAtMs: 0,
    ...parts,
  };
}

Deno.test("subvolumesOf cuts the bricks into consecutive sets, named as GlusterFS names them", () => {
  const names = (parts: Partial<VolumeDocument>) =>
    subvolumesOf(volume(parts)).map(({ name, bricks }) =>
      `${name}: ${bricks.map(({ index }) => index).join(" ")}`
    );
  assertEquals(names({}), ["v1-replicate-0: 0 1", "v1-replicate-1: 2 3"]);
  assertEquals(names({ type: "disperse", subvolumeSize: 4 }), [
    "v1-disperse-0: 0 1 2 3",
  ]);
  assertEquals(names({ type: "distribute", subvolumeSize: 1 }), [
    "v1-client-0: 0",
    "v1-client-1: 1",
    "v1-client-2: 2",
    "v1-client-3: 3",
  ]);
});

Deno.test("workersOf names each worker once, sorted", () => {
  assertEquals(workersOf(volume({})), ["w1", "w2", "w3"]);
});

Deno.test("brickKeyOf keeps the path's own slash", () => {
  assertEquals(brickKeyOf(volume({}).bricks[0]!), "bricks/w2//0");
});

Deno.test("what is not there is a problem with its own code", () => {
  const state = new ClusterState();
  const code = (ask: () => unknown) => assertThrows(ask, Problem).code;
  assertEquals(code(() => volumeNamed(state, "v")), "volume-not-found");
  assertEquals(code(() => workerNamed(state, "w")), "worker-not-found");
  assertEquals(code(() => operationNamed(state, "o")), "operation-not-found");
});
