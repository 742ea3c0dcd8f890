/**
 * What a monitor does while it leads: it receives check-ins, pronounces
 * verdicts, moves operations on and designates roles. All decisions are the
 * planner's; this file only says when to decide, and commits what was decided.
 * Nothing here outlives the leadership: a new leader starts with an empty
 * ledger and pronounces nobody dead for one interval (DESIGN.md §4, §6).
 */

import { asProblem, Problem, uuidFrom } from "../../base/mod.ts";
import {
  type CheckIn,
  type CheckInAnswer,
  type ClusterDocument,
  KEYS,
  listMonitors,
  listWorkers,
  type Transaction,
  type WorkerDocument,
} from "../../cluster/mod.ts";
import {
  advanceOperations,
  checkInIntervalMs,
  type CheckInLedger,
  decideVerdicts,
  designateRoles,
  designationRevision,
  leaseMs,
  planAdmission,
  planFounding,
  planMonitors,
} from "../../planner/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import { pingWorker } from "../gossip.ts";
import type { Store } from "./store_contract.ts";

/** How often the leader looks at the clock: verdicts that rest on silence come by it. */
const ROUND_MS = 500;
/** What happened during a round waits this long, so that a storm of news makes few rounds. */
const AGAIN_MS = 10;
const PROBE_TIMEOUT_MS = 500;
const SEEDS = 3;
/** The users' own keys: nothing there calls for a decision. */
const CONFIG = KEYS.config("");

/** The leader's work of one monitor, idle while another leads. */
export interface LeaderDuties {
  /** Takes in a check-in; throws Problem `no-leader` unless this monitor leads. */
  receiveCheckIn(checkIn: CheckIn): Promise<CheckInAnswer>;
  stop(): void;
}

