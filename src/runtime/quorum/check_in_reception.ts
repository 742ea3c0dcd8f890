/**
 * The leader's side of check-ins: takes them in, commits the rare change that
 * one calls for, and says what is wanted next. Hundreds come in a second from
 * a large pool, nearly all without news: such a one costs no more than a few
 * look-ups, and is answered with nothing.
 */

import { asProblem, Problem } from "../../base/mod.ts";
import {
  type BriefCheckIn,
  type Change,
  type CheckIn,
  type CheckInAnswer,
  type ClusterDocument,
  isBrief,
  KEYS,
  listMonitors,
  listWorkers,
  type Transaction,
  type WorkerDocument,
} from "../../cluster/mod.ts";
import {
  checkInIntervalMs,
  type CheckInLedger,
  leaseMs,
  NameRivals,
  planAdmission,
  type RecentFindings,
} from "../../planner/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import type { RoleDuties } from "./role_duties.ts";
import type { Store } from "./store_contract.ts";

const SEEDS = 3;
/** To look through all workers costs in proportion, so it is done the less often the more there are. */
const WORKERS_PER_MS = 10;
const WORKERS = KEYS.worker("");
const MONITORS = KEYS.monitor("");

/** What the reception needs of the leader's other duties. */
export interface Reception {
  readonly ports: Pick<Ports, "clock">;
  readonly store: Store;
  readonly ledger: CheckInLedger;
  readonly roles: Pick<RoleDuties, "received" | "answer">;
  readonly findings: RecentFindings;
  /** There is something to decide about. */
  readonly news: () => void;
}

/** What all answers have in common; of a large pool it may be a little old. */
interface Pool {
  readonly madeMs: number;
  readonly workers: number;
  /** By name. */
  readonly living: readonly WorkerDocument[];
  readonly monitors: NonNullable<CheckInAnswer["monitors"]>;
}

/** Receives check-ins while this monitor leads. */
export class CheckInReception {
  readonly #reception: Reception;
  /** What each worker was answered last, so that it is not told again. */
  readonly #told = new Map<string, { bootId: string; text: string }>();
  readonly #rivals = new NameRivals();
  #pool: Pool | null = null;
  #poolChanged = false;

  constructor(reception: Reception) {
    this.#reception = reception;
  }

  /** Forgets whom it told what: the leadership began or ended. */
  clear(): void {
    this.#told.clear();
    this.#rivals.clear();
  }

