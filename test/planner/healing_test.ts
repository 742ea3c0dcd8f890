import { assertEquals } from "@std/assert";
import {
  desiredStateOf,
  type PendingHeal,
  type RoleDocument,
} from "../../src/cluster/mod.ts";
import { healDaemonsFor, healsFor } from "../../src/planner/mod.ts";
import { observed, Pool } from "./pool.ts";

const ROLE: RoleDocument = {
  kind: "self-heal",
  scope: "r3/0",
  candidates: ["w1", "w2", "w3"],
  holder: "w1",
  fence: 7,
  reason: "",
  sinceMs: 0,
  task: { type: "heal", fullCrawls: 0 },
};

/** A started replica set on w1, w2 and w3, each with a host name of its own. */
function poolWithSet(): Pool {
  const pool = new Pool(4);
  for (const name of ["w1", "w2", "w3", "w4"]) {
    pool.putWorker(name, { hostName: `host-${name}` });
  }
  pool.stand({
    name: "r3",
    replica: 3,
    bricks: ["w1", "w2", "w3"].map((worker) => `${worker}:/b/r3`),
  }, "started");
  pool.put("roles/self-heal/r3/0", ROLE);
  for (const name of ["w1", "w2", "w3"]) report(pool, name, 0);
  return pool;
}

function report(
  pool: Pool,
  worker: string,
  pendingHeals: number,
  state: "online" | "offline" = "online",
): void {
  const id = pool.volume("r3")!.id;
  pool.receive(worker, {
    bricks: [{ ...observed(worker, "/b/r3", id, state), pendingHeals }],
  });
}

function heals(pool: Pool): PendingHeal[] {
  return healsFor(pool.state, pool.ledger, [ROLE]);
}

Deno.test("healsFor tells the holder whose bricks list entries, and whether every brick is there", () => {
  const pool = poolWithSet();
  assertEquals(heals(pool), []);
  report(pool, "w1", 2);
  report(pool, "w3", 3);
  const told = (healable: boolean): PendingHeal[] => [
    { worker: "w1", scope: "r3/0", entries: 2, healable },
    { worker: "w3", scope: "r3/0", entries: 3, healable },
  ];
  assertEquals(heals(pool), told(true));
  report(pool, "w2", 0, "offline");
  assertEquals(heals(pool), told(false));
  report(pool, "w2", 0);
  assertEquals(heals(pool), told(true));
  pool.pronounce("w2", "dead");
  assertEquals(heals(pool), told(false));
});

Deno.test("healDaemonsFor runs one daemon under the own host's name, and one under each other whose turn it is", () => {
  const pool = poolWithSet();
  const daemonsOf = (...crawled: string[]) =>
    healDaemonsFor(
      desiredStateOf(pool.state, "w1", []),
      "w1",
      "host-w1",
      () => crawled,
    ).map(({ hostName, parts }) =>
      `${hostName} ${
        parts.map(({ volume, subvolumes }) => `${volume.name}/${subvolumes}`)
      }`
    );
  assertEquals(daemonsOf(), ["host-w1 r3/0"]);
  assertEquals(daemonsOf("w1"), ["host-w1 r3/0"]);
  assertEquals(daemonsOf("w3"), ["host-w1 r3/0", "host-w3 r3/0"]);
  assertEquals(daemonsOf("w4"), ["host-w1 r3/0"], "not of the set");
});
