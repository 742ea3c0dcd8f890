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

import {
  type ClusterState,
  KEYS,
  listRoles,
  type RoleDocument,
  type Transaction,
  type Versioned,
  type Withdrawal,
} from "../cluster/mod.ts";
import { RoleDesigner } from "./role_designer.ts";
import type { IsReleased } from "./role_passage.ts";

/**
 * The transaction that designates, or null when all is as it should be or
 * waits for a former holder. A fence is one more than the revision it was
 * planned at, so that it grows even when a role is removed and made anew. Who
 * asks again and again asks a `RoleDesigner`, which answers alike.
 */
export function designateRoles(
  state: ClusterState,
  wallMs: number,
  isReleased: IsReleased,
): Transaction | null {
  return new RoleDesigner().designate(state, wallMs, isReleased);
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
