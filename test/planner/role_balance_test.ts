import { assert, assertEquals, assertMatch } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  Assignment,
  type AssignmentCost,
  type Demand,
  type Designees,
} from "../../src/planner/role_assignment.ts";
import { type Balance, balance } from "../../src/planner/role_balance.ts";
import { certify } from "../../src/planner/role_certificate.ts";
import { ResidualNetwork } from "../../src/planner/role_residual.ts";

/* Small instances are compared with every assignment there is, large ones are certified from the dual. */

const INSTANCES = 3_000;

function certified(demands: readonly Demand[], designees: Designees): Balance {
  const found = balance(demands, designees);
  assertEquals(certify(found.assignment, found.potentials), null);
  return found;
}

function equalWorkers(count: number): Designees {
  const ones = Array.from({ length: count }, () => 1);
  return { capacities: ones, zones: ones.map(() => 0) };
}

function single(candidates: readonly number[], holder?: number): Demand {
  return {
    candidates,
    count: 1,
    holders: holder === undefined ? [] : [holder],
  };
}

function holdersOf(found: Balance): number[][] {
  return found.assignment.demands.map((_, role) => {
    return [...found.assignment.holders(role)].sort((a, b) => a - b);
  });
}

function less(a: AssignmentCost, b: AssignmentCost): boolean {
  for (const part of ["unmet", "spread", "load", "moves"] as const) {
    if (a[part] !== b[part]) return a[part] < b[part];
  }
  return false;
}

/** The least cost by trying everything. */
function leastCost(
  demands: readonly Demand[],
  designees: Designees,
): AssignmentCost {
  const trial = new Assignment(
    demands.map((demand) => ({ ...demand, holders: [] })),
    designees,
  );
  let best: AssignmentCost | null = null;
  // The trial knows no holders of today: moves are counted here.
  function tryRole(role: number, moves: number): void {
    if (role === demands.length) {
      const cost = { ...trial.cost(), moves };
      if (best === null || less(cost, best)) best = cost;
      return;
    }
    const { candidates, count, holders } = demands[role]!;
    for (
      const chosen of choices(candidates, Math.min(count, candidates.length))
    ) {
      for (const worker of chosen) trial.give(role, worker);
      const added = chosen.filter((worker) => !holders.includes(worker)).length;
      tryRole(role + 1, moves + added);
      for (const worker of chosen) trial.take(role, worker);
    }
  }
  tryRole(0, 0);
  return best!;
}

function choices(from: readonly number[], count: number): number[][] {
  if (count === 0) return [[]];
  return from.flatMap((first, at) =>
    choices(from.slice(at + 1), count - 1).map((rest) => [first, ...rest])
  );
}

function randomInstance(seed: number): [Demand[], Designees] {
  const prng = new Prng(seed);
  const workers = prng.between(1, 5);
  const everyone = Array.from({ length: workers }, (_, worker) => worker);
  const capacities = prng.chance(0.5)
    ? everyone.map(() => 1)
    : everyone.map(() => prng.pick([1, 1, 2, 3, 1_000]));
  const replicas = prng.chance(0.5);
  const demands = Array.from({ length: prng.between(0, 6) }, () => {
    const several = replicas && prng.chance(0.4);
    const least = several || prng.chance(0.1) ? 0 : 1;
    const size = Math.min(workers, prng.between(least, several ? 5 : 3));
    const held = prng.chance(0.7) ? prng.between(1, several ? 3 : 1) : 0;
    return {
      candidates: prng.shuffle(everyone).slice(0, size),
      count: several ? prng.between(2, 3) : 1,
      // Some hold a role that they may not hold any more.
      holders: prng.shuffle(everyone).slice(0, held),
    };
  });
  return [demands, {
    capacities,
    zones: everyone.map(() => prng.below(3)),
  }];
}

Deno.test(`balance costs what the best of all assignments does, on ${INSTANCES} small instances`, () => {
  for (let seed = 1; seed <= INSTANCES; seed++) {
    const [demands, designees] = randomInstance(seed);
    const found = balance(demands, designees);
    const { assignment, potentials } = found;
    assertEquals(certify(assignment, potentials), null, `seed ${seed}`);
    const cost = assignment.cost();
    assertEquals(cost, leastCost(demands, designees), `seed ${seed}`);
    const again = balance(demands, designees);
    assertEquals(holdersOf(again), holdersOf(found), `seed ${seed}`);
    // From its own result there is nothing left to move.
    const settled = demands.map((demand, role) => {
      return { ...demand, holders: holdersOf(found)[role]! };
    });
    const rest = balance(settled, designees).assignment.cost();
    assertEquals(rest, { ...cost, moves: 0 }, `seed ${seed}`);
  }
});

