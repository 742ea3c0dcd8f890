/**
 * Whether an assignment of roles is optimal, checked from its dual: potentials
 * under which no single change of the assignment pays prove that no cycle of
 * changes does (complementary slackness, e.g. Ahuja, Magnanti, Orlin 1993,
 * ch. 9). Written from the definition, apart from the solver.
 */

import { type Assignment, loadStep, spreadStep } from "./role_assignment.ts";
import {
  type Potential,
  type Potentials,
  restOf,
  type RolePotentials,
} from "./role_residual.ts";

/**
 * What is wrong with the assignment or its proof, in one line; null when the
 * assignment is allowed and proven to be the best.
 */
export function certify(
  assignment: Assignment,
  potentials: Potentials,
): string | null {
  const loads = potentials.workers.map(() => 0);
  for (const role of assignment.demands.keys()) {
    for (const worker of assignment.holders(role)) loads[worker]!++;
    const wrong = illegal(assignment, role);
    if (wrong !== null) return `role ${role} ${wrong}`;
  }
  for (const [worker, load] of loads.entries()) {
    if (!loadIsRight(assignment, potentials, worker, load)) {
      return `the load of worker ${worker} is not proven right`;
    }
  }
  for (const [role, { count }] of assignment.demands.entries()) {
    const ofRole = potentials.roles.get(role);
    if (count > 1 && ofRole === undefined) return `role ${role} has no proof`;
    const right = ofRole === undefined
      ? holderIsRight(assignment, potentials, role)
      : replicasAreRight(assignment, potentials, role, ofRole);
    if (!right) return `the holders of role ${role} are not proven right`;
  }
  return null;
}

/** Every role has as many holders as it can, all of them candidates. */
function illegal(assignment: Assignment, role: number): string | null {
  const { candidates, count } = assignment.demands[role]!;
  const holders = assignment.holders(role);
  const allowed = new Set(candidates);
  if (holders.size !== Math.min(count, allowed.size)) {
    return `has ${holders.size} holders of ${count}`;
  }
  const stranger = [...holders].find((worker) => !allowed.has(worker));
  return stranger === undefined ? null : `is held by ${stranger}, a stranger`;
}

/** One role more, or one less, does not pay. */
function loadIsRight(
  assignment: Assignment,
  { workers, hub }: Potentials,
  worker: number,
  load: number,
): boolean {
  const capacity = assignment.designees.capacities[worker]!;
  const at = workers[worker]!;
  const more = restOf(loadStep(load + 1, capacity), 0);
  if (!slack(at, 0, more, hub)) return false;
  if (load === 0) return true;
  return slack(hub, 0, -restOf(loadStep(load, capacity), 0), at);
}

/** No other candidate is better than the only holder. */
function holderIsRight(
  assignment: Assignment,
  { workers }: Potentials,
  role: number,
): boolean {
  const { candidates, holders: today } = assignment.demands[role]!;
  const moved = (worker: number) => today.includes(worker) ? 0 : 1;
  return [...assignment.holders(role)].every((holder) =>
    candidates.every((other) =>
      other === holder || slack(
        workers[holder]!,
        0,
        moved(other) - moved(holder),
        workers[other]!,
      )
    )
  );
}

/** No other zone is better than those of the replicas, and within each no other candidate. */
function replicasAreRight(
  assignment: Assignment,
  { workers }: Potentials,
  role: number,
  own: RolePotentials,
): boolean {
  const { candidates, holders: today } = assignment.demands[role]!;
  const holders = assignment.holders(role);
  const perZone = new Map<number, number>();
  for (const worker of candidates) {
    const zone = assignment.designees.zones[worker]!;
    const atZone = own.zones.get(zone);
    if (atZone === undefined) return false;
    const moved = today.includes(worker) ? 0 : 1;
    const holds = holders.has(worker);
    perZone.set(zone, (perZone.get(zone) ?? 0) + (holds ? 1 : 0));
    const right = holds
      ? slack(workers[worker]!, 0, -moved, atZone)
      : slack(atZone, 0, moved, workers[worker]!);
    if (!right) return false;
  }
  return [...perZone].every(([zone, count]) => {
    const atZone = own.zones.get(zone)!;
    if (!slack(own.role, spreadStep(count + 1), 0, atZone)) return false;
    return count === 0 || slack(atZone, -spreadStep(count), 0, own.role);
  });
}

/** Whether an arc of this cost does not shorten the way to where it leads. */
function slack(
  from: Potential,
  spread: number,
  rest: number,
  to: Potential,
): boolean {
  const bySpread = from.spread + spread - to.spread;
  return bySpread > 0 || (bySpread === 0 && from.rest + rest >= to.rest);
}
