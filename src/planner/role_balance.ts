/**
 * Handing out roles so that nobody carries more than needs be: an optimal
 * semi-matching (Harvey, Ladner, Lovász, Tamir 2006). It is optimal for every
 * convex cost of the loads at once exactly when no chain of moves leads from a
 * worker to one that carries at least two roles less. Starting from today's
 * holders and repairing only along shortest such chains keeps moves few, though
 * not provably fewest.
 */

import { assert } from "../base/mod.ts";

/** A role to be held: workers are numbers, and so is nobody (`null`). */
export interface BalancedRole {
  /** Workers that may hold it; may be empty. */
  readonly candidates: readonly number[];
  /** Today's holder, kept where that costs nothing. */
  readonly holder: number | null;
}

/** The holder of each role, in the order given; null exactly for roles without candidates. */
export function balance(
  roles: readonly BalancedRole[],
  workers: number,
): (number | null)[] {
  const sharing = new Sharing(roles, workers);
  sharing.placeUnheld();
  sharing.level();
  return sharing.holders;
}

/** A chain of moves found by breadth-first search: how each worker was come by. */
interface Search {
  readonly order: number[];
  /** Worker → the role that would move to it. */
  readonly viaRole: Map<number, number>;
}

class Sharing {
  readonly holders: (number | null)[];
  readonly #roles: readonly BalancedRole[];
  readonly #held: Set<number>[];

  constructor(roles: readonly BalancedRole[], workers: number) {
    this.#roles = roles;
    this.#held = Array.from({ length: workers }, () => new Set());
    this.holders = roles.map(({ candidates, holder }, role) => {
      if (holder === null || !candidates.includes(holder)) return null;
      this.#heldBy(holder).add(role);
      return holder;
    });
  }

  /** Gives every role without a holder to the least laden worker that a chain of moves can reach. */
  placeUnheld(): void {
    for (const [role, { candidates }] of this.#roles.entries()) {
      if (this.holders[role] !== null || candidates.length === 0) continue;
      const search: Search = { order: [], viaRole: new Map() };
      for (const candidate of candidates) {
        if (search.viaRole.has(candidate)) continue;
        search.viaRole.set(candidate, role);
        search.order.push(candidate);
      }
      const target = this.#leastLaden(search, this.#leastLoad());
      this.#shift(search, target);
    }
  }

  /** Shortens the longest loads until no chain of moves helps any more. */
  level(): void {
    const settled = new Set<number>();
    while (true) {
      const source = this.#mostLaden(settled);
      if (source === null) return;
      const search: Search = { order: [source], viaRole: new Map() };
      const target = this.#leastLaden(search, this.#load(source) - 2, settled);
      if (this.#load(target) <= this.#load(source) - 2) {
        this.#shift(search, target);
      } else {
        // Nothing reachable from here helps anyone who carries no more than this.
        for (const worker of search.order) settled.add(worker);
      }
    }
  }

  /** Explores from `search.order` until a worker with at most `enough` roles is found; else answers the least laden one. */
  #leastLaden(
    search: Search,
    enough: number,
    closed: ReadonlySet<number> = new Set(),
  ): number {
    const { order, viaRole } = search;
    const source = viaRole.size === 0 ? order[0] : undefined;
    let best = order[0];
    for (let at = 0; at < order.length; at++) {
      const worker = order[at]!;
      assert(best !== undefined, "a search begins somewhere");
      if (this.#load(worker) < this.#load(best)) best = worker;
      if (this.#load(worker) <= enough) return worker;
      for (const role of this.#heldBy(worker)) {
        for (const next of this.#roles[role]!.candidates) {
          if (next === source || viaRole.has(next) || closed.has(next)) {
            continue;
          }
          viaRole.set(next, role);
          order.push(next);
        }
      }
    }
    assert(best !== undefined, "a search begins somewhere");
    return best;
  }

  /** Moves one role along each link of the chain that ends at `target`. */
  #shift(search: Search, target: number): void {
    let to: number | null = target;
    while (to !== null) {
      const role = search.viaRole.get(to);
      if (role === undefined) return;
      const from: number | null = this.holders[role] ?? null;
      if (from !== null) this.#heldBy(from).delete(role);
      this.#heldBy(to).add(role);
      this.holders[role] = to;
      to = from;
    }
  }

  #mostLaden(settled: ReadonlySet<number>): number | null {
    let most: number | null = null;
    for (let worker = 0; worker < this.#held.length; worker++) {
      if (settled.has(worker) || this.#load(worker) < 2) continue;
      if (most === null || this.#load(worker) > this.#load(most)) most = worker;
    }
    return most;
  }

  #leastLoad(): number {
    let least = Infinity;
    for (const { size } of this.#held) least = Math.min(least, size);
    return least;
  }

  #load(worker: number): number {
    return this.#heldBy(worker).size;
  }

  #heldBy(worker: number): Set<number> {
    const held = this.#held[worker];
    assert(held !== undefined, "candidates are workers");
    return held;
  }
}
