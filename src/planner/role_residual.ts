/**
 * Designation as a min-cost flow: each role sends `count` units over its
 * zones to workers, each worker all its units to one hub, the more the dearer.
 * An assignment costs the least exactly when its residual network has no cycle
 * of negative cost (Klein 1967); where there is none, the distances found
 * are potentials that prove it, see `role_certificate.ts`.
 *
 * The nodes: the workers; the hub; for a role of several holders the role and
 * its zones. A role of one holder needs no node: what it gives, it takes.
 */

import { present } from "../base/mod.ts";
import { type Assignment, spreadStep } from "./role_assignment.ts";

/**
 * Path lengths are compared as (spread, rest), where rest is load × this +
 * moves: no simple path has as many moves, and with 100,000 roles it stays
 * below 2^53.
 */
const LOAD_WEIGHT = 2 ** 14;

/** Proof that an assignment is optimal: no arc from a to b is shorter than the difference of their potentials. */
export interface Potentials {
  readonly workers: readonly Potential[];
  readonly hub: Potential;
  /** Role of several holders → its own, and those of its zones. */
  readonly roles: ReadonlyMap<number, RolePotentials>;
}

/** A path's length, compared lexicographically. */
export interface Potential {
  readonly spread: number;
  /** Load and moves in one number, see {@link restOf}. */
  readonly rest: number;
}

/** The part of {@link Potentials} of one role. */
export interface RolePotentials {
  readonly role: Potential;
  readonly zones: ReadonlyMap<number, Potential>;
}

/** Load steps and moves as one number. */
export function restOf(load: number, moves: number): number {
  return load * LOAD_WEIGHT + moves;
}

/** What a unit does on an arc, besides passing. */
interface Arc {
  readonly from: number;
  readonly role: number;
  readonly to: number;
}

/** A role's nodes: itself, and one for each zone that it could be in. */
interface RoleNodes {
  readonly node: number;
  readonly zones: ReadonlyMap<number, number>;
}

const NOBODY = -1;

/** The residual network of an assignment, which it improves. */
export class ResidualNetwork {
  readonly #assignment: Assignment;
  readonly #hub: number;
  readonly #roleNodes = new Map<number, RoleNodes>();
  /** Node beyond the hub → the role, and the zone or null for the role itself. */
  readonly #meanings: { readonly role: number; readonly zone: number | null }[];
  readonly #spread: Float64Array;
  readonly #rest: Float64Array;
  readonly #parent: Int32Array;
  readonly #viaRole: Int32Array;
  /** Nodes that came nearer in the last round, and in this one. */
  #last: Uint8Array;
  #now: Uint8Array;

