/**
 * The leader's part in roles: it designates them when something changed or a
 * former holder has let go, grants leases in the answers to check-ins, and
 * writes down what holders report. Soft state as all of the leader's: a new
 * one knows of no lease and waits for a whole one (DESIGN.md §7).
 */

import {
  type CheckIn,
  type CheckInAnswer,
  KEYS,
  type Transaction,
  type WorkerDocument,
} from "../../cluster/mod.ts";
import {
  advanceRoles,
  type CheckInLedger,
  designationRevision,
  grantsOf,
  healsFor,
  leaseMs,
  RoleDesigner,
  RoleLeases,
  withdrawnRoles,
} from "../../planner/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import type { Store } from "./store_contract.ts";

/** The duties of one monitor; to be called while it leads only. */
export class RoleDuties {
  readonly #ports: Pick<Ports, "clock">;
  readonly #store: Store;
  readonly #ledger: CheckInLedger;
  readonly #leases = new RoleLeases();
  #settledRevision: number | null = null;
  #designer = new RoleDesigner();
  #question: Promise<void> = Promise.resolve();
  #nextQuestion: Promise<void> | null = null;
  #waiting: ReturnType<typeof withdrawnRoles> = [];

  constructor(
    ports: Pick<Ports, "clock">,
    store: Store,
    ledger: CheckInLedger,
  ) {
    this.#ports = ports;
    this.#store = store;
    this.#ledger = ledger;
  }

  /** A leadership begins. */
  begin(): void {
    this.#leases.begin(this.#ports.clock.nowMs());
    this.#settledRevision = null;
    this.#designer = new RoleDesigner();
    this.#waiting = [];
  }

  /** Designation looks at all roles, so only when something it reads has changed. */
  plan(): Transaction | null {
    const { state } = this.#store;
    const wallMs = this.#ports.clock.wallMs();
    const report = advanceRoles(state, this.#ledger, wallMs);
    if (report !== null) return report;
    const revision = designationRevision(state);
    if (revision === this.#settledRevision && !this.#someLetGo) return null;
    const moves = this.#designer.designate(
      state,
      wallMs,
      (role, withdrawn) => this.#isReleased(role, withdrawn),
    );
    if (moves === null) {
      this.#settledRevision = revision;
      this.#waiting = withdrawnRoles(state);
      this.#leases.keep(this.#waiting);
    }
    return moves;
  }

  get #someLetGo(): boolean {
    return this.#waiting.some((role) =>
      this.#isReleased(role, role.value.withdrawn)
    );
  }

  #isReleased(
    role: Parameters<RoleLeases["isReleased"]>[0],
    withdrawn: Parameters<RoleLeases["isReleased"]>[1],
  ): boolean {
    return this.#leases.isReleased(
      role,
      withdrawn,
      this.#ledger,
      this.#ports.clock.nowMs(),
      this.#leaseMs,
    );
  }

  /**
   * Resolves when a quorum has confirmed, after this call, that this monitor
   * leads. Who calls while one question is under way shares the next.
   */
  #leads(): Promise<void> {
    this.#nextQuestion ??= this.#question
      .catch(() => {})
      .then(() => {
        this.#nextQuestion = null;
        this.#question = this.#store.readBarrier();
        return this.#question;
      });
    return this.#nextQuestion;
  }

  get #leaseMs(): number {
    return leaseMs(this.#store.state.count(KEYS.worker("")));
  }

  /** A check-in came in and will be answered, so that its sender may act on. */
  received({ worker }: CheckIn): void {
    this.#leases.received(worker, this.#ports.clock.nowMs(), this.#leaseMs);
  }

  /**
   * What the answer says of roles. Who holds exclusive ones is granted a lease
   * only once a quorum has confirmed, after the check-in came, that this
   * monitor leads: another may have withdrawn them. Rejects as `readBarrier` does.
   */
  async answer(
    worker: string,
  ): Promise<Pick<CheckInAnswer, "grants" | "heals">> {
    const { state } = this.#store;
    const holdsExclusive = state.rolesHeldBy(worker)
      .some(({ value }) => value.exclusive === true);
    if (holdsExclusive) await this.#leads();
    const id = state.get<WorkerDocument>(KEYS.worker(worker))?.value.id ?? "";
    const roles = state.rolesHeldBy(worker).map(({ value }) => value);
    const heals = healsFor(state, this.#ledger, roles);
    return {
      // Without the quorum's word only the empty set may be told of.
      grants: holdsExclusive ? grantsOf(roles, id) : { count: 0, fence: 0 },
      ...(heals.length === 0 ? {} : { heals }),
    };
  }
}
