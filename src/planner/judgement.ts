/**
 * What the leader thinks of one worker (DESIGN.md §6): gossip's word, its own
 * probes, the worker's silence and its peers' words, weighed. Nothing here is
 * committed; `verdicts.ts` asks for every worker in turn.
 */

import { LIMITS } from "../base/mod.ts";
import type { Verdict, Versioned, WorkerDocument } from "../cluster/mod.ts";
import { checkInIntervalMs, leaseMs } from "./check_in_interval.ts";
import type {
  CheckInLedger,
  Probe,
  Suspicion,
  Word,
} from "./check_in_ledger.ts";

/** The leader's clocks. */
export interface LeaderTimes {
  /** Monotonic; the clock of the ledger. */
  readonly nowMs: number;
  /** When this monitor began to lead, on the same clock. */
  readonly leaderSinceMs: number;
  /** For people. */
  readonly wallMs: number;
}

/** A probe whose end was never noted is given up after this time. */
const PROBE_LOST_MS = 10_000;

/** How many silent probes in a row bear out a suspicion that gossip has not confirmed. */
const SILENCES_AFTER_SUSPECT = 3;

/** In large pools check-ins are rare: so many silent probes since the last one prove as much as one that is overdue. */
const SILENCES_BEFORE_OVERDUE = 5;

/** So many workers may be silent at once, or this share of all: more of them are a sign that it is the leader, or what lies between, that is slow. */
const SILENT_AT_ONCE = 4;
const SILENT_SHARE = 0.005;

/** A process that is there, paused or with its check-in on the way by another monitor, gets so many leases to be heard from. */
const PRESENT_LEASES = 2;

/** How late a check-in may be on its way. */
const OVERDUE_GRACE_MS = 250;

/** So late it calls for a look at the worker's port, whatever gossip says: where many die or all are busy, gossip may need longer to come by. */
const OVERDUE_LOOK_MS = 500;

/** A verdict, and what it rests on, for people. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly evidence: string;
}

/** What is to be done about a worker: judge it, probe it, or nothing; `look`: a probe that can wait for a later round. */
export type Opinion = Judgement | "probe" | "look" | null;

/** What all opinions of one round rest on. */
export interface Round extends LeaderTimes {
  readonly ledger: CheckInLedger;
  readonly intervalMs: number;
  readonly leaseMs: number;
  /** True when silence proves nothing before a worker's lease is over; looked for once, when somebody is silent. */
  readonly isHushed: () => boolean;
}

/** The round that begins now. */
export function roundAt(
  workers: readonly Versioned<WorkerDocument>[],
  ledger: CheckInLedger,
  times: LeaderTimes,
): Round {
  let hushed: boolean | null = null;
  return {
    ...times,
    ledger,
    intervalMs: checkInIntervalMs(workers.length),
    leaseMs: leaseMs(workers.length),
    isHushed: () => hushed ??= areManySilent(workers, ledger),
  };
}

/** Of a worker that is alive or unreachable; the others decide by checking in. */
export function opinionOn(worker: WorkerDocument, round: Round): Opinion {
  const suspicion = round.ledger.suspicionOf(worker.name);
  return suspicion === null || suspicion.word.incarnation < worker.incarnation
    ? opinionBySilence(worker, round)
    : opinionBySuspicion(worker, suspicion, round);
}

/** Gossip speaks against the worker: the leader's probes since then decide. */
function opinionBySuspicion(
  worker: WorkerDocument,
  suspicion: Suspicion,
  round: Round,
): Opinion {
  const { word } = suspicion;
  const probe = round.ledger.probeOf(worker.name);
  if (probe === null || probe.startedMs < suspicion.sinceMs) return "probe";
  if (probe.outcome === null) return probeUnlessUnderWay(probe, round);
  if (probe.outcome === "answered") {
    return probe.startedMs < suspicion.lastMs
      ? "probe"
      : opinionBySilence(worker, round);
  }
  // A mere suspicion and one lost packet are not proof; a refused port is.
  const enough = word.state === "failed" ? 1 : SILENCES_AFTER_SUSPECT;
  const isBorneOut = probe.outcome === "refused" ||
    probe.silences >= enough &&
      bearsOut(probe, worker, suspicion, round);
  if (!isBorneOut) {
    // Whoever is out of touch for a lease is so, whatever becomes of the suspicion.
    const isSeen = probe.outcome === "silent" && worker.verdict === "alive" &&
      round.isHushed() && witnessFor(worker, round) !== undefined;
    return (isSeen ? opinionBySilence(worker, round) : null) ?? "probe";
  }
  const heard = word.state === "failed" ? "failed" : "suspect";
  return death(
    `${word.from} reported it ${heard} (${word.evidence}), ` +
      `and the leader's probe ${outcomeText(probe)}`,
    round,
  );
}

/**
 * One lost packet makes a probe silent; but whoever is well checks in at every
 * interval. When many are silent at once, whole leases must be over, and those
 * that gossip can still reach have had the time to refute it. What is merely
 * suspected then, while a peer sees the worker alive, is left to the witness for
 * a lease: in a storm an accuser or two are soon found for anybody.
 */
