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
  /** Keys of roles that nothing needs any more. */
  readonly superfluous: readonly Versioned<RoleDocument>[];
  readonly demands: readonly Demand[];
  readonly designees: Designees;
  /** By number. */
  readonly workers: readonly WorkerDocument[];
}

/** The instance that the state poses. */
export function instanceOf(state: ClusterState): Instance {
  const needed = neededRoles(state);
  const present = new Map(listRoles(state).map((role) => [role.key, role]));
  const workers = listWorkers(state)
    .map(({ value }) => value)
    .filter(({ verdict }) => verdict === "alive");
  const numbers = new Map(workers.map(({ name }, number) => [name, number]));
  const roles = needed.map(({ kind, scopes }) =>
    scopes.map((scope) => {
      const key = KEYS.role(kind, scope);
      const role = present.get(key) ?? null;
      present.delete(key);
      return role;
    })
  );
  const demands = needed.map((role, at): Demand => {
    const living = role.candidates.flatMap((name) => numbers.get(name) ?? []);
    const staying = living.filter((number) => isFit(workers[number]!));
    // A worker that drains or flaps keeps what nobody else can take.
    const count = role.scopes.length;
    const able = staying.length >= Math.min(count, living.length)
      ? staying
      : living;
    const holders = roles[at]!.flatMap((one) => {
      const name = one?.value.holder ?? one?.value.next ?? null;
      return name === null ? [] : numbers.get(name) ?? [];
    });
    return {
      candidates: narrowed(able, roles[at]!, numbers),
      count,
      holders: [...new Set(holders)],
    };
  });
  return {
    needed,
    roles,
    superfluous: [...present.values()],
    demands,
    designees: {
      capacities: workers.map(() => 1),
      zones: numbered(workers.map(({ zone }) => zone)),
    },
    workers,
  };
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
