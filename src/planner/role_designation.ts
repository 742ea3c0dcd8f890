/**
 * The transaction that brings roles to whom they should be with. Driven by
 * `runtime/leader_duties` after changes of volumes, workers, roles or kinds,
 * and while an exclusive role waits for its former holder; it commits what
 * comes out and asks again until nothing does.
 *
 * An exclusive role passes on in two commits: it is withdrawn from its holder,
 * which from then on is granted no more lease for it, and given to the next
 * once the former one is sure not to act in it (DESIGN.md §7). So does one
 * that nobody needs any more: it is removed only when nobody acts in it.
 */

import { assert, LIMITS } from "../base/mod.ts";
import {
  type ClusterState,
  KEYS,
  listRoles,
  type RoleDocument,
  type Transaction,
  type Versioned,
  type Withdrawal,
  type Write,
} from "../cluster/mod.ts";
import { balance } from "./role_balance.ts";
import { certify } from "./role_certificate.ts";
import { type Instance, instanceOf } from "./role_instance.ts";
import type { NeededRole } from "./role_needs.ts";
import {
  ended,
  type Frame,
  type IsReleased,
  isSameRole,
  passed,
  type Round,
} from "./role_passage.ts";

/**
 * The transaction that designates, or null when all is as it should be or
 * waits for a former holder. A fence is one more than the revision it was
 * planned at, so that it grows even when a role is removed and made anew.
 */
export function designateRoles(
  state: ClusterState,
  wallMs: number,
  isReleased: IsReleased,
): Transaction | null {
  const instance = instanceOf(state);
  const holders = holdersOf(instance);
  const writes: Write[] = [];
  const round: Round = {
    state,
    wallMs,
    isReleased,
    nextFence: state.revision + 1,
    ids: new Map(instance.workers.map(({ name, id }) => [name, id])),
  };
  for (const role of instance.superfluous) {
    const value = ended(role, round);
    if (value === null) writes.push({ kind: "delete", key: role.key });
    else if (!isSameRole(role.value, value)) {
      writes.push({ kind: "put", key: role.key, value });
    }
  }
  for (const [at, role] of instance.needed.entries()) {
    const places = placesOf(instance, at, holders[at]!);
    for (const [replica, before] of instance.roles[at]!.entries()) {
      const frame = frameOf(role, role.scopes[replica]!, before);
      const value = passed(frame, before, places[replica]!, round);
      if (before !== null && isSameRole(before.value, value)) continue;
      const key = KEYS.role(role.kind, frame.scope);
      writes.push({ kind: "put", key, value });
    }
  }
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
 * reads of the state: while it stays, only a release makes a difference.
 */
export function designationRevision(state: ClusterState): number {
  return Math.max(...READ.map((prefix) => state.revisionUnder(prefix)));
}

const READ = [
  KEYS.volume(""),
  KEYS.worker(""),
  KEYS.roles,
  KEYS.roleKind(""),
  KEYS.rebalance(""),
  "runs/",
  KEYS.heal(""),
];

/** The roles that wait for their former holders. */
export function withdrawnRoles(
  state: ClusterState,
): (Versioned<RoleDocument> & {
  readonly value: { readonly withdrawn: Withdrawal };
})[] {
  return listRoles(state).filter((role): role is ReturnType<
    typeof withdrawnRoles
  >[number] => role.value.withdrawn !== undefined);
}

/** Demand → names of its holders, certified to be the best there are. */
function holdersOf(
  { needed, demands, designees, workers }: Instance,
): string[][] {
  const { assignment, potentials } = balance(demands, designees);
  const wrong = certify(assignment, potentials);
  assert(wrong === null, `a designation is optimal, but ${wrong}`);
  return needed.map((_, role) =>
    [...assignment.holders(role)].sort((a, b) => a - b)
      .map((holder) => workers[holder]!.name)
  );
}

/** Who gets which of the replicas of a role: whoever has one keeps it. */
function placesOf(
  { roles }: Instance,
  at: number,
  holders: readonly string[],
): (string | null)[] {
  const free = new Set(holders);
  const places = roles[at]!.map((role) => {
    const name = role?.value.holder ?? role?.value.next ?? null;
    return name !== null && free.delete(name) ? name : null;
  });
  const rest = [...free];
  return places.map((place) => place ?? rest.shift() ?? null);
}

function frameOf(
  { kind, candidates, exclusive, task }: NeededRole,
  scope: string,
  before: Versioned<RoleDocument> | null,
): Frame {
  const pinned = before?.value.pinned;
  return {
    kind,
    scope,
    candidates,
    exclusive,
    ...(pinned === undefined ? {} : { pinned }),
    ...(task === null ? {} : { task }),
  };
}