  constructor(assignment: Assignment) {
    this.#assignment = assignment;
    this.#hub = assignment.designees.zones.length;
    this.#meanings = [];
    for (const [role, demand] of assignment.demands.entries()) {
      if (demand.count < 2) continue;
      const node = this.#addNode(role, null);
      const zones = new Map<number, number>();
      for (const worker of demand.candidates) {
        const zone = assignment.designees.zones[worker]!;
        if (!zones.has(zone)) zones.set(zone, this.#addNode(role, zone));
      }
      this.#roleNodes.set(role, { node, zones });
    }
    const nodes = this.#hub + 1 + this.#meanings.length;
    this.#spread = new Float64Array(nodes);
    this.#rest = new Float64Array(nodes);
    this.#parent = new Int32Array(nodes);
    this.#viaRole = new Int32Array(nodes);
    this.#last = new Uint8Array(nodes);
    this.#now = new Uint8Array(nodes);
  }

  /** Cancels negative cycles until there are none, and answers the proof. */
  optimise(): Potentials {
    while (true) {
      const cycles = this.#negativeCycles();
      if (cycles.length === 0) return this.#potentials();
      for (const cycle of cycles) this.#cancel(cycle);
    }
  }

  /** Bellman and Ford from everywhere at once, until nothing is nearer any more or nodes are each other's parents. */
  #negativeCycles(): Arc[][] {
    this.#spread.fill(0);
    this.#rest.fill(0);
    this.#parent.fill(NOBODY);
    this.#last.fill(1);
    while (true) {
      let nearer = false;
      for (let node = 0; node < this.#last.length; node++) {
        if (this.#last[node] === 1) this.#relaxFrom(node);
      }
      nearer = this.#now.includes(1);
      if (!nearer) return [];
      const cycles = this.#parentCycles();
      if (cycles.length > 0) {
        this.#now.fill(0);
        return cycles;
      }
      [this.#last, this.#now] = [this.#now, this.#last];
      this.#now.fill(0);
    }
  }

  #relaxFrom(node: number): void {
    if (node < this.#hub) this.#relaxFromWorker(node);
    else if (node === this.#hub) this.#relaxFromHub();
    else this.#relaxFromRole(node);
  }

  /** A worker that is to give one away: to another, to the role's zone; or it keeps one more. */
  #relaxFromWorker(worker: number): void {
    const { demands, designees } = this.#assignment;
    const keeping = restOf(this.#assignment.nextStep(worker), 0);
    this.#relax(worker, this.#hub, NOBODY, 0, keeping);
    for (const role of this.#assignment.held(worker)) {
      const saved = this.#assignment.isNew(role, worker);
      if (demands[role]!.count > 1) {
        const { zones } = present(this.#roleNodes.get(role), "a role's nodes");
        const zone = zones.get(designees.zones[worker]!)!;
        this.#relax(worker, zone, role, 0, -saved);
        continue;
      }
      for (const next of demands[role]!.candidates) {
        if (next === worker) continue;
        const moves = this.#assignment.isNew(role, next) - saved;
        this.#relax(worker, next, role, 0, moves);
      }
    }
  }

  /** Any worker may carry one less. */
  #relaxFromHub(): void {
    for (let worker = 0; worker < this.#hub; worker++) {
      const saved = this.#assignment.lastStep(worker);
      if (saved > 0) {
        this.#relax(this.#hub, worker, NOBODY, 0, -restOf(saved, 0));
      }
    }
  }

  /** A unit at a role goes to any zone; at a zone, back to the role or to a worker there. */
  #relaxFromRole(node: number): void {
    const { role, zone } = this.#meanings[node - this.#hub - 1]!;
    const nodes = present(this.#roleNodes.get(role), "a role's nodes");
    if (zone === null) {
      for (const [to, at] of nodes.zones) {
        const holders = this.#assignment.inZone(role, to);
        this.#relax(node, at, NOBODY, spreadStep(holders + 1), 0);
      }
      return;
    }
    const holders = this.#assignment.inZone(role, zone);
    if (holders > 0) {
      this.#relax(node, nodes.node, NOBODY, -spreadStep(holders), 0);
    }
    const { demands, designees } = this.#assignment;
    for (const worker of demands[role]!.candidates) {
      if (designees.zones[worker] !== zone) continue;
      if (this.#assignment.holders(role).has(worker)) continue;
      const moves = this.#assignment.isNew(role, worker);
      this.#relax(node, worker, role, 0, moves);
    }
  }

  #relax(
    from: number,
    to: number,
    role: number,
    spread: number,
    rest: number,
  ): void {
    const nextSpread = this.#spread[from]! + spread;
    const nextRest = this.#rest[from]! + rest;
    const bySpread = nextSpread - this.#spread[to]!;
    if (bySpread > 0 || (bySpread === 0 && nextRest >= this.#rest[to]!)) return;
    this.#spread[to] = nextSpread;
    this.#rest[to] = nextRest;
    this.#parent[to] = from;
    this.#viaRole[to] = role;
    this.#now[to] = 1;
  }

  /** The cycles among parents: each of negative cost, none touching another. */
  #parentCycles(): Arc[][] {
    const cycles: Arc[][] = [];
    const seenFrom = new Int32Array(this.#parent.length).fill(NOBODY);
    for (let start = 0; start < this.#parent.length; start++) {
      let node = start;
      while (node !== NOBODY && seenFrom[node] === NOBODY) {
        seenFrom[node] = start;
        node = this.#parent[node]!;
      }
      if (node !== NOBODY && seenFrom[node] === start) {
        cycles.push(this.#cycleThrough(node));
      }
    }
    return cycles;
  }

  #cycleThrough(start: number): Arc[] {
    const cycle: Arc[] = [];
    let to = start;
    do {
      const from = this.#parent[to]!;
      cycle.push({ from, role: this.#viaRole[to]!, to });
      to = from;
    } while (to !== start);
    return cycle;
  }

  #cancel(cycle: readonly Arc[]): void {
    const moving = cycle.filter(({ role }) => role !== NOBODY);
    for (const { from, role } of moving) {
      if (from < this.#hub) this.#assignment.take(role, from);
    }
    for (const { to, role } of moving) {
      if (to < this.#hub) this.#assignment.give(role, to);
    }
  }

  #addNode(role: number, zone: number | null): number {
    this.#meanings.push({ role, zone });
    return this.#hub + this.#meanings.length;
  }

  #potentials(): Potentials {
    const potential = (node: number): Potential => {
      return { spread: this.#spread[node]!, rest: this.#rest[node]! };
    };
    const roles = [...this.#roleNodes].map(([role, { node, zones }]) => {
      const ofZones = [...zones].map(([zone, at]) => {
        return [zone, potential(at)] as const;
      });
      return [role, {
        role: potential(node),
        zones: new Map(ofZones),
      }] as const;
    });
    return {
      workers: Array.from({ length: this.#hub }, (_, at) => potential(at)),
      hub: potential(this.#hub),
      roles: new Map(roles),
    };
  }
}
