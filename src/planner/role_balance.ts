/**
 * Handing out roles so that nobody carries more than needs be: an optimal
 * semi-matching (Harvey, Ladner, Lovász, Tamir 2006). It is optimal for every
 * convex cost of the loads at once exactly when no chain of moves leads from a
 * worker to one that carries at least two roles less. Starting from today's
 * holders and repairing only along shortest such chains keeps moves few, though
 * not provably fewest.
 */

import { assert, present } from "../base/mod.ts";

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

  /** Gives every role without a holder to its least laden candidate; {@link level} repairs what that leaves uneven. */
  placeUnheld(): void {
    for (const [role, { candidates }] of this.#roles.entries()) {
      if (this.holders[role] !== null) continue;
      let best = candidates[0];
      if (best === undefined) continue;
      for (const candidate of candidates) {
        if (this.#load(candidate) < this.#load(best)) best = candidate;
      }
      this.#heldBy(best).add(role);
      this.holders[role] = best;
    }
  }

  /** Shortens the longest loads until no chain of moves helps any more. */
  level(): void {
    const settled = new Set<number>();
    while (true) {
      const source = this.#mostLaden(settled);
      if (source === null) return;
      const search: Search = { order: [source], viaRole: new Map() };
      const target = this.#find(search, this.#load(source) - 2, settled);
      if (target !== null) this.#shift(search, target);
      // Nothing reachable from here helps anyone who carries no more than this.
      else for (const worker of search.order) settled.add(worker);
    }
  }

  /** Explores from the source, the first in `search.order`, to the nearest worker with at most `enough` roles. */
  #find(
    search: Search,
    enough: number,
    closed: ReadonlySet<number>,
  ): number | null {
    const { order, viaRole } = search;
    const source = order[0];
    for (let at = 0; at < order.length; at++) {
      const worker = order[at]!;
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
    return null;
  }

  /** Moves one role along each link of the chain from the source to `target`. */
  #shift(search: Search, target: number): void {
    for (let to = target; to !== search.order[0];) {
      const role = present(search.viaRole.get(to), "the way to a worker found");
      const from = present(this.holders[role], "the holder of a moving role");
      this.#heldBy(from).delete(role);
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

  #load(worker: number): number {
    return this.#heldBy(worker).size;
  }

  #heldBy(worker: number): Set<number> {
    const held = this.#held[worker];
    assert(held !== undefined, "candidates are workers");
    return held;
  }
}
