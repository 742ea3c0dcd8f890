import { assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  KEYS,
  listRoles,
  type RoleDocument,
  rolesOf,
} from "../../src/cluster/mod.ts";
import {
  designateRoles,
  designationRevision,
  planVolumeStop,
} from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

function start(pool: Pool, name: string, sets = 1, workers = [1, 2, 3]): void {
  const bricks = Array.from(
    { length: sets },
    (_, set) => workers.map((worker) => `w${worker}:/${name}/${set}`),
  ).flat();
  pool.stand({ name, bricks, replica: workers.length }, "started");
}

/** Until nothing is left to do; former holders let go at once. Answers how many leaderships changed. */
function designate(pool: Pool, wallMs = 7): number {
  const changed = new Set<string>();
  while (true) {
    const transaction = designateRoles(pool.state, wallMs, () => true);
    if (transaction === null) return changed.size;
    pool.commit(transaction);
    for (const { key } of transaction.writes) {
      if (key.startsWith(KEYS.role("leader", ""))) changed.add(key);
    }
  }
}

/** The leaderships: healing has the same candidates and as many roles. */
function roles(pool: Pool): RoleDocument[] {
  return listRoles(pool.state).map(({ value }) => value)
    .filter(({ kind }) => kind === "leader");
}

function held(pool: Pool, worker: string): number {
  return roles(pool).filter(({ holder }) => holder === worker).length;
}

function role(pool: Pool, scope: string): RoleDocument {
  return roles(pool).find((one) => one.scope === scope)!;
}

Deno.test("designateRoles gives each replica set of a started volume a leader, evenly", () => {
  const pool = new Pool(3);
  start(pool, "v1", 6);
  pool.stand({ name: "plain", bricks: ["w1:/p", "w2:/p"] }, "started");
  pool.stand(
    { name: "idle", bricks: ["w1:/i", "w2:/i"], replica: 2 },
    "created",
  );
  designate(pool);
  assertEquals(
    roles(pool).map(({ scope }) => scope),
    [0, 1, 2, 3, 4, 5].map((index) => `v1/${index}`),
  );
  for (const worker of ["w1", "w2", "w3"]) {
    assertEquals(pool.state.rolesHeldBy(worker).length, 4);
  }
  assertEquals(role(pool, "v1/0").candidates, ["w1", "w2", "w3"]);
  assertEquals(role(pool, "v1/0").sinceMs, 7);
});

Deno.test("designateRoles has a leader for disperse sets, and the arbiter's worker is a candidate", () => {
  const pool = new Pool(3);
  const bricks = ["w1:/a", "w2:/a", "w3:/a"];
  pool.stand({ name: "d", bricks, disperse: 3 }, "started");
  const others = ["w1:/b", "w2:/b", "w3:/b"];
  pool.stand({ name: "a", bricks: others, replica: 3, arbiter: 1 }, "started");
  designate(pool);
  assertEquals(roles(pool).map(({ scope }) => scope), ["a/0", "d/0"]);
  assertEquals(role(pool, "a/0").candidates, ["w1", "w2", "w3"]);
});

for (const verdict of ["dead", "unreachable", "left"] as const) {
  Deno.test(`designateRoles moves the roles of a worker that is ${verdict}, and only those`, () => {
    const pool = new Pool(3);
    start(pool, "v1", 6);
    designate(pool);
    const before = roles(pool);
    const lost = held(pool, "w2");
    pool.pronounce("w2", verdict);
    assertEquals(designate(pool, 8), lost);
    for (const [at, after] of roles(pool).entries()) {
      const same = before[at]!;
      if (same.holder !== "w2") assertEquals(after, same);
      else {
        assertEquals(after.holder !== "w2", true);
        assertEquals(after.fence > same.fence, true);
        assertEquals(after.sinceMs, 8);
        assertEquals(
          after.reason,
          `taken from w2: it is ${verdict}, and let go`,
        );
      }
    }
  });
}

Deno.test("designateRoles spreads again when a worker returns, with the fewest moves", () => {
  const pool = new Pool(3);
  start(pool, "v1", 6);
  pool.pronounce("w2", "dead");
  designate(pool);
  pool.pronounce("w2", "alive");
  designate(pool);
  assertEquals(pool.state.rolesHeldBy("w2").length, 4);
});