  /** The state has changed. */
  changed(changes: readonly Change[]): void {
    this.#poolChanged ||= changes.some(({ key }) =>
      key.startsWith(WORKERS) || key.startsWith(MONITORS)
    );
  }

  /**
   * Takes in a check-in. Null: all is as the answer before said. Throws Problem
   * `no-leader` before the founding, those of `planAdmission`, and the store's.
   */
  async receive(
    given: CheckIn | BriefCheckIn,
  ): Promise<CheckInAnswer | null> {
    const { store, ledger, roles, ports, news } = this.#reception;
    const checkIn = isBrief(given) ? ledger.expand(given) : given;
    if (checkIn === null) return this.#askForAll(given.worker);
    const admission = ledger.isLate(checkIn) ? null : this.#admit(checkIn);
    // Before the commit: a round meanwhile must not judge a returning worker by old probes.
    const { fullWanted } = ledger.receive(checkIn, ports.clock.nowMs());
    roles.received(checkIn);
    if (admission !== null) {
      const result = await store.commit(admission);
      if (result.kind === "conflict") news();
      else ledger.noteArrival(checkIn.worker, ports.clock.nowMs());
    }
    const { bricks, gone, reports } = checkIn;
    const ofRoles = (checkIn.roles?.length ?? 0) +
      (checkIn.rolesGone?.length ?? 0);
    if (bricks.length + gone.length + reports.length + ofRoles > 0) news();
    const granted = await roles.answer(checkIn.worker);
    const answer = {
      ...this.#answer(checkIn.worker, fullWanted),
      ...granted,
    };
    return isBrief(given)
      ? this.#unlessTold(checkIn, answer)
      : this.#tell(checkIn, answer);
  }

  /** A machine that asks for another's name is refused, and the other hears of it. */
  #admit(checkIn: CheckIn): Transaction | null {
    const { store, ledger, ports: { clock } } = this.#reception;
    try {
      return planAdmission(store.state, checkIn, clock.wallMs());
    } catch (error) {
      if (asProblem(error).code === "name-taken") {
        const { worker, address, hostName } = checkIn;
        const rival = { address, ...(hostName ? { hostName } : {}) };
        const isNews = this.#rivals.note(worker, rival, clock.nowMs());
        if (isNews) ledger.onRival(worker, rival);
      }
      throw error;
    }
  }

  /** The worker is not known here, so nothing is granted: it is asked to say everything. */
  #askForAll(worker: string): CheckInAnswer {
    const known = this.#reception.store.state.get(KEYS.worker(worker));
    if (known === null) throw beingFounded();
    return { ...this.#answer(worker, true), leaseMs: 0 };
  }

  #answer(name: string, fullWanted: boolean): CheckInAnswer {
    const { state } = this.#reception.store;
    const worker = state.get<WorkerDocument>(KEYS.worker(name));
    const cluster = state.get<ClusterDocument>(KEYS.cluster);
    if (worker === null || cluster === null) throw beingFounded();
    const { workers, living, monitors } = this.#poolNow();
    const intervalMs = checkInIntervalMs(workers);
    const { findings, ports } = this.#reception;
    const found = findings.tell(name, ports.clock.nowMs(), intervalMs);
    const rival = this.#rivals.of(name, ports.clock.nowMs(), intervalMs);
    return {
      clusterId: cluster.value.id,
      revision: state.revision,
      leaseMs: leaseMs(workers),
      intervalMs,
      fullWanted,
      verdict: worker.value.verdict,
      seeds: seedsFor(name, living),
      monitors,
      brief: true,
      ...(found.length === 0 ? {} : { findings: found }),
      ...(rival === undefined ? {} : { rival }),
    };
  }

  #tell(checkIn: CheckIn, answer: CheckInAnswer): CheckInAnswer {
    const { worker, bootId } = checkIn;
    this.#told.set(worker, { bootId, text: textOf(answer) });
    return answer;
  }

  /**
   * An answer that got lost was not told: but then the worker's next check-in
   * is a full one, and those are always answered.
   */
  #unlessTold(checkIn: CheckIn, answer: CheckInAnswer): CheckInAnswer | null {
    const told = this.#told.get(checkIn.worker);
    const isTold = told !== undefined && told.bootId === checkIn.bootId &&
      told.text === textOf(answer) && answer.findings === undefined;
    return isTold ? null : this.#tell(checkIn, answer);
  }

  #poolNow(): Pool {
    const { state } = this.#reception.store;
    const known = this.#pool;
    if (known !== null && !this.#poolChanged) return known;
    const madeMs = this.#reception.ports.clock.nowMs();
    if (known !== null) {
      const restMs = Math.floor(known.workers / WORKERS_PER_MS);
      if (madeMs - known.madeMs < restMs) return known;
    }
    this.#poolChanged = false;
    const workers = listWorkers(state);
    this.#forgetRemoved(workers.length);
    this.#pool = {
      madeMs,
      workers: workers.length,
      living: workers.flatMap(({ value }) =>
        value.verdict === "alive" ? [value] : []
      ),
      monitors: listMonitors(state).map(({ value }) => ({
        host: value.address,
        port: value.apiPort,
      })),
    };
    return this.#pool;
  }

  #forgetRemoved(workers: number): void {
    if (this.#told.size <= workers) return;
    const { state } = this.#reception.store;
    for (const name of this.#told.keys()) {
      if (state.get(KEYS.worker(name)) === null) this.#told.delete(name);
    }
  }
}

/** Neighbours in the order of names: every worker gets others, none gets a crowd. */
function seedsFor(
  name: string,
  living: readonly WorkerDocument[],
): CheckInAnswer["seeds"] {
  let first = 0;
  for (let end = living.length; first < end;) {
    const middle = (first + end) >> 1;
    if (living[middle]!.name <= name) first = middle + 1;
    else end = middle;
  }
  const seeds: { host: string; port: number }[] = [];
  for (let at = 0; at < living.length && seeds.length < SEEDS; at++) {
    const seed = living[(first + at) % living.length]!;
    if (seed.name === name) continue;
    seeds.push({ host: seed.address, port: seed.swimPort });
  }
  return seeds;
}

/** What an answer says that lasts: the desired state has its own way, and findings are told once. */
function textOf(answer: CheckInAnswer): string {
  return JSON.stringify({ ...answer, revision: 0, findings: [] });
}

function beingFounded(): Problem {
  return new Problem(
    "no-leader",
    "the cluster is still being founded",
    "the worker tries again by itself",
    { retryAfterSeconds: 1 },
  );
}