Deno.test("certify refuses every assignment that costs more, whose residual network leads back", () => {
  let refused = 0;
  for (let seed = 1; seed <= 500; seed++) {
    const [demands, designees] = randomInstance(seed);
    const { assignment, potentials } = balance(demands, designees);
    const best = assignment.cost();
    const prng = new Prng(seed);
    for (const [role, { candidates }] of demands.entries()) {
      const others = candidates.filter((worker) => {
        return !assignment.holders(role).has(worker);
      });
      if (others.length === 0) continue;
      assignment.take(role, prng.pick([...assignment.holders(role)]));
      assignment.give(role, prng.pick(others));
    }
    if (!less(best, assignment.cost())) continue;
    refused++;
    assertMatch(certify(assignment, potentials)!, /not proven right/);
    const proof = new ResidualNetwork(assignment).optimise();
    assertEquals(assignment.cost(), best, `seed ${seed}`);
    assertEquals(certify(assignment, proof), null, `seed ${seed}`);
  }
  assert(refused > 200, `${refused} instances`);
});

Deno.test("certify refuses a role that is unmet, and one in a stranger's hands", () => {
  const { assignment, potentials } = certified(
    [single([0, 1])],
    equalWorkers(3),
  );
  assignment.take(0, 0);
  assertEquals(certify(assignment, potentials), "role 0 has 0 holders of 1");
  assignment.give(0, 2);
  assertEquals(
    certify(assignment, potentials),
    "role 0 is held by 2, a stranger",
  );
});

Deno.test("balance moves no role when today's loads are as even as can be", () => {
  // Evenly held already, though not as a fresh start would deal them out.
  const roles = [2, 1, 0, 2, 1, 0].map((holder) => single([0, 1, 2], holder));
  const { assignment } = certified(roles, equalWorkers(3));
  assertEquals(assignment.cost().moves, 0);
});

Deno.test("balance finds the long chain of moves that alone helps", () => {
  // Worker 0 has two roles; only by shifting 0→1→2→3 is the free one reached.
  const roles = [
    single([0], 0),
    single([0, 1], 0),
    single([1, 2], 1),
    single([2, 3], 2),
  ];
  const found = certified(roles, equalWorkers(4));
  assertEquals(holdersOf(found), [[0], [1], [2], [3]]);
});

Deno.test("balance loads workers by their capacities", () => {
  const roles = Array.from({ length: 12 }, () => single([0, 1, 2]));
  const { assignment } = certified(roles, {
    capacities: [1, 2, 3],
    zones: [0, 0, 0],
  });
  const loads = [0, 1, 2].map((worker) => assignment.held(worker).size);
  assertEquals(loads, [2, 4, 6]);
});

Deno.test("balance spreads replicas over zones before it levels loads", () => {
  // Zone 0 has the idle workers, zone 1 one that is laden with roles of its own.
  const laden = Array.from({ length: 4 }, () => single([3]));
  const replicated = { candidates: [0, 1, 2, 3], count: 2, holders: [0, 1] };
  const found = certified([replicated, ...laden], {
    capacities: [1, 1, 1, 1],
    zones: [0, 0, 0, 1],
  });
  assertEquals(found.assignment.holders(0).has(3), true);
  assertEquals(found.assignment.cost().moves, 5);
});

Deno.test("balance has each replica on another worker, and leaves unmet what there is nobody for", () => {
  const demand = { candidates: [0, 2], count: 3, holders: [] };
  const found = certified([demand], equalWorkers(3));
  assertEquals(holdersOf(found), [[0, 2]]);
  assertEquals(found.assignment.cost().unmet, 1);
});

Deno.test("balance answers nothing for nothing", () => {
  assertEquals(holdersOf(certified([], equalWorkers(0))), []);
  assertEquals(holdersOf(certified([single([])], equalWorkers(0))), [[]]);
});

Deno.test("balance deals 10,000 roles to 1,000 workers, and after deaths moves no more than it must", () => {
  const prng = new Prng(4);
  const everyone = Array.from({ length: 1_000 }, (_, worker) => worker);
  const candidates = Array.from({ length: 10_000 }, () => [
    ...new Set([
      prng.pick(everyone),
      prng.pick(everyone),
      prng.pick(everyone),
    ]),
  ]);
  const workers = equalWorkers(1_000);
  const before = certified(candidates.map((some) => single(some)), workers);
  const loads = everyone.map((at) => before.assignment.held(at).size);
  assertEquals(new Set(loads), new Set([10]));
  const holders = holdersOf(before);
  for (const dead of [1, 100]) {
    const after = candidates.map((some, role): Demand => ({
      candidates: some.filter((worker) => worker >= dead),
      count: 1,
      holders: holders[role]!.filter((worker) => worker >= dead),
    }));
    const { assignment } = certified(after, workers);
    assert(assignment.cost().moves >= 10 * dead - 5, "who must move has moved");
  }
});