Deno.test("designateRoles leaves a role without holder while no candidate lives; its fence survives", () => {
  const pool = new Pool(4);
  start(pool, "v1");
  designate(pool);
  const before = role(pool, "v1/0");
  for (const worker of ["w1", "w2", "w3"]) pool.pronounce(worker, "dead");
  designate(pool);
  const orphan = role(pool, "v1/0");
  assertEquals([orphan.holder, orphan.fence], [null, before.fence]);
  pool.pronounce("w3", "alive");
  designate(pool);
  const after = role(pool, "v1/0");
  assertEquals(after.holder, "w3");
  assertEquals(after.fence > before.fence, true);
});

Deno.test("designateRoles keeps fences growing over a stop and a start", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  designate(pool);
  const before = role(pool, "v1/0");
  const volume = pool.volume("v1")!;
  pool.commit(planVolumeStop(pool.state, { name: "v1" }));
  assertEquals(rolesOf(pool.state, "v1").map(({ key }) => key), [
    "roles/leader/v1/0",
  ]);
  assertEquals(designate(pool), 1);
  assertEquals(rolesOf(pool.state, "v1"), []);
  pool.put("volumes/v1", { ...volume, status: "started" });
  designate(pool);
  assertEquals(role(pool, "v1/0").fence > before.fence, true);
});

Deno.test("designateRoles removes roles that no started volume needs", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  designate(pool);
  pool.put("volumes/v1", { ...pool.volume("v1")!, status: "stopped" });
  assertEquals(designate(pool), 1);
  assertEquals(roles(pool), []);
});

Deno.test("designateRoles prefers workers that do not drain, but takes one that does over none", () => {
  const pool = new Pool(3);
  start(pool, "v1", 3);
  pool.putWorker("w1", { draining: true });
  designate(pool);
  assertEquals(pool.state.rolesHeldBy("w1"), []);
  pool.pronounce("w2", "dead");
  pool.pronounce("w3", "dead");
  designate(pool);
  assertEquals(pool.state.rolesHeldBy("w1").length, 6);
});

Deno.test("designationRevision stays while nothing changes that designateRoles reads", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  designate(pool);
  const settled = designationRevision(pool.state);
  pool.commit({
    version: 1,
    preconditions: [],
    writes: [{ kind: "put", key: "config/a", value: { value: "1" } }],
    idempotency: null,
  });
  assertEquals(designationRevision(pool.state), settled);
  pool.pronounce("w2", "dead");
  assertEquals(designationRevision(pool.state) > settled, true);
});

Deno.test("designateRoles planned before another change of roles conflicts", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  const stale = designateRoles(pool.state, 0, () => true);
  designate(pool);
  assertEquals(pool.attempt(stale)?.kind, "conflict");
});

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`designateRoles through random events: living holders, growing fences, seed ${seed}`, () => {
    const prng = new Prng(seed);
    const pool = new Pool(6);
    const fences = new Map<string, { fence: number; holder: string | null }>();
    for (let volume = 0; volume < 5; volume++) {
      const workers = prng.shuffle([1, 2, 3, 4, 5, 6]).slice(0, 3);
      start(pool, `v${volume}`, prng.between(1, 4), workers);
    }
    for (let step = 0; step < 40; step++) {
      const worker = `w${prng.between(1, 6)}`;
      if (prng.chance(0.6)) {
        pool.pronounce(
          worker,
          prng.pick(["alive", "alive", "dead", "unreachable"] as const),
        );
      } else {
        const name = `v${prng.below(5)}`;
        const status = prng.pick(["started", "started", "stopped"] as const);
        pool.put(`volumes/${name}`, { ...pool.volume(name)!, status });
      }
      designate(pool);
      for (const { scope, holder, candidates, fence } of roles(pool)) {
        const living = candidates.filter((name) => {
          return pool.worker(name).verdict === "alive";
        });
        assertEquals(holder === null, living.length === 0);
        if (holder !== null) assertEquals(living.includes(holder), true);
        const before = fences.get(scope);
        if (before !== undefined && holder !== null) {
          const grew = fence > before.fence;
          assertEquals(grew || before.holder === holder, true);
          assertEquals(fence >= before.fence, true);
        }
        if (holder !== null) fences.set(scope, { fence, holder });
      }
    }
  });
}

Deno.test("designateRoles takes an exclusive role away first, and gives it when its holder has let go", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  designate(pool);
  const before = role(pool, "v1/0");
  const { holder, fence } = before;
  pool.pronounce(holder!, "dead");
  pool.commit(designateRoles(pool.state, 8, () => false));
  const withdrawn = role(pool, "v1/0");
  assertEquals(withdrawn.holder, null);
  assertEquals(withdrawn.withdrawn, {
    worker: holder!,
    workerId: `id-${holder}`,
    fence,
  });
  assertEquals(withdrawn.fence, fence);
  assertEquals(designateRoles(pool.state, 9, () => false), null);
  assertEquals(designate(pool, 10), 1);
  const after = role(pool, "v1/0");
  assertEquals(after.holder, withdrawn.next);
  assertEquals([after.withdrawn, after.next], [undefined, undefined]);
  assertEquals(after.fence > fence, true);
});

