/**
 * Which worker holds which role: today the `leader` of every replica and
 * disperse subvolume of a started volume. Driven by `runtime/leader_duties`
 * after changes of volumes, workers or roles; it commits what comes out and
 * asks again until nothing does.
 */

import { assert, LIMITS } from "../base/mod.ts";
import {
  type ClusterState,
  KEYS,
  listRoles,
  listVolumes,
  listWorkers,
  type RoleDocument,
  subvolumesOf,
  type Transaction,
  type Versioned,
  type Write,
} from "../cluster/mod.ts";
import type { Demand } from "./role_assignment.ts";
import { balance } from "./role_balance.ts";
import { certify } from "./role_certificate.ts";

interface NeededRole {
  readonly key: string;
  readonly scope: string;
  readonly candidates: readonly string[];
}

/**
 * The transaction that brings roles to where they should be, or null when they
 * are: missing roles made, superfluous ones removed, holders that may not hold
 * replaced, loads as even as can be. A fence is one more than the revision it
 * was planned at, so that it grows even when a role is removed and made anew.
 */
export function designateRoles(
  state: ClusterState,
  wallMs: number,
): Transaction | null {
  const needed = neededRoles(state);
  const present = new Map(listRoles(state).map((role) => [role.key, role]));
  const holders = holdersFor(state, needed, present);
  const writes: Write[] = [];
  for (const [at, role] of needed.entries()) {
    const before = present.get(role.key);
    present.delete(role.key);
    const write = writeFor(
      role,
      before?.value ?? null,
      holders[at] ?? null,
      state.revision + 1,
      wallMs,
    );
    if (write !== null) writes.push(write);
  }
  for (const key of present.keys()) writes.unshift({ kind: "delete", key });
  if (writes.length === 0) return null;
  return {
    version: 1,
    preconditions: [{
      kind: "unchanged",
      prefix: KEYS.roles,
      revision: state.revision,
    }],
    writes: writes.slice(0, LIMITS.transactionOperations),
    idempotency: null,
  };
}

/**
 * The revision of the last change to anything that {@link designateRoles}
 * reads: while it stays, so does the answer null.
 */
export function designationRevision(state: ClusterState): number {
  return Math.max(
    state.revisionUnder(KEYS.volume("")),
    state.revisionUnder(KEYS.worker("")),
    state.revisionUnder(KEYS.roles),
  );
}

function neededRoles(state: ClusterState): NeededRole[] {
  const needed: NeededRole[] = [];
  for (const { value: volume } of listVolumes(state)) {
    if (volume.status !== "started" || volume.subvolumeSize < 2) continue;
    for (const { index, bricks } of subvolumesOf(volume)) {
      const scope = `${volume.name}/${index}`;
      needed.push({
        key: KEYS.role("leader", scope),
        scope,
        candidates: [...new Set(bricks.map((brick) => brick.worker))],
      });
    }
  }
  return needed;
}

function holdersFor(
  state: ClusterState,
  needed: readonly NeededRole[],
  present: ReadonlyMap<string, Versioned<RoleDocument>>,
): (string | null)[] {
  const alive = listWorkers(state)
    .map(({ value }) => value)
    .filter((worker) => worker.verdict === "alive");
  const numbers = new Map(alive.map(({ name }, number) => [name, number]));
  const demands = needed.map(({ key, candidates }): Demand => {
    const living = candidates.flatMap((name) => numbers.get(name) ?? []);
    const staying = living.filter((number) => !alive[number]!.draining);
    const holder = present.get(key)?.value.holder ?? null;
    return {
      // A worker that drains keeps what nobody else can take.
      candidates: staying.length > 0 ? staying : living,
      count: 1,
      holders: holder === null ? [] : [numbers.get(holder) ?? []].flat(),
    };
  });
  const { assignment, potentials } = balance(demands, {
    capacities: alive.map(() => 1),
    zones: numbered(alive.map(({ zone }) => zone)),
  });
  const wrong = certify(assignment, potentials);
  assert(wrong === null, `a designation is optimal, but ${wrong}`);
  return needed.map((_, role) => {
    const [holder] = assignment.holders(role);
    return holder === undefined ? null : alive[holder]!.name;
  });
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

function writeFor(
  role: NeededRole,
  before: RoleDocument | null,
  holder: string | null,
  nextFence: number,
  wallMs: number,
): Write | null {
  const { key, scope, candidates } = role;
  const sameHolder = before !== null && before.holder === holder;
  if (sameHolder && equalLists(before.candidates, candidates)) return null;
  // Without a holder there is nothing to fence: the next one gets the next number.
  const keepFence = before !== null && (sameHolder || holder === null);
  const value: RoleDocument = {
    kind: "leader",
    scope,
    candidates,
    holder,
    fence: keepFence ? before.fence : nextFence,
    sinceMs: sameHolder ? before.sinceMs : wallMs,
  };
  return { kind: "put", key, value };
}

function equalLists(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
