/**
 * Designation in numbers, out of the replicated state: the roles that must be
 * there as demands, the living workers as designees, and today's holders.
 */

import {
  type ClusterState,
  KEYS,
  listRoles,
  listWorkers,
  type RoleDocument,
  type Versioned,
  type WorkerDocument,
} from "../cluster/mod.ts";
import type { Demand, Designees } from "./role_assignment.ts";
import { type NeededRole, neededRoles } from "./role_needs.ts";
import { isFit } from "./worker_fitness.ts";

/** One instance of designation, and what its numbers stand for. */
export interface Instance {
  readonly needed: readonly NeededRole[];
  /** Demand → its role of each scope, or null where it is to be made. */
  readonly roles: readonly (Versioned<RoleDocument> | null)[][];
  readonly demands: readonly Demand[];
  readonly designees: Designees;
  /** By number. */
  readonly workers: readonly WorkerDocument[];
}

/** Which roles there must be, by the keys of their documents. */
export interface Needs {
  readonly needed: readonly NeededRole[];
  /** Need → the keys of its roles, one for each scope. */
  readonly keys: readonly (readonly string[])[];
}

/** The workers in numbers: all that are known, so that a death renumbers nobody. */
export interface Workforce {
  /** By number. */
  readonly workers: readonly WorkerDocument[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly designees: Designees;
}

/** The instance that the state poses. */
export function instanceOf(state: ClusterState): Instance {
  const { needed, keys } = needsOf(state);
  const { roles } = rolesFor(keys, state);
  const workforce = workforceOf(state);
  return {
    needed,
    roles,
    demands: needed.map((role, at) => demandOf(role, roles[at]!, workforce)),
    designees: workforce.designees,
    workers: workforce.workers,
  };
}

/** What the state needs. */
export function needsOf(state: ClusterState): Needs {
  const needed = neededRoles(state);
  const keys = needed.map(({ kind, scopes }) =>
    scopes.map((scope) => KEYS.role(kind, scope))
  );
  return { needed, keys };
}

/** The documents of the needs, null where one is to be made; and those that nothing needs any more, by key. */
export function rolesFor(keys: Needs["keys"], state: ClusterState): {
  readonly roles: (Versioned<RoleDocument> | null)[][];
  readonly superfluous: Map<string, Versioned<RoleDocument>>;
} {
  const superfluous = new Map(
    listRoles(state).map((role) => [role.key, role]),
  );
  const roles = keys.map((ones) =>
    ones.map((key) => {
      const role = superfluous.get(key) ?? null;
      superfluous.delete(key);
      return role;
    })
  );
  return { roles, superfluous };
}

/** Who could hold roles. */
export function workforceOf(state: ClusterState): Workforce {
  const workers = listWorkers(state).map(({ value }) => value);
  return {
    workers,
    numbers: new Map(workers.map(({ name }, number) => [name, number])),
    designees: {
      capacities: workers.map(() => 1),
      zones: numbered(workers.map(({ zone }) => zone)),
    },
  };
}

/** A need in numbers; `roles`: its documents. */
export function demandOf(
  { candidates, scopes: { length: count } }: NeededRole,
  roles: readonly (Versioned<RoleDocument> | null)[],
  { workers, numbers }: Workforce,
): Demand {
  const living: number[] = [];
  const staying: number[] = [];
  for (const name of candidates) {
    const number = numbers.get(name);
    if (number === undefined || workers[number]!.verdict !== "alive") continue;
    living.push(number);
    if (isFit(workers[number]!)) staying.push(number);
  }
  // A worker that drains or flaps keeps what nobody else can take.
  const able = staying.length >= Math.min(count, living.length)
    ? staying
    : living;
  return {
    candidates: narrowed(able, roles, numbers),
    count,
    holders: holdersOf(roles, numbers),
  };
}

/** Whom the documents name as holders now or next, each once. */
function holdersOf(
  roles: readonly (Versioned<RoleDocument> | null)[],
  numbers: ReadonlyMap<string, number>,
): number[] {
  const holders: number[] = [];
  for (const role of roles) {
    const name = role?.value.holder ?? role?.value.next ?? null;
    const number = name === null ? undefined : numbers.get(name);
    if (number === undefined || holders.includes(number)) continue;
    holders.push(number);
  }
  return holders;
}

/** A pinned role has one candidate, as long as that one may hold it. */
function narrowed(
  able: readonly number[],
  roles: readonly (Versioned<RoleDocument> | null)[],
  numbers: ReadonlyMap<string, number>,
): readonly number[] {
  if (roles.length !== 1) return able;
  const pinned = roles[0]?.value.pinned;
  const number = pinned === undefined ? undefined : numbers.get(pinned);
  return number !== undefined && able.includes(number) ? [number] : able;
}

/** Each distinct name's number, in the order they first come. */
function numbered(names: readonly string[]): number[] {
  const numbers = new Map<string, number>();
  return names.map((name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
}
