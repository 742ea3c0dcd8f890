/**
 * Designation by who has designated before: it follows the state's changes, and
 * solves anew only what they touch. A death changes the candidates of some
 * roles and calls for a new assignment; its own transactions call for none,
 * since whoever was chosen is still the best once he holds the role: to leave
 * costs him a move more than before, and to stay one less.
 */

import { assert, LIMITS } from "../base/mod.ts";
import {
  type Change,
  type ClusterState,
  KEYS,
  type RoleDocument,
  type Transaction,
  type Versioned,
  type WorkerDocument,
  type Write,
} from "../cluster/mod.ts";
import type { Demand } from "./role_assignment.ts";
import { balance } from "./role_balance.ts";
import { certify } from "./role_certificate.ts";
import {
  demandOf,
  type Needs,
  needsOf,
  rolesFor,
  type Workforce,
  workforceOf,
} from "./role_instance.ts";
import type { NeededRole } from "./role_needs.ts";
import {
  ended,
  type Frame,
  type IsReleased,
  isSameRole,
  passed,
  type Round,
} from "./role_passage.ts";
import { isFit } from "./worker_fitness.ts";

type Role = Versioned<RoleDocument>;

/** What changes, and with it the needs themselves. */
const NEEDS = [
  KEYS.volume(""),
  KEYS.roleKind(""),
  KEYS.rebalance(""),
  "runs/",
  KEYS.heal(""),
  // Whose turn it is to rebalance rests on who does it already.
  KEYS.role("rebalance", ""),
];
const WORKERS = KEYS.worker("");

/** The designation of one state that goes on. */
export class RoleDesigner {
  #state: ClusterState | null = null;
  /** Up to here its changes are known. */
  #revision = 0;
  #needs: Needs = { needed: [], keys: [] };
  /** Key → the need, and which of its roles. */
  #places = new Map<string, readonly [need: number, replica: number]>();
  /** Need → its roles' documents. */
  #roles: (Role | null)[][] = [];
  /** Documents of roles that nothing needs any more, by key. */
  #superfluous = new Map<string, Role>();
  #workforce: Workforce | null = null;
  #demands: Demand[] = [];
  /** Need → the numbers of those who should hold it. */
  #chosen: number[][] = [];
  /** Needs that may not be as they should be, or wait for a former holder. */
  #open = new Set<number>();