Deno.test("designateRoles moves the healing of a dead worker at once: two healers do no harm", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  designate(pool);
  const key = KEYS.role("self-heal", "v1/0");
  const { holder } = pool.state.get<RoleDocument>(key)!.value;
  pool.pronounce(holder!, "dead");
  pool.commit(designateRoles(pool.state, 8, () => false));
  const after = pool.state.get<RoleDocument>(key)!.value;
  assertEquals(after.holder !== null && after.holder !== holder, true);
});

Deno.test("designateRoles takes a role from a machine whose name another took over", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  designate(pool);
  const { holder } = role(pool, "v1/0");
  pool.putWorker(holder!, { id: "another" });
  pool.commit(designateRoles(pool.state, 8, () => false));
  const { withdrawn, reason } = role(pool, "v1/0");
  assertEquals(withdrawn?.workerId, `id-${holder}`);
  assertEquals(
    reason,
    `taken from ${holder}: another machine has its name`,
  );
});

Deno.test("designateRoles removes an exclusive role only when nobody acts in it any more", () => {
  const pool = new Pool(3);
  start(pool, "v1");
  designate(pool);
  const volume = pool.volume("v1")!;
  const { holder } = role(pool, "v1/0");
  pool.put("volumes/v1", { ...volume, status: "stopped" });
  pool.commit(designateRoles(pool.state, 8, () => false));
  assertEquals(role(pool, "v1/0").withdrawn?.worker, holder);
  // Started anew in the meantime, the role still waits for its former holder.
  pool.put("volumes/v1", { ...volume, status: "started" });
  pool.commit(designateRoles(pool.state, 9, () => false));
  assertEquals(role(pool, "v1/0").holder, null);
  assertEquals(designateRoles(pool.state, 9, () => false), null);
  assertEquals(designate(pool), 1);
  assertEquals(role(pool, "v1/0").holder !== null, true);
});

Deno.test("designateRoles keeps a pinned role with its worker while that lives and does not drain", () => {
  const pool = new Pool(3);
  start(pool, "v1", 3);
  designate(pool);
  for (const { scope } of roles(pool)) pin(pool, scope, "w3");
  designate(pool);
  assertEquals(held(pool, "w3"), 3);
  pool.putWorker("w3", { draining: true });
  designate(pool);
  assertEquals(held(pool, "w3"), 0);
  pool.putWorker("w3", { draining: false });
  designate(pool);
  assertEquals(held(pool, "w3"), 3);
  pool.pronounce("w3", "dead");
  designate(pool);
  assertEquals(held(pool, "w3"), 0);
});

function pin(pool: Pool, scope: string, pinned: string): void {
  const key = KEYS.role("leader", scope);
  pool.put(key, { ...role(pool, scope), pinned });
}

Deno.test("designateRoles spreads the replicas of an operator's kind over zones before loads", () => {
  const pool = new Pool(0);
  for (const [name, zone] of Object.entries(ZONES)) {
    pool.putWorker(name, { zone });
  }
  pool.put(KEYS.roleKind("watch"), {
    name: "watch",
    scope: "cluster",
    exclusive: true,
    handler: "/bin/watch",
    schedule: null,
    replicas: 3,
    workers: [],
    zones: [],
    createdAtMs: 0,
  });
  designate(pool);
  const holders = () =>
    pool.state.list<RoleDocument>(KEYS.role("watch", ""))
      .map(({ value }) => value.holder!);
  assertEquals(
    new Set(holders().map((name) => ZONES[name])),
    new Set(["a", "b", "c"]),
  );
  const before = holders();
  const lost = before.find((name) => ZONES[name] === "a")!;
  pool.pronounce(lost, "dead");
  designate(pool);
  const after = holders();
  assertEquals(
    new Set(after.map((name) => ZONES[name])),
    new Set(["a", "b", "c"]),
  );
  assertEquals(after.filter((name) => before.includes(name)).length, 2);
});

const ZONES: Readonly<Record<string, string>> = {
  w1: "a",
  w2: "a",
  w3: "a",
  w4: "b",
  w5: "c",
};
