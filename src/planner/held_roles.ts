/**
 * The worker's side of roles: which it may act in now, and so what is to be
 * started and stopped. Pure; driven by `runtime/roles/role_engine.ts`.
 *
 * The lease of an exclusive role counts from when the check-in was sent that
 * the leader answered, on a clock that goes on while the host is suspended. A
 * worker that wakes after its lease has run out may act in nothing exclusive
 * until it has asked again; one that learns of other roles than the leader
 * granted gets no lease until it knows them.
 */

import { KEYS, type RoleDocument, type RoleGrants } from "../cluster/mod.ts";
import { grantsOf } from "./role_leases.ts";

/** Before its lease runs out, a holder begins to stop so early, … */
export const STOP_BEFORE_MS = 1_500;
/** … and is ended whatever it does. */
export const END_BEFORE_MS = 500;

/** A handler of a role, as it stands. */
export interface ActingRole {
  readonly key: string;
  readonly fence: number;
  readonly stopping: boolean;
}

/** What is to be done. A role that changed is stopped first and started once that is done. */
export interface RoleActions {
  readonly start: readonly RoleDocument[];
  /** Keys of handlers that must end; those that stop already are not named again. */
  readonly stop: readonly string[];
  /** When to look again, if nothing happens before; `Infinity` for never. */
  readonly nextMs: number;
}

/** The roles of one worker. Times are the host's clock that counts suspension, too. */
export class HeldRoles {
  readonly #workerId: () => string;
  #roles: ReadonlyMap<string, RoleDocument> = new Map();
  /** Role's key → the fence that the lease is for, and until when. */
  #leases = new Map<string, { readonly fence: number; untilMs: number }>();

  /** `workerId`: this machine's own, since another may have taken its name over. */
  constructor(workerId: () => string) {
    this.#workerId = workerId;
  }

  /** The roles that the desired state says this worker holds. */
  desire(roles: readonly RoleDocument[]): void {
    const workerId = this.#workerId();
    this.#roles = new Map(
      roles
        .filter(({ exclusive, holderId }) =>
          exclusive !== true || holderId === workerId
        )
        .map((role) => [KEYS.role(role.kind, role.scope), role]),
    );
    for (const [key, { fence }] of this.#leases) {
      if (this.#roles.get(key)?.fence !== fence) this.#leases.delete(key);
    }
  }

  /** What this worker holds, by key. */
  get roles(): ReadonlyMap<string, RoleDocument> {
    return this.#roles;
  }

  /** The exclusive roles that it holds, as the leader tells them. */
  get grants(): RoleGrants {
    return grantsOf([...this.#roles.values()], this.#workerId());
  }

  /** True while an exclusive role has no lease: worth a check-in at once. */
  lacksLease(nowMs: number): boolean {
    return [...this.#roles].some(([key, role]) =>
      role.exclusive === true && this.untilMs(key) <= nowMs
    );
  }

  /**
   * A check-in was answered. False when the leader grants another set of roles
   * than this worker knows of: then nothing is renewed, and the desired state
   * has to be asked for.
   */
  answered(
    grants: RoleGrants | undefined,
    sentAtMs: number,
    leaseMs: number,
  ): boolean {
    if (grants === undefined) return true;
    const own = this.grants;
    if (own.count !== grants.count || own.fence !== grants.fence) return false;
    for (const [key, { exclusive, fence }] of this.#roles) {
      if (exclusive !== true) continue;
      const before = this.#leases.get(key)?.untilMs ?? 0;
      const untilMs = Math.max(before, sentAtMs + leaseMs);
      this.#leases.set(key, { fence, untilMs });
    }
    return true;
  }

  /** Until when this worker may act in the role; 0 when it may not, `Infinity` when no lease is needed. */
  untilMs(key: string): number {
    const role = this.#roles.get(key);
    if (role === undefined) return 0;
    if (role.exclusive !== true) return Infinity;
    const lease = this.#leases.get(key);
    return lease?.fence === role.fence ? lease.untilMs : 0;
  }

  /** What to do with the handlers that there are. */
  decide(handlers: readonly ActingRole[], nowMs: number): RoleActions {
    const stop: string[] = [];
    let nextMs = Infinity;
    const taken = new Set<string>();
    for (const { key, fence, stopping } of handlers) {
      taken.add(key);
      const untilMs = this.untilMs(key) - STOP_BEFORE_MS;
      const mayGoOn = this.#roles.get(key)?.fence === fence && nowMs < untilMs;
      if (mayGoOn) nextMs = Math.min(nextMs, untilMs);
      else if (!stopping) stop.push(key);
    }
    const start: RoleDocument[] = [];
    for (const [key, role] of this.#roles) {
      if (taken.has(key) || nowMs >= this.untilMs(key) - STOP_BEFORE_MS) {
        continue;
      }
      start.push(role);
      nextMs = Math.min(nextMs, this.untilMs(key) - STOP_BEFORE_MS);
    }
    return { start, stop, nextMs };
  }
}