/** Begins to watch whether this monitor leads. */
export function startLeaderDuties(
  ports: Ports,
  store: Store,
  ledger: CheckInLedger,
): LeaderDuties {
  const { clock } = ports;
  let leaderSinceMs: number | null = null;
  let stopped = false;
  let timer: Timer | null = null;
  let deciding = false;
  let again = false;
  let designatedRevision: number | null = null;

  function standingChanged(): void {
    const leads = store.standing.role === "leader";
    if (leads === (leaderSinceMs !== null)) return;
    ledger.clear();
    leaderSinceMs = leads ? clock.nowMs() : null;
    if (leads) decide();
    else timer?.cancel();
  }

  /** Decides soon, and once more if something happened meanwhile. */
  function decide(): void {
    if (stopped || leaderSinceMs === null) return;
    if (deciding) {
      again = true;
      return;
    }
    timer?.cancel();
    deciding = true;
    round().catch((error) => {
      const problem = asProblem(error);
      const level = problem.kind === "unavailable" ? "debug" : "error";
      ports.log.write(level, "a round of the leader's duties failed", {
        problem: problem.line,
      });
    }).finally(() => {
      deciding = false;
      if (stopped || leaderSinceMs === null) return;
      timer = clock.after(again ? AGAIN_MS : ROUND_MS, decide);
      again = false;
    });
  }

  async function round(): Promise<void> {
    const wallMs = clock.wallMs();
    const { state } = store;
    const clusterId = uuidFrom(ports.random.bytes(16));
    const { members, committed } = store.members;
    await commit(planFounding(state, clusterId, members, wallMs));
    if (committed) await commit(planMonitors(state, members));
    await judge();
    for (
      const step of advanceOperations(state, ledger, clock.nowMs(), wallMs)
    ) {
      await commit(step);
    }
    await designate(wallMs);
  }

  /** Designation looks at all roles, so only when something it reads has changed. */
  async function designate(wallMs: number): Promise<void> {
    const revision = designationRevision(store.state);
    if (revision === designatedRevision) return;
    const moves = designateRoles(store.state, wallMs);
    if (moves === null) designatedRevision = revision;
    else await commit(moves);
  }

  async function judge(): Promise<void> {
    if (leaderSinceMs === null) return;
    const decisions = decideVerdicts(store.state, ledger, {
      nowMs: clock.nowMs(),
      leaderSinceMs,
      wallMs: clock.wallMs(),
    });
    for (const worker of decisions.probes) probe(worker);
    await commit(decisions.transaction);
  }

  /** Probes on the side: one silent worker must not hold up verdicts on others. */
  function probe(name: string): void {
    const worker = store.state.get<WorkerDocument>(KEYS.worker(name));
    if (worker === null) return;
    const { address, swimPort } = worker.value;
    const startedMs = clock.nowMs();
    ledger.probeStarted(name, startedMs);
    const gossip = { host: address, port: swimPort };
    pingWorker(ports, gossip, PROBE_TIMEOUT_MS, name)
      .catch(() => "silent" as const)
      .then((outcome) => {
        // The ledger may have been cleared by a change of leader meanwhile.
        if (ledger.probeOf(name)?.startedMs !== startedMs) return;
        ledger.probeEnded(name, outcome);
        decide();
      });
  }

  /** A conflict is no failure: the state moved on, and the next round decides anew. */
  async function commit(transaction: Transaction | null): Promise<void> {
    if (transaction === null) return;
    const result = await store.commit(transaction);
    if (result.kind === "conflict") again = true;
  }

  async function receiveCheckIn(checkIn: CheckIn): Promise<CheckInAnswer> {
    if (store.standing.role !== "leader" || leaderSinceMs === null) {
      throw new Problem("no-leader", "this monitor does not lead");
    }
    const { state } = store;
    const admission = ledger.isLate(checkIn)
      ? null
      : planAdmission(state, checkIn, clock.wallMs());
    // Before the commit: a round meanwhile must not judge a returning worker by old probes.
    const { fullWanted } = ledger.receive(checkIn, clock.nowMs());
    if (admission !== null) {
      const result = await store.commit(admission);
      if (result.kind === "conflict") decide();
    }
    const worker = state.get<WorkerDocument>(KEYS.worker(checkIn.worker));
    const cluster = state.get<ClusterDocument>(KEYS.cluster);
    if (worker === null || cluster === null) {
      throw new Problem(
        "no-leader",
        "the cluster is still being founded",
        "the worker tries again by itself",
        { retryAfterSeconds: 1 },
      );
    }
    const news = checkIn.bricks.length + checkIn.gone.length +
      checkIn.reports.length;
    if (news > 0) decide();
    return answer(cluster.value, worker.value, fullWanted);
  }

  function answer(
    cluster: ClusterDocument,
    worker: WorkerDocument,
    fullWanted: boolean,
  ): CheckInAnswer {
    const workers = listWorkers(store.state);
    const living = workers.map((one) => one.value).filter((one) =>
      one.verdict === "alive" && one.name !== worker.name
    );
    // Neighbours in the order of names: every worker gets others, none gets a crowd.
    const first = living.findIndex((one) => one.name > worker.name);
    const seeds = Array.from(
      { length: Math.min(SEEDS, living.length) },
      (_, at) => living[(Math.max(first, 0) + at) % living.length]!,
    );
    return {
      clusterId: cluster.id,
      revision: store.state.revision,
      leaseMs: leaseMs(workers.length),
      intervalMs: checkInIntervalMs(workers.length),
      fullWanted,
      verdict: worker.verdict,
      seeds: seeds.map((seed) => ({
        host: seed.address,
        port: seed.swimPort,
      })),
      monitors: listMonitors(store.state).map(({ value }) => ({
        host: value.address,
        port: value.apiPort,
      })),
    };
  }

  const unsubscribe = [
    store.onStanding(standingChanged),
    store.onMembers(decide),
    store.subscribe((changes) => {
      if (changes.some((change) => !change.key.startsWith(CONFIG))) decide();
    }),
  ];
  standingChanged();
  return {
    receiveCheckIn,
    stop(): void {
      stopped = true;
      timer?.cancel();
      for (const end of unsubscribe) end();
    },
  };
}
