/**
 * What a monitor does while it leads: it receives check-ins, pronounces
 * verdicts, moves operations on and designates roles. All decisions are the
 * planner's; this file only says when to decide, and commits what was decided.
 * Nothing here outlives the leadership: a new leader starts with an empty
 * ledger and pronounces nobody dead for one interval (DESIGN.md §4, §6).
 */

import { asProblem, Problem, uuidFrom } from "../../base/mod.ts";
import {
  type BriefCheckIn,
  type CheckIn,
  type CheckInAnswer,
  KEYS,
  type Transaction,
  type WorkerDocument,
} from "../../cluster/mod.ts";
import {
  advanceOperations,
  type CheckInLedger,
  decideVerdicts,
  planFounding,
  planMonitors,
  RecentFindings,
} from "../../planner/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import { pingWorker } from "../gossip.ts";
import { openGossipSeal } from "../gossip_seal.ts";
import { CheckInReception } from "./check_in_reception.ts";
import { RoleDuties } from "./role_duties.ts";
import type { Store } from "./store_contract.ts";

/** How often the leader looks at the clock: verdicts that rest on silence come by it. */
const ROUND_MS = 500;
/** What happens just after a round waits for the next, so that a storm of news makes few rounds. */
const REST_MS = 10;
/** A round looks at every worker: for so many the rest is a millisecond longer. */
const WORKERS_PER_REST_MS = 25;
/** Longer than this no verdict shall wait. */
const REST_MS_MAX = 100;
/** After verdicts it waits longer: when a rack dies, the first death is an entry, and the others are few. */
const REST_AFTER_VERDICTS_MS = 100;
const PROBE_TIMEOUT_MS = 500;
const PROBES_MAX = 128;
/** A leader to whom nothing happened for so long stood still itself: it has not listened. */
const PAUSE_MS = 2_000;
/** The users' own keys: nothing there calls for a decision. */
const CONFIG = KEYS.config("");

/** The leader's work of one monitor, idle while another leads. */
export interface LeaderDuties {
  /**
   * Takes in a check-in; null when nothing of the answer before has changed.
   * Throws Problem `no-leader` unless this monitor leads.
   */
  receiveCheckIn(
    checkIn: CheckIn | BriefCheckIn,
  ): Promise<CheckInAnswer | null>;
  stop(): void;
}

/** The world as the duties need it. */
type LeaderPorts = Pick<
  Ports,
  "clock" | "random" | "cipher" | "streams" | "log"
>;

