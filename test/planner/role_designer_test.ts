/** Who designates again and again answers as who designates once, after any events. */

import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  KEYS,
  listRoles,
  type RoleDocument,
  type RoleKindDocument,
} from "../../src/cluster/mod.ts";
import { designateRoles, RoleDesigner } from "../../src/planner/mod.ts";
import { instanceOf } from "../../src/planner/role_instance.ts";
import { Assignment } from "../../src/planner/role_assignment.ts";
import { Pool } from "./pool.ts";

const WORKERS = 7;

interface Side {
  readonly pool: Pool;
  readonly plan: (isReleased: () => boolean) => ReturnType<
    typeof designateRoles
  >;
  wallMs: number;
}

/** Until nothing is left to do; answers how often a role got another holder. */
function settle(side: Side, isReleased: () => boolean): number {
  let moves = 0;
  for (let round = 0; round < 200; round++) {
    const transaction = side.plan(isReleased);
    if (transaction === null) return moves;
    for (const write of transaction.writes) {
      const { key } = write;
      const before = side.pool.state.get<RoleDocument>(key)?.value.holder;
      const after = write.kind === "put"
        ? (write.value as RoleDocument).holder
        : null;
      if (after !== null && after !== before) moves++;
    }
    side.pool.commit(transaction);
  }
  throw new Error("designation does not come to an end");
}

/** What the assignment costs that the documents say. */
function cost({ state }: Pool): unknown {
  const { demands, designees } = instanceOf(state);
  return new Assignment(demands, designees).cost();
}

/** The one's roles are the other's, too. */
function copyRoles(from: Pool, to: Pool): void {
  const theirs = listRoles(from.state);
  const kept = new Set(theirs.map(({ key }) => key));
  const gone = listRoles(to.state).filter(({ key }) => !kept.has(key));
  to.commit({
    version: 1,
    preconditions: [],
    writes: [
      ...gone.map(({ key }) => ({ kind: "delete" as const, key })),
      ...theirs.map(({ key, value }) => ({ kind: "put" as const, key, value })),
    ],
    idempotency: null,
  });
}

function event(pools: readonly Pool[], prng: Prng): void {
  const worker = `w${prng.between(1, WORKERS)}`;
  const all = (act: (pool: Pool) => void): void => pools.forEach(act);
  const key = KEYS.worker(worker);
  const volume = `v${prng.below(5)}`;
  const kind = KEYS.roleKind("watch");
  switch (prng.below(10)) {
    case 0:
    case 1:
    case 2: {
      const verdict = prng.pick(
        ["alive", "alive", "alive", "dead", "unreachable"] as const,
      );
      return all((pool) => pool.pronounce(worker, verdict));
    }
    case 3: {
      const draining = prng.chance(0.5);
      return all((pool) => pool.put(key, { ...pool.worker(worker), draining }));
    }
    case 4: {
      const zone = `z${prng.below(3)}`;
      return all((pool) => pool.put(key, { ...pool.worker(worker), zone }));
    }
    case 5: {
      const incarnation = prng.below(1_000);
      return all((pool) =>
        pool.put(key, { ...pool.worker(worker), incarnation })
      );
    }
    case 6: {
      const status = prng.pick(["started", "started", "stopped"] as const);
      return all((pool) =>
        pool.put(KEYS.volume(volume), { ...pool.volume(volume)!, status })
      );
    }
    case 7: {
      const replicas = prng.between(1, 3);
      const value: RoleKindDocument = {
        name: "watch",
        handler: "/bin/watch",
        scope: "cluster",
        exclusive: prng.chance(0.5),
        schedule: null,
        replicas,
        workers: [],
        zones: [],
        createdAtMs: 1,
      };
      return all((pool) => pool.put(kind, value));
    }
    case 8: {
      const at = prng.next();
      const isPinned = prng.chance(0.8);
      return all((pool) => {
        const roles = listRoles(pool.state);
        if (roles.length === 0) return;
        const role = roles[at % roles.length]!;
        const { pinned: _, ...value } = role.value;
        const pinned = value.candidates[at % value.candidates.length];
        const isPin = isPinned && pinned !== undefined;
        pool.put(role.key, isPin ? { ...value, pinned } : value);
      });
    }
    case 9:
      return all((pool) => pool.put(KEYS.config("noise"), { value: "x" }));
  }
}

for (let seed = 1; seed <= 40; seed++) {
  Deno.test(`a designer that follows the changes designates as well as one that begins anew, seed ${seed}`, () => {
    const prng = new Prng(seed);
    const designer = new RoleDesigner();
    const [one, other] = [new Pool(WORKERS), new Pool(WORKERS)];
    let wallMs = 7;
    const following: Side = {
      pool: one,
      wallMs,
      plan: (isReleased) => designer.designate(one.state, wallMs, isReleased),
    };
    const beginning: Side = {
      pool: other,
      wallMs,
      plan: (isReleased) => designateRoles(other.state, wallMs, isReleased),
    };
    for (let volume = 0; volume < 5; volume++) {
      const workers = prng.shuffle([1, 2, 3, 4, 5, 6, 7]).slice(0, 3);
      const sets = prng.between(1, 4);
      const bricks = Array.from(
        { length: sets },
        (_, set) => workers.map((at) => `w${at}:/v${volume}/${set}`),
      ).flat();
      for (const pool of [one, other]) {
        pool.stand({ name: `v${volume}`, bricks, replica: 3 }, "started");
      }
    }
    for (let step = 0; step < 60; step++) {
      wallMs++;
      const events = prng.between(1, 3);
      for (let at = 0; at < events; at++) event([one, other], prng);
      const isReleased = prng.chance(0.8) ? () => true : () => false;
      const moves = settle(following, isReleased);
      // Whoever begins anew finds nothing to do where the follower has done all.
      assertEquals(designateRoles(one.state, wallMs, isReleased), null);
      const anew = settle(beginning, isReleased);
      assertEquals(cost(one), cost(other), `step ${step}`);
      if (step === 0) assertEquals(moves, anew, `step ${step}`);
      // They may choose among equals; from here on they are compared on one state.
      copyRoles(one, other);
    }
    assert(listRoles(one.state).length > 0);
  });
}
