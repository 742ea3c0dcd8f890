/** Why a role is held by whom it is, and what each other candidate would cost: the designation, asked "what if". */

import {
  type ClusterState,
  KEYS,
  roleNamed,
  type WorkerDocument,
} from "../cluster/mod.ts";
import type { AssignmentCost } from "./role_assignment.ts";
import { balance } from "./role_balance.ts";
import { instanceOf } from "./role_instance.ts";
import { isFit, unfitBecause } from "./worker_fitness.ts";

/** How many other candidates are tried. */
const TRIED_MAX = 8;

/** The reasons for one role. */
export interface RoleExplanation {
  readonly key: string;
  readonly holder: string | null;
  /** What happened last, as it was written down. */
  readonly reason: string | null;
  /** The holder first, then the next best; those that cannot hold it now last. */
  readonly candidates: readonly CandidateExplanation[];
}

/** One candidate. */
export interface CandidateExplanation {
  readonly worker: string;
  /** Null when it may hold the role. */
  readonly excluded: string | null;
  /** Roles that it holds now. */
  readonly roles: number;
  /** How much worse the best designation is in which it holds this role; null when that was not tried. */
  readonly extra: AssignmentCost | null;
}

/** Explains; throws Problem `role-not-found`. */
export function explainRole(
  state: ClusterState,
  name: string,
): RoleExplanation {
  const role = roleNamed(state, name);
  const { holder, next, candidates, pinned, reason } = role.value;
  const instance = instanceOf(state);
  const at = instance.roles.findIndex((ones) =>
    ones.some((one) => one?.key === role.key)
  );
  const best = balance(instance.demands, instance.designees).assignment.cost();
  const staying = candidates.some((one) => isStaying(state, one));
  let tried = 0;
  const explained = candidates.map((worker): CandidateExplanation => {
    const roles = state.rolesHeldBy(worker).length;
    const excluded = excludedBecause(state, worker, pinned, staying);
    const number = instance.workers.findIndex((one) => one.name === worker);
    if (at < 0 || number < 0 || tried > TRIED_MAX) {
      return { worker, excluded, roles, extra: null };
    }
    if (excluded !== null) return { worker, excluded, roles, extra: null };
    tried++;
    const demands = instance.demands.map((demand, index) =>
      index === at ? { ...demand, candidates: [number], count: 1 } : demand
    );
    const cost = demands[at]!.count === instance.demands[at]!.count
      ? balance(demands, instance.designees).assignment.cost()
      : null;
    return { worker, excluded, roles, extra: cost && minus(cost, best) };
  });
  const first = holder ?? next ?? null;
  return {
    key: role.key,
    holder,
    reason: reason ?? null,
    candidates: explained.sort((a, b) => compare(a, b, first)),
  };
}

function isStaying(state: ClusterState, name: string): boolean {
  const worker = state.get<WorkerDocument>(KEYS.worker(name))?.value;
  return worker !== undefined && isFit(worker);
}

function excludedBecause(
  state: ClusterState,
  name: string,
  pinned: string | undefined,
  othersStay: boolean,
): string | null {
  const worker = state.get<WorkerDocument>(KEYS.worker(name))?.value;
  if (worker === undefined) return "it is no worker any more";
  if (worker.verdict !== "alive") return `it is ${worker.verdict}`;
  if (othersStay && !isFit(worker)) return unfitBecause(worker);
  if (pinned !== undefined && pinned !== name && isStaying(state, pinned)) {
    return `the role is pinned to ${pinned}`;
  }
  return null;
}

function minus(a: AssignmentCost, b: AssignmentCost): AssignmentCost {
  return {
    unmet: a.unmet - b.unmet,
    spread: a.spread - b.spread,
    load: a.load - b.load,
    moves: a.moves - b.moves,
  };
}

function compare(
  a: CandidateExplanation,
  b: CandidateExplanation,
  first: string | null,
): number {
  if (a.worker === first || b.worker === first) {
    return a.worker === first ? -1 : 1;
  }
  if ((a.extra === null) !== (b.extra === null)) {
    return a.extra === null ? 1 : -1;
  }
  for (const part of ["unmet", "spread", "load", "moves"] as const) {
    const difference = (a.extra?.[part] ?? 0) - (b.extra?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.worker < b.worker ? -1 : 1;
}
