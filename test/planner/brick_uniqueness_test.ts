import { assertEquals } from "@std/assert";
import { Prng, Problem } from "../../src/base/mod.ts";
import {
  type BrickDocument,
  brickKeyOf,
  KEYS,
  listVolumes,
  type RoleDocument,
  type Transaction,
} from "../../src/cluster/mod.ts";
import {
  advanceOperations,
  designateRoles,
  planVolumeDelete,
  planVolumeStart,
  planVolumeStop,
} from "../../src/planner/mod.ts";
import { observed, Pool } from "./pool.ts";

/*
 * Goal: whatever operators do at the same time, each brick belongs to one
 * volume and none lies in another (invariant 5). Method: plans are made from
 * one state and committed in random order later, as by several clients, while
 * workers report random outcomes.
 */

const WORKERS = ["w1", "w2", "w3", "w4"];
const PATHS = ["/a", "/a/b", "/a/b/c", "/ab", "/b", "/c/d", "/c"];

for (let seed = 1; seed <= 40; seed++) {
  Deno.test(`bricks stay unique and apart whatever is planned at once, seed ${seed}`, () => {
    const prng = new Prng(seed);
    const pool = new Pool(4);
    let committed = 0;
    let conflicts = 0;
    let refused = 0;
    for (let round = 0; round < 60; round++) {
      const plans: Transaction[] = [];
      for (let client = 0; client < 4; client++) {
        try {
          plans.push(randomPlan(prng, pool, `o${round}-${client}`));
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          refused++;
        }
      }
      reportSomething(prng, pool);
      pool.nowMs += 5_000;
      plans.push(
        ...advanceOperations(pool.state, pool.ledger, pool.nowMs, 0),
      );
      const roles = designateRoles(
        pool.state,
        0,
        () => prng.chance(0.5),
      );
      if (roles !== null) plans.push(roles);
      for (const plan of prng.shuffle(plans)) {
        if (pool.attempt(plan)?.kind === "committed") committed++;
        else conflicts++;
        checkBricks(pool);
      }
    }
    assertEquals([committed, conflicts, refused].every((n) => n > 0), true);
  });
}

function randomPlan(prng: Prng, pool: Pool, operationId: string): Transaction {
  const name = `v${prng.below(5)}`;
  switch (prng.below(6)) {
    case 0:
      return planVolumeStart(pool.state, pool.ledger, {
        name,
        force: prng.chance(0.5),
      });
    case 1:
      return planVolumeStop(pool.state, { name });
    case 2:
      return planVolumeDelete(pool.state, { name }, { operationId }, 0);
    default: {
      const workers = prng.shuffle(WORKERS).slice(0, 2);
      const bricks = workers.map((worker) => `${worker}:${prng.pick(PATHS)}`);
      return pool.planCreate({ name, bricks, replica: 2 });
    }
  }
}

function reportSomething(prng: Prng, pool: Pool): void {
  for (const worker of WORKERS) {
    const wanted = pool.state.list<BrickDocument>(KEYS.bricksOf(worker));
    pool.receive(worker, {
      full: true,
      bricks: wanted.filter(() => prng.chance(0.7)).map(({ value }) =>
        observed(
          worker,
          value.path,
          value.volumeId,
          prng.chance(0.9) ? "prepared" : "failed",
        )
      ),
    });
  }
}

function checkBricks(pool: Pool): void {
  const documents = pool.state.list<BrickDocument>("bricks/");
  const listed = listVolumes(pool.state).flatMap(({ value: volume }) =>
    volume.bricks.map((brick) => `${brickKeyOf(brick)} of ${volume.id}`)
  );
  assertEquals(
    documents.map(({ key, value }) => `${key} of ${value.volumeId}`),
    listed.sort(),
  );
  for (const { value: inner } of documents) {
    for (const { value: outer } of documents) {
      const inside = inner.worker === outer.worker &&
        inner.path.startsWith(`${outer.path}/`);
      assertEquals(inside, false, `${inner.path} lies in ${outer.path}`);
    }
  }
  for (const { value: role } of pool.state.list<RoleDocument>("roles/")) {
    const [volume = ""] = role.scope.split("/");
    // Exclusive ones go when nobody acts in them any more.
    if (role.exclusive === true) continue;
    assertEquals(pool.volume(volume) !== null, true, `${role.scope} stands`);
  }
}
