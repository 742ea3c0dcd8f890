/**
 * The exact designation of roles in numbers (DESIGN.md §7): of all assignments
 * with the fewest unmet roles, one whose replicas are spread best over zones;
 * of these, one with the least convex cost of load ÷ capacity; of these, one
 * with the fewest moves from today's holders. Deterministic: equal input gives
 * equal output.
 *
 * Today's assignment is completed greedily, levelled along cost-reducing paths
 * (optimal semi-matchings: Harvey, Ladner, Lovász, Tamir 2006, §3), which makes
 * loads optimal quickly, and brought to the proven optimum in its residual
 * network, which also finds the moves that were not needed.
 */

import { present } from "../base/mod.ts";
import {
  Assignment,
  type Demand,
  type Designees,
  spreadStep,
} from "./role_assignment.ts";
import { type Potentials, ResidualNetwork } from "./role_residual.ts";

/** An optimal assignment and its proof, for `role_certificate.ts`. */
export interface Balance {
  readonly assignment: Assignment;
  readonly potentials: Potentials;
}

/** The best assignment there is. */
export function balance(
  demands: readonly Demand[],
  designees: Designees,
): Balance {
  const assignment = new Assignment(demands, designees);
  fill(assignment);
  level(assignment);
  const potentials = new ResidualNetwork(assignment).optimise();
  return { assignment, potentials };
}

/** Gives what is not held to the candidates that it costs least, one after another. */
function fill(assignment: Assignment): void {
  for (const [role, { candidates, count }] of assignment.demands.entries()) {
    const wanted = Math.min(count, candidates.length);
    while (assignment.holders(role).size < wanted) {
      assignment.give(role, cheapest(assignment, role));
    }
  }
}

function cheapest(assignment: Assignment, role: number): number {
  const { candidates, count } = assignment.demands[role]!;
  const { zones } = assignment.designees;
  let best: { worker: number; spread: number; step: number } | null = null;
  for (const worker of candidates) {
    if (assignment.holders(role).has(worker)) continue;
    const spread = count === 1
      ? 0
      : spreadStep(assignment.inZone(role, zones[worker]!) + 1);
    const step = assignment.nextStep(worker);
    if (
      best === null || spread < best.spread ||
      (spread === best.spread && step < best.step)
    ) best = { worker, spread, step };
  }
  return present(best, "a candidate that does not hold the role yet").worker;
}

/** A search from a worker: in the order found, and the role that would move to each. */
interface Search {
  readonly order: number[];
  readonly viaRole: Map<
    number,
    { readonly role: number; readonly from: number }
  >;
}

/** Shortens the dearest loads until no chain of moves of single roles helps any more. */
function level(assignment: Assignment): void {
  const settled = new Set<number>();
  while (true) {
    const source = dearest(assignment, settled);
    if (source === null) return;
    const search: Search = { order: [source], viaRole: new Map() };
    const target = findCheaper(assignment, search, settled);
    if (target !== null) shift(assignment, search, target);
    // Nothing reachable from here helps anyone whose last role cost no more.
    else for (const worker of search.order) settled.add(worker);
  }
}

function dearest(
  assignment: Assignment,
  settled: ReadonlySet<number>,
): number | null {
  let [dearest, step]: [number | null, number] = [null, 0];
  for (let worker = 0; worker < assignment.designees.zones.length; worker++) {
    if (settled.has(worker)) continue;
    const last = assignment.lastStep(worker);
    if (last > step) [dearest, step] = [worker, last];
  }
  return dearest;
}

/** The nearest worker that one role more costs less than the source's last. */
function findCheaper(
  assignment: Assignment,
  { order, viaRole }: Search,
  settled: ReadonlySet<number>,
): number | null {
  const source = order[0]!;
  const tooMuch = assignment.lastStep(source);
  for (let at = 0; at < order.length; at++) {
    const worker = order[at]!;
    if (at > 0 && assignment.nextStep(worker) < tooMuch) return worker;
    for (const role of assignment.held(worker)) {
      const { candidates, count } = assignment.demands[role]!;
      // Moves of replicas are tied to zones: the residual network knows how.
      if (count > 1) continue;
      for (const next of candidates) {
        if (next === source || viaRole.has(next) || settled.has(next)) continue;
        viaRole.set(next, { role, from: worker });
        order.push(next);
      }
    }
  }
  return null;
}

/** Moves one role along each link of the chain from the source to `target`. */
function shift(assignment: Assignment, search: Search, target: number): void {
  for (let to = target; to !== search.order[0];) {
    const link = present(search.viaRole.get(to), "the way to a worker found");
    assignment.take(link.role, link.from);
    assignment.give(link.role, to);
    to = link.from;
  }
}
