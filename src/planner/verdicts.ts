/**
 * Who lives (DESIGN.md §6). Gossip's word only makes a worker suspected; the
 * leader's own probe decides. Driven by `runtime/leader_duties`: after each
 * round it starts the probes asked for, notes their outcome in the ledger and
 * asks again; it commits one transaction at a time. A transaction rests on the
 * revision of every worker it judges, so no transition is committed twice.
 */

import { LIMITS } from "../base/mod.ts";
import {
  type ClusterState,
  listWorkers,
  type Transaction,
  type Versioned,
  type WorkerDocument,
} from "../cluster/mod.ts";
import type { CheckInLedger } from "./check_in_ledger.ts";
import {
  type Judgement,
  lastSeenMs,
  type LeaderTimes,
  opinionOn,
  presentIncarnation,
  type Round,
  roundAt,
} from "./judgement.ts";
import { STEADY_MS } from "./worker_fitness.ts";

/** What follows from the state and the ledger now. */
export interface VerdictDecisions {
  /** Workers to probe directly, now; sorted. */
  readonly probes: readonly string[];
  /** All transitions of this round, or null. */
  readonly transaction: Transaction | null;
}

/** At most so many of those that are overdue are looked at in a round: first who was looked at least, then who has been silent longest. */
const OVERDUE_LOOKS = 8;

/** Decides on every worker that is alive or unreachable; the others decide by checking in. */
export function decideVerdicts(
  state: ClusterState,
  ledger: CheckInLedger,
  times: LeaderTimes,
): VerdictDecisions {
  const workers = listWorkers(state);
  const round = roundAt(workers, ledger, times);
  const probes: string[] = [];
  const looks: string[] = [];
  const judged: { worker: Versioned<WorkerDocument>; by: Judgement }[] = [];
  const steady: Versioned<WorkerDocument>[] = [];
  for (const worker of workers) {
    const { verdict, name } = worker.value;
    if (verdict === "dead" || verdict === "left") continue;
    const opinion = opinionOn(worker.value, round);
    if (opinion === "probe") probes.push(name);
    else if (opinion === "look") looks.push(name);
    else if (
      opinion !== null && opinion.verdict !== verdict &&
      judged.length < LIMITS.transactionOperations
    ) judged.push({ worker, by: opinion });
    else if (opinion === null && isSteady(worker.value, round)) {
      steady.push(worker);
    }
  }
  // What is forgotten can wait for a round in which nobody is judged.
  const transaction = judged.length > 0
    ? pronounce(judged, ledger, times.wallMs)
    : steady.length > 0
    ? forgetFalls(steady.slice(0, LIMITS.transactionOperations))
    : null;
  const silencesOf = (name: string) => ledger.probeOf(name)?.silences ?? 0;
  looks.sort((a, b) =>
    silencesOf(a) - silencesOf(b) ||
    lastSeenMs(a, round) - lastSeenMs(b, round)
  );
  probes.push(...looks.slice(0, OVERDUE_LOOKS));
  return { probes: probes.sort(), transaction };
}

/** Its falls are forgotten once it has been in touch for long, as this leader knows by its own clock. */
function isSteady(worker: WorkerDocument, round: Round): boolean {
  if (worker.verdict !== "alive" || worker.falls === undefined) return false;
  const arrivedMs = round.ledger.arrivedMs(worker.name) ?? -Infinity;
  const sinceMs = Math.max(arrivedMs, round.leaderSinceMs);
  return round.nowMs - sinceMs >= STEADY_MS;
}

function forgetFalls(
  steady: readonly Versioned<WorkerDocument>[],
): Transaction {
  return {
    version: 1,
    preconditions: steady.map(({ key, revision }) => ({
      kind: "revision",
      key,
      revision,
    })),
    writes: steady.map(({ key, value: { falls: _, ...value } }) => ({
      kind: "put",
      key,
      value,
    })),
    idempotency: null,
  };
}

function pronounce(
  judged: readonly {
    readonly worker: Versioned<WorkerDocument>;
    readonly by: Judgement;
  }[],
  ledger: CheckInLedger,
  wallMs: number,
): Transaction {
  return {
    version: 1,
    preconditions: judged.map(({ worker }) => ({
      kind: "revision",
      key: worker.key,
      revision: worker.revision,
    })),
    writes: judged.map(({ worker: { key, value }, by }) => ({
      kind: "put",
      key,
      value: {
        ...value,
        // A return needs a higher one than any that may still be under way.
        incarnation: presentIncarnation(value, ledger),
        verdict: by.verdict,
        verdictAtMs: wallMs,
        evidence: by.evidence,
        // From unreachable to dead it falls no deeper.
        ...(value.verdict === "alive" && by.verdict !== "alive"
          ? { falls: (value.falls ?? 0) + 1 }
          : {}),
      },
    })),
    idempotency: null,
  };
}
