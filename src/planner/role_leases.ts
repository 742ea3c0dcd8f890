/**
 * What a leader knows of the leases of exclusive roles: until when a worker
 * may act on what it was granted, and so when a withdrawn role may be given
 * to another (DESIGN.md §7).
 *
 * A worker counts its lease from when it sent the check-in that was answered;
 * the leader counts from when it received it, which is later. What another
 * leader answered before this one began, this one cannot know: it waits a
 * whole lease from its beginning. A leader grants only while it is sure to
 * lead (`LeaderDuties` asks the quorum), so nothing was granted by a former
 * one since. Clocks may run differently by {@link CLOCK_DRIFT_MAX}.
 */

import { CLOCK_DRIFT_MAX } from "../base/mod.ts";
import type {
  RoleDocument,
  RoleGrants,
  Versioned,
  Withdrawal,
} from "../cluster/mod.ts";
import type { CheckInLedger } from "./check_in_ledger.ts";

/** The longest that a worker's lease may last, by the leader's clock. */
export function leaseAndDriftMs(leaseMs: number): number {
  return leaseMs * (1 + CLOCK_DRIFT_MAX);
}

/** The leases that one leadership knows of. Times are the leader's monotonic clock. */
export class RoleLeases {
  /** Worker → until when it may act on what it was granted so far. */
  readonly #untilMs = new Map<string, number>();
  /** Role and fence → when its former holder's lease has run out. */
  readonly #deadlineMs = new Map<string, number>();
  #sinceMs = 0;

  /** A leadership begins: nothing is known of what others granted. */
  begin(nowMs: number): void {
    this.#untilMs.clear();
    this.#deadlineMs.clear();
    this.#sinceMs = nowMs;
  }

  /** A check-in came in; whatever is answered to it, the worker may act on for so long. */
  received(worker: string, nowMs: number, leaseMs: number): void {
    const untilMs = nowMs + leaseAndDriftMs(leaseMs);
    const before = this.#untilMs.get(worker) ?? 0;
    this.#untilMs.set(worker, Math.max(before, untilMs));
  }

  /**
   * Whether the former holder of a withdrawn role acts in it no more: it said
   * so knowing that the role was withdrawn, or its lease has run out. To be
   * asked only of a state that this leader has applied: later check-ins are
   * answered by that state, which grants the role to it no more.
   */
  isReleased(
    role: Versioned<RoleDocument>,
    withdrawn: Withdrawal,
    ledger: CheckInLedger,
    nowMs: number,
    leaseMs: number,
  ): boolean {
    if (hasLetGo(role, withdrawn, ledger)) return true;
    const name = `${role.key} ${withdrawn.fence}`;
    let deadlineMs = this.#deadlineMs.get(name);
    if (deadlineMs === undefined) {
      deadlineMs = Math.max(
        this.#sinceMs + leaseAndDriftMs(leaseMs),
        this.#untilMs.get(withdrawn.worker) ?? 0,
      );
      this.#deadlineMs.set(name, deadlineMs);
    }
    return nowMs > deadlineMs;
  }

  /** Forgets the deadlines of roles that do not wait any more. */
  keep(waiting: readonly Versioned<RoleDocument>[]): void {
    const names = new Set(
      waiting.map(({ key, value }) => `${key} ${value.withdrawn?.fence}`),
    );
    for (const name of this.#deadlineMs.keys()) {
      if (!names.has(name)) this.#deadlineMs.delete(name);
    }
  }
}

/** The former holder knows that the role was withdrawn, or acts in nothing any more, and does nothing in it. */
function hasLetGo(
  role: Versioned<RoleDocument>,
  { worker, workerId }: Withdrawal,
  ledger: CheckInLedger,
): boolean {
  if (ledger.idOf(worker) !== workerId) return false;
  const knows = ledger.revisionOf(worker) >= role.revision;
  if (!knows && !ledger.hasLeft(worker)) return false;
  if (!ledger.knowsBricksOf(worker)) return false;
  const state = ledger.roleOf(worker, role.key)?.state;
  return state !== "acting" && state !== "stopping";
}

/** What tells the set of exclusive roles that a worker holds from all others in its history. */
export function grantsOf(
  roles: readonly RoleDocument[],
  workerId: string,
): RoleGrants {
  let [count, fence] = [0, 0];
  for (const role of roles) {
    if (role.exclusive !== true || role.holderId !== workerId) continue;
    count++;
    fence = Math.max(fence, role.fence);
  }
  return { count, fence };
}