/** Begins to watch whether this monitor leads; `seal`: that of the workers' gossip. */
export function startLeaderDuties(
  ports: LeaderPorts,
  store: Store,
  ledger: CheckInLedger,
  seal = openGossipSeal(ports, []),
): LeaderDuties {
  const { clock } = ports;
  /** Since when this monitor leads and has not stood still; null while it does not lead. */
  let leaderSinceMs: number | null = null;
  let stirredMs = 0;
  let stopped = false;
  let timer: Timer | null = null;
  let deciding = false;
  let again = false;
  let restUntilMs = 0;
  let probing = 0;
  const roles = new RoleDuties(ports, store, ledger);
  const findings = new RecentFindings();
  const reception = new CheckInReception({
    ports,
    store,
    ledger,
    roles,
    findings,
    news: decide,
  });

  function standingChanged(): void {
    const leads = store.standing.role === "leader";
    if (leads === (leaderSinceMs !== null)) return;
    ledger.clear();
    reception.clear();
    findings.clear();
    leaderSinceMs = leads ? clock.nowMs() : null;
    stirredMs = clock.nowMs();
    if (leads) {
      roles.begin();
      decide();
    } else timer?.cancel();
  }

  /** Called whenever something happens, and that is twice a second at least. */
  function stir(): void {
    const nowMs = clock.nowMs();
    if (leaderSinceMs !== null && nowMs - stirredMs > PAUSE_MS) {
      ports.log.write("warn", "this monitor stood still while it led", {
        pauseMs: nowMs - stirredMs,
      });
      leaderSinceMs = nowMs;
    }
    stirredMs = nowMs;
  }

  /** Decides soon, and once more if something happened meanwhile. */
  function decide(): void {
    if (stopped || leaderSinceMs === null) return;
    stir();
    if (deciding) {
      again = true;
      return;
    }
    timer?.cancel();
    const leftMs = restUntilMs - clock.nowMs();
    if (leftMs > 0) {
      timer = clock.after(leftMs, decide);
      return;
    }
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
      restUntilMs = Math.max(restUntilMs, clock.nowMs() + restMs(store));
      const isAwaited = again;
      again = false;
      if (isAwaited) decide();
      else timer = clock.after(ROUND_MS, decide);
    });
  }

  /** The members that hold something: this one, and those that said so. */
  function heard(): Set<string> {
    const { leader } = store.standing;
    const heard = store.followers.filter((one) => one.matchIndex > 0)
      .map(({ name }) => name);
    return new Set(leader === null ? heard : [leader, ...heard]);
  }

  async function round(): Promise<void> {
    const wallMs = clock.wallMs();
    const { state } = store;
    const clusterId = uuidFrom(ports.random.bytes(16));
    const { members, committed } = store.members;
    const met = heard();
    await commit(planFounding(state, clusterId, members, wallMs, met));
    if (committed) await commit(planMonitors(state, members, met));
    await judge();
    for (
      const step of advanceOperations(state, ledger, clock.nowMs(), wallMs)
    ) {
      await commit(step);
    }
    await commit(roles.plan());
  }

  async function judge(): Promise<void> {
    if (leaderSinceMs === null) return;
    const decisions = decideVerdicts(store.state, ledger, {
      nowMs: clock.nowMs(),
      leaderSinceMs,
      wallMs: clock.wallMs(),
    });
    for (const worker of decisions.probes) probe(worker);
    if (decisions.transaction === null) return;
    await commit(decisions.transaction);
    restUntilMs = clock.nowMs() + REST_AFTER_VERDICTS_MS;
  }

  /** Probes on the side: one silent worker must not hold up verdicts on others. */
  function probe(name: string): void {
    const worker = store.state.get<WorkerDocument>(KEYS.worker(name));
    // The others' turn comes when some of these have ended.
    if (worker === null || probing >= PROBES_MAX) return;
    const { address, swimPort } = worker.value;
    const startedMs = clock.nowMs();
    ledger.probeStarted(name, startedMs);
    probing++;
    const gossip = { host: address, port: swimPort };
    pingWorker(ports, gossip, PROBE_TIMEOUT_MS, name, seal)
      .catch(() => "silent" as const)
      .then((outcome) => {
        probing--;
        // The ledger may have been cleared by a change of leader meanwhile.
        if (ledger.probeOf(name)?.startedMs !== startedMs) return;
        ledger.probeEnded(name, outcome);
        if (outcome === "answered") vouchFor(name);
        decide();
      });
  }

  /** Whom others suspect, but the leader heard: its accusers are told, and itself, that it may refute. */
  function vouchFor(worker: string): void {
    const suspicion = ledger.suspicionOf(worker);
    if (suspicion === null) return;
    const { incarnation } = suspicion.word;
    const accusers = ledger.wordsAbout(worker)
      .filter(({ state }) => state !== "alive").map(({ from }) => from);
    findings.note(
      { worker, incarnation, finding: "answers" },
      clock.nowMs(),
      [worker, ...accusers],
    );
  }

  /** A conflict is no failure: the state moved on, and the next round decides anew. */
  async function commit(transaction: Transaction | null): Promise<void> {
    if (transaction === null) return;
    const result = await store.commit(transaction);
    if (result.kind === "conflict") again = true;
  }

  async function receiveCheckIn(
    checkIn: CheckIn | BriefCheckIn,
  ): Promise<CheckInAnswer | null> {
    if (store.standing.role !== "leader" || leaderSinceMs === null) {
      throw new Problem("no-leader", "this monitor does not lead");
    }
    stir();
    return await reception.receive(checkIn);
  }

  const unsubscribe = [
    store.onStanding(standingChanged),
    store.onMembers(decide),
    store.subscribe((changes) => {
      reception.changed(changes);
      findings.noteChanges(changes, clock.nowMs());
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

/** How long a round is rested from, so that rounds are a small share of the time. */
function restMs({ state }: Store): number {
  const workers = state.count(KEYS.worker(""));
  return Math.min(REST_MS + workers / WORKERS_PER_REST_MS, REST_MS_MAX);
}
