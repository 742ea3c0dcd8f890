/**
 * Who holds what, in numbers: the instance of designation (DESIGN.md §7), an
 * assignment that can be changed move by move, and what it costs.
 */

import { assert } from "../base/mod.ts";

/** A role to be held: workers are their numbers in {@link Designees}. */
export interface Demand {
  /** Workers that may hold it, each once; may be empty. */
  readonly candidates: readonly number[];
  /** How many of them should; above one they are spread over zones before loads are balanced. */
  readonly count: number;
  /** Today's holders, also those who are no candidates any more. */
  readonly holders: readonly number[];
}

/** The workers, by number. */
export interface Designees {
  /** By which a worker's load is divided: 1 to {@link MAX_CAPACITY}, whole. */
  readonly capacities: readonly number[];
  /** The number of each worker's zone. */
  readonly zones: readonly number[];
}

/** Up to this, loads ÷ capacities that differ also differ as {@link loadStep}s. */
export const MAX_CAPACITY = 1_000;

/** One unit of load ÷ capacity: capacities up to {@link MAX_CAPACITY} are told apart by it. */
const LOAD_UNIT = 2 ** 20;

/**
 * What an assignment costs beside its unmet roles, least first by `spread`,
 * then `load`, then `moves`. Each is a sum of convex costs: squares of a role's
 * holders per zone, squares of loads ÷ capacity, holders that are new.
 */
export interface AssignmentCost {
  readonly unmet: number;
  readonly spread: number;
  readonly load: number;
  readonly moves: number;
}

/** What the k-th role costs a worker, as an integer: the step k² - (k-1)² divided by its capacity. */
export function loadStep(kth: number, capacity: number): number {
  return Math.floor((2 * kth - 1) * LOAD_UNIT / capacity);
}

/** What the k-th holder in one zone costs a role. */
export function spreadStep(kth: number): number {
  return 2 * kth - 1;
}

const NOBODY = -1;
const SEVERAL = -2;

/** An assignment that changes; every role keeps as many holders as it was given. */
export class Assignment {
  readonly demands: readonly Demand[];
  readonly designees: Designees;
  /** Role → its holders. */
  readonly #holders: Set<number>[];
  /** Worker → the roles it holds. */
  readonly #held: Set<number>[];
  /** Role → today's holder; `NOBODY` for none, `SEVERAL` for more. */
  readonly #today: Int32Array;

  /** Today's holders stay, as far as they may. */
  constructor(demands: readonly Demand[], designees: Designees) {
    this.demands = demands;
    this.designees = designees;
    this.#held = designees.capacities.map((capacity) => {
      assert(
        Number.isInteger(capacity) && capacity >= 1 && capacity <= MAX_CAPACITY,
        "a capacity is a whole number in its range",
      );
      return new Set();
    });
    this.#holders = demands.map(() => new Set());
    this.#today = Int32Array.from(
      demands,
      ({ holders }) => holders.length > 1 ? SEVERAL : holders[0] ?? NOBODY,
    );
    for (const [role, { candidates, count, holders }] of demands.entries()) {
      for (const holder of holders) {
        if (this.#holders[role]!.size === count) break;
        if (candidates.includes(holder)) this.give(role, holder);
      }
    }
  }

  give(role: number, worker: number): void {
    const holders = this.#holders[role]!;
    assert(!holders.has(worker), "a worker holds a role once");
    holders.add(worker);
    this.held(worker).add(role);
  }

  take(role: number, worker: number): void {
    const had = this.#holders[role]!.delete(worker);
    assert(had, "only what is held is taken away");
    this.held(worker).delete(role);
  }

  holders(role: number): ReadonlySet<number> {
    return this.#holders[role]!;
  }

  held(worker: number): Set<number> {
    const held = this.#held[worker];
    assert(held !== undefined, "candidates are workers");
    return held;
  }

  /** What one role more would cost the worker. */
  nextStep(worker: number): number {
    return loadStep(
      this.held(worker).size + 1,
      this.designees.capacities[worker]!,
    );
  }

  /** What the worker's last role costs it; 0 without roles. */
  lastStep(worker: number): number {
    const load = this.held(worker).size;
    return load === 0 ? 0 : loadStep(load, this.designees.capacities[worker]!);
  }

  /** How many holders of the role are in the zone. */
  inZone(role: number, zone: number): number {
    let count = 0;
    for (const worker of this.#holders[role]!) {
      if (this.designees.zones[worker] === zone) count++;
    }
    return count;
  }

  /** 1 when the worker does not hold the role today, 0 when it does. */
  isNew(role: number, worker: number): number {
    const today = this.#today[role]!;
    const holds = today === SEVERAL
      ? this.demands[role]!.holders.includes(worker)
      : today === worker;
    return holds ? 0 : 1;
  }

  cost(): AssignmentCost {
    let [unmet, spread, load, moves] = [0, 0, 0, 0];
    for (const [role, { count }] of this.demands.entries()) {
      const perZone = new Map<number, number>();
      for (const worker of this.#holders[role]!) {
        const zone = this.designees.zones[worker]!;
        const kth = (perZone.get(zone) ?? 0) + 1;
        perZone.set(zone, kth);
        if (count > 1) spread += spreadStep(kth);
        moves += this.isNew(role, worker);
      }
      unmet += count - this.#holders[role]!.size;
    }
    for (const [worker, held] of this.#held.entries()) {
      const capacity = this.designees.capacities[worker]!;
      for (let kth = 1; kth <= held.size; kth++) {
        load += loadStep(kth, capacity);
      }
    }
    return { unmet, spread, load, moves };
  }
}
