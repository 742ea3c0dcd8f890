import { assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import { balance, type BalancedRole } from "../../src/planner/role_balance.ts";

/*
 * Optimal means the lexicographically least vector of loads, largest first:
 * on small instances every assignment is tried.
 */

function loads(holders: readonly (number | null)[], workers: number): number[] {
  const counts = Array.from({ length: workers }, () => 0);
  for (const holder of holders) if (holder !== null) counts[holder]!++;
  return counts.sort((a, b) => b - a);
}

function lexicographicallyLess(
  a: readonly number[],
  b: readonly number[],
): boolean {
  const at = a.findIndex((load, place) => load !== b[place]);
  return at >= 0 && a[at]! < b[at]!;
}

function bestLoads(roles: readonly BalancedRole[], workers: number): number[] {
  let best: number[] | null = null;
  const holders: (number | null)[] = [];
  function assign(role: number): void {
    if (role === roles.length) {
      const found = loads(holders, workers);
      if (best === null || lexicographicallyLess(found, best)) best = found;
      return;
    }
    const { candidates } = roles[role]!;
    for (const holder of candidates.length > 0 ? candidates : [null]) {
      holders[role] = holder;
      assign(role + 1);
    }
  }
  assign(0);
  return best ?? [];
}

function moves(
  roles: readonly BalancedRole[],
  holders: readonly (number | null)[],
): number {
  return roles.filter(({ holder }, at) => {
    return holder !== null && holders[at] !== holder;
  }).length;
}

Deno.test("balance is as even as any assignment can be, on 400 random instances", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const prng = new Prng(seed);
    const workers = prng.between(1, 5);
    const roles = randomRoles(prng, workers);
    const holders = balance(roles, workers);
    for (const [at, { candidates }] of roles.entries()) {
      const holder = holders[at] ?? null;
      assertEquals(holder === null, candidates.length === 0, `seed ${seed}`);
      const held = holder === null || candidates.includes(holder);
      assertEquals(held, true, `seed ${seed}`);
    }
    assertEquals(
      loads(holders, workers),
      bestLoads(roles, workers),
      `seed ${seed}`,
    );
    assertEquals(balance(roles, workers), holders, `seed ${seed}`);
    // From its own result there is nothing left to move.
    const settled = roles.map(({ candidates }, at) => {
      return { candidates, holder: holders[at] ?? null };
    });
    assertEquals(balance(settled, workers), holders, `seed ${seed}`);
  }
});

function randomRoles(prng: Prng, workers: number): BalancedRole[] {
  const everyone = Array.from({ length: workers }, (_, worker) => worker);
  return Array.from({ length: prng.between(0, 7) }, () => {
    const count = Math.min(workers, prng.between(prng.chance(0.1) ? 0 : 1, 3));
    return {
      candidates: prng.shuffle(everyone).slice(0, count),
      // Some hold a role that they may not hold any more.
      holder: prng.chance(0.6) ? prng.pick(everyone) : null,
    };
  });
}

Deno.test("balance moves no role when today's loads are as even as can be", () => {
  // Evenly held already, though not as a fresh start would deal them out.
  const roles = [2, 1, 0, 2, 1, 0].map((holder) => {
    return { candidates: [0, 1, 2], holder };
  });
  assertEquals(moves(roles, balance(roles, 3)), 0);
});

Deno.test("balance moves only what it must after a death", () => {
  const prng = new Prng(3);
  const everyone = Array.from({ length: 50 }, (_, worker) => worker);
  const roles: BalancedRole[] = Array.from({ length: 500 }, () => {
    return { candidates: prng.shuffle(everyone).slice(0, 3), holder: null };
  });
  const before = balance(roles, 50);
  const dead = 17;
  const orphans = before.filter((holder) => holder === dead).length;
  const after: BalancedRole[] = roles.map(({ candidates }, at) => ({
    candidates: candidates.filter((worker) => worker !== dead),
    holder: before[at] === dead ? null : before[at] ?? null,
  }));
  const holders = balance(after, 50);
  assertEquals(moves(after, holders) <= 2 * orphans, true);
  const [most, least] = [loads(holders, 50)[0]!, loads(holders, 50)[48]!];
  assertEquals(most - least <= 1, true);
});

Deno.test("balance finds the long chain of moves that alone helps", () => {
  // Worker 0 has two roles; only by shifting 0→1→2→3 is the free one reached.
  const roles: BalancedRole[] = [
    { candidates: [0], holder: 0 },
    { candidates: [0, 1], holder: 0 },
    { candidates: [1, 2], holder: 1 },
    { candidates: [2, 3], holder: 2 },
  ];
  assertEquals(balance(roles, 4), [0, 1, 2, 3]);
});

Deno.test("balance deals 10,000 roles to 1,000 workers, ten each", () => {
  const prng = new Prng(4);
  const everyone = Array.from({ length: 1_000 }, (_, worker) => worker);
  const roles: BalancedRole[] = Array.from({ length: 10_000 }, () => ({
    candidates: [prng.pick(everyone), prng.pick(everyone), prng.pick(everyone)],
    holder: null,
  }));
  assertEquals(new Set(loads(balance(roles, 1_000), 1_000)), new Set([10]));
});

Deno.test("balance answers nothing for nothing", () => {
  assertEquals(balance([], 0), []);
  assertEquals(balance([{ candidates: [], holder: null }], 0), [null]);
});