function bearsOut(
  { outcome, silences }: Probe,
  worker: WorkerDocument,
  { word, sinceMs }: Suspicion,
  round: Round,
): boolean {
  const forMs = round.nowMs - lastSeenMs(worker.name, round);
  if (outcome === "hung") return forMs > PRESENT_LEASES * round.leaseMs;
  if (round.isHushed()) {
    const isDoubted = word.state === "suspect" &&
      witnessFor(worker, round) !== undefined;
    const refutingMs = isDoubted ? round.leaseMs : round.intervalMs;
    return forMs > round.leaseMs && round.nowMs - sinceMs > refutingMs;
  }
  return silences >= SILENCES_BEFORE_OVERDUE ||
    forMs > round.intervalMs + OVERDUE_GRACE_MS;
}

/** True while more workers are suspected and silent than die in one moment. */
function areManySilent(
  workers: readonly Versioned<WorkerDocument>[],
  ledger: CheckInLedger,
): boolean {
  const most = Math.max(SILENT_AT_ONCE, SILENT_SHARE * workers.length);
  let silent = 0;
  for (const { value: { name, verdict } } of workers) {
    if (verdict === "dead" || verdict === "left") continue;
    if (ledger.suspicionOf(name) === null) continue;
    if ((ledger.probeOf(name)?.silences ?? 0) > 0) silent++;
    if (silent > most) return true;
  }
  return false;
}

/** The last check-in, or since when this leader would have had one. */
export function lastSeenMs(worker: string, round: Round): number {
  const checkInMs = round.ledger.lastCheckInMs(worker) ?? -Infinity;
  return Math.max(checkInMs, round.leaderSinceMs);
}

/** Nothing was heard against the worker, but is anything heard from it? */
function opinionBySilence(worker: WorkerDocument, round: Round): Opinion {
  const { ledger, nowMs } = round;
  const seenMs = lastSeenMs(worker.name, round);
  // By far most: each round comes by here once for every worker.
  if (nowMs - seenMs <= round.intervalMs + OVERDUE_LOOK_MS) return null;
  const checkInMs = ledger.lastCheckInMs(worker.name);
  const silence = checkInMs === null
    ? `no check-in since this leader began ${seconds(nowMs - seenMs)} ago`
    : `no check-in for ${seconds(nowMs - checkInMs)}`;
  const probe = ledger.probeOf(worker.name);
  if (nowMs - seenMs <= round.leaseMs) {
    if (probe === null || probe.startedMs <= seenMs) return "look";
    // Its process is gone. All else may pass before the lease is over.
    if (probe.outcome === "refused") {
      return death(`${silence}, and the leader's probe was refused`, round);
    }
    // What is silent now need not be asked as often once gossip has its word.
    const asked = probe.outcome !== "silent" ||
      probe.silences >= SILENCES_AFTER_SUSPECT;
    return asked ? null : "look";
  }
  // What was seen earlier may have passed.
  const fresh = probe !== null &&
    probe.startedMs > seenMs + round.leaseMs &&
    nowMs - probe.startedMs <= round.leaseMs;
  if (!fresh || probe.outcome === null) {
    return probeUnlessUnderWay(fresh ? probe : null, round);
  }
  const mayComeBy = nowMs - seenMs <= PRESENT_LEASES * round.leaseMs;
  if (probe.outcome === "answered") {
    return mayComeBy
      ? null
      : unreachable(`${silence}, but it answers the leader's probe`);
  }
  if (probe.outcome === "hung" && mayComeBy) return "probe";
  const witness = probe.outcome === "refused"
    ? undefined
    : witnessFor(worker, round);
  return witness === undefined
    ? death(`${silence}, and the leader's probe ${outcomeText(probe)}`, round)
    : unreachable(`${silence}, but ${witness.from} sees it alive`);
}

/**
 * A peer in touch with the monitors whose last word of the worker is good. It
 * may not have heard of a refutation yet; but it would have said so had it lost
 * sight of the worker, so a word of the same start will do.
 */
function witnessFor(worker: WorkerDocument, round: Round): Word | undefined {
  const { ledger, nowMs } = round;
  const start = startOf(presentIncarnation(worker, ledger));
  return ledger.wordsAbout(worker.name).findLast((word) => {
    const heardMs = ledger.lastCheckInMs(word.from) ?? -Infinity;
    return word.state === "alive" && startOf(word.incarnation) >= start &&
      nowMs - heardMs <= round.leaseMs;
  });
}

/** Which start of the worker an incarnation belongs to. */
function startOf(incarnation: number): number {
  return Math.floor(incarnation / LIMITS.incarnationsPerStart);
}

/** The highest that is known of: the ledger may be ahead of the document. */
export function presentIncarnation(
  worker: WorkerDocument,
  ledger: CheckInLedger,
): number {
  return Math.max(worker.incarnation, ledger.incarnationOf(worker.name));
}

function probeUnlessUnderWay(probe: Probe | null, round: Round): Opinion {
  const underWay = probe !== null && probe.outcome === null &&
    round.nowMs - probe.startedMs < PROBE_LOST_MS;
  return underWay ? null : "probe";
}

/** Nobody is pronounced dead before the leader has listened for one interval. */
function death(evidence: string, round: Round): Opinion {
  const listened = round.nowMs - round.leaderSinceMs >= round.intervalMs;
  return listened ? { verdict: "dead", evidence } : null;
}

function unreachable(evidence: string): Judgement {
  return { verdict: "unreachable", evidence };
}

function outcomeText(probe: Probe): string {
  if (probe.outcome === "refused") return "was refused";
  return probe.outcome === "hung"
    ? "was accepted, but not answered"
    : "got no answer";
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