  /** See `designateRoles`. */
  designate(
    state: ClusterState,
    wallMs: number,
    isReleased: IsReleased,
  ): Transaction | null {
    this.#follow(state);
    const { workers } = this.#workforce!;
    const living = workers.filter(({ verdict }) => verdict === "alive");
    const writes = this.#writes({
      state,
      wallMs,
      isReleased,
      nextFence: state.revision + 1,
      ids: new Map(living.map(({ name, id }) => [name, id])),
    });
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

  #writes(round: Round): Write[] {
    const writes: Write[] = [];
    for (const role of this.#superfluous.values()) {
      const value = ended(role, round);
      if (value === null) writes.push({ kind: "delete", key: role.key });
      else if (!isSameRole(role.value, value)) {
        writes.push({ kind: "put", key: role.key, value });
      }
    }
    for (const need of [...this.#open].sort((a, b) => a - b)) {
      const news = this.#news(need, round);
      writes.push(...news);
      const waits = this.#roles[need]!.some((role) =>
        role?.value.withdrawn !== undefined
      );
      if (news.length === 0 && !waits) this.#open.delete(need);
    }
    return writes;
  }

  /** What the documents of a need should say and do not. */
  #news(need: number, round: Round): Write[] {
    const { needed, keys } = this.#needs;
    const names = this.#chosen[need]!.map((number) =>
      this.#workforce!.workers[number]!.name
    );
    const roles = this.#roles[need]!;
    const places = placesOf(roles, names);
    return roles.flatMap((before, replica): Write[] => {
      const frame = frameOf(needed[need]!, replica, before);
      const value = passed(frame, before, places[replica]!, round);
      if (before !== null && isSameRole(before.value, value)) return [];
      return [{ kind: "put", key: keys[need]![replica]!, value }];
    });
  }

  /** Takes in what has changed, and solves if that may call for another assignment. */
  #follow(state: ClusterState): void {
    const changes = state === this.#state
      ? state.changesSince(this.#revision, "")
      : "compacted";
    this.#state = state;
    this.#revision = state.revision;
    if (
      changes === "compacted" || changes.some((change) => this.#isDeep(change))
    ) {
      this.#begin(state);
      return this.#solve();
    }
    let asPlanned = true;
    const fitness = changes.filter(isOfFitness);
    if (fitness.length > 0) {
      this.#workforce = workforceOf(state);
      this.#poseFor(new Set(fitness.map(({ key }) => nameOf(key))));
      asPlanned = false;
    }
    for (const change of changes) {
      if (!change.key.startsWith(KEYS.roles)) continue;
      if (!this.#noteRole(change)) asPlanned = false;
    }
    if (!asPlanned) this.#solve();
  }

  /** True when the needs, or the numbers of the workers, may be others. */
  #isDeep({ key, value, previous }: Change): boolean {
    if (NEEDS.some((prefix) => key.startsWith(prefix))) return true;
    if (!key.startsWith(WORKERS)) return false;
    const before = previous?.value as WorkerDocument | undefined;
    const after = value as WorkerDocument | null;
    if (before === undefined || after === null) return true;
    return before.zone !== after.zone || before.id !== after.id;
  }

  #begin(state: ClusterState): void {
    this.#needs = needsOf(state);
    this.#workforce = workforceOf(state);
    const { keys } = this.#needs;
    const { roles, superfluous } = rolesFor(keys, state);
    this.#roles = roles;
    this.#superfluous = superfluous;
    this.#places = new Map(
      keys.flatMap((ones, need) =>
        ones.map((key, replica) => [key, [need, replica]] as const)
      ),
    );
    this.#chosen = [];
    this.#open = new Set(keys.keys());
    this.#demands = this.#needs.needed.map((need, at) =>
      demandOf(need, this.#roles[at]!, this.#workforce!)
    );
  }

  /** Poses anew what these workers could hold. */
  #poseFor(workers: ReadonlySet<string>): void {
    for (const [at, need] of this.#needs.needed.entries()) {
      if (!need.candidates.some((name) => workers.has(name))) continue;
      this.#demands[at] = demandOf(need, this.#roles[at]!, this.#workforce!);
    }
  }

  /** A role's document changed; false when that may call for another assignment. */
  #noteRole({ key }: Change): boolean {
    const role = this.#state!.get<RoleDocument>(key);
    const place = this.#places.get(key);
    if (place === undefined) {
      if (role === null) this.#superfluous.delete(key);
      else this.#superfluous.set(key, role);
      return true;
    }
    const [need, replica] = place;
    const roles = this.#roles[need]!;
    const before = roles[replica]!;
    roles[replica] = role;
    this.#open.add(need);
    const { holders } = this.#demands[need]!;
    const demand = demandOf(
      this.#needs.needed[need]!,
      roles,
      this.#workforce!,
    );
    this.#demands[need] = demand;
    const chosen = this.#chosen[need]!;
    const isKept = holders.every((holder) =>
      !chosen.includes(holder) || demand.holders.includes(holder)
    );
    return before?.value.pinned === role?.value.pinned && isKept &&
      demand.holders.every((holder) => chosen.includes(holder));
  }

  /** The best assignment there is, proven. */
  #solve(): void {
    const { designees } = this.#workforce!;
    const { assignment, potentials } = balance(this.#demands, designees);
    const wrong = certify(assignment, potentials);
    assert(wrong === null, `a designation is optimal, but ${wrong}`);
    for (const need of this.#demands.keys()) {
      const chosen = [...assignment.holders(need)].sort((a, b) => a - b);
      const before = this.#chosen[need];
      if (before !== undefined && isSame(before, chosen)) continue;
      this.#chosen[need] = chosen;
      this.#open.add(need);
    }
  }
}

/** True when a worker may be given more, or less, than before. */
function isOfFitness(
  { key, value, previous }: Pick<Change, "key" | "value" | "previous">,
): boolean {
  if (!key.startsWith(WORKERS)) return false;
  const before = previous?.value as WorkerDocument | undefined;
  const after = value as WorkerDocument | null;
  if (before === undefined || after === null) return true;
  return before.verdict !== after.verdict || isFit(before) !== isFit(after);
}

function nameOf(key: string): string {
  return key.slice(WORKERS.length);
}

/** Who gets which of the replicas of a role: whoever has one keeps it. */
function placesOf(
  roles: readonly (Role | null)[],
  holders: readonly string[],
): (string | null)[] {
  const free = new Set(holders);
  const places = roles.map((role) => {
    const name = role?.value.holder ?? role?.value.next ?? null;
    return name !== null && free.delete(name) ? name : null;
  });
  const rest = [...free];
  return places.map((place) => place ?? rest.shift() ?? null);
}

function frameOf(
  { kind, scopes, candidates, exclusive, task }: NeededRole,
  replica: number,
  before: Role | null,
): Frame {
  const pinned = before?.value.pinned;
  return {
    kind,
    scope: scopes[replica]!,
    candidates,
    exclusive,
    ...(pinned === undefined ? {} : { pinned }),
    ...(task === null ? {} : { task }),
  };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}
