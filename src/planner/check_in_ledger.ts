/**
 * The leader's soft state: who checked in when, what they see of their bricks,
 * what they report of one another, and how direct probes ended. Never in the
 * log, lost with the leadership, rebuilt within one interval. Bounded by the
 * number of workers and of their bricks.
 */

import { assert } from "../base/mod.ts";
import {
  type BrickObservation,
  type BriefCheckIn,
  type CheckIn,
  KEYS,
  type Report,
  type Rival,
  type RoleObservation,
} from "../cluster/mod.ts";

/** How a direct probe ended; `refused`: the host is up, the process is gone. */
export type ProbeOutcome = "answered" | "refused" | "hung" | "silent";

/** The leader's last direct probe of a worker. */
export interface Probe {
  readonly startedMs: number;
  /** Null while it is under way. */
  readonly outcome: ProbeOutcome | null;
  /** Silent probes in a row up to this one, with no sign of life in between. */
  readonly silences: number;
}

/** A report with where and when it came from. */
export interface Word {
  readonly from: string;
  readonly incarnation: number;
  readonly state: Report["state"];
  readonly evidence: string;
  readonly atMs: number;
}

/** What speaks against a worker since its last check-in. */
export interface Suspicion {
  /** When the first word against it came, and when the last. */
  readonly sinceMs: number;
  readonly lastMs: number;
  /** The gravest of them: `failed` rather than `suspect`. */
  readonly word: Word;
}

interface Entry {
  lastCheckInMs: number | null;
  arrivedMs: number | null;
  incarnation: number;
  /** The worker's permanent identifier: another machine under its name begins anew. */
  id: string;
  bootId: string;
  /** Of the last check-in. */
  sequence: number;
  revision: number;
  /** The last check-in that described the worker, without what it reported; null before the first. */
  described: CheckIn | null;
  /** The last check-in said goodbye. */
  left: boolean;
  /** The observations are complete: a full report came, and deltas since. */
  complete: boolean;
  readonly observations: Map<string, BrickObservation>;
  /** By the key of the role. */
  readonly roles: Map<string, RoleObservation>;
  /** The latest word of each of the last few reporters about this worker, oldest first. */
  readonly words: Map<string, Word>;
  suspicion: Suspicion | null;
  /** The highest incarnation in which it was seen alive, by itself or by others. */
  aliveIncarnation: number;
  probe: Probe | null;
}

const REPORTERS_MAX = 8;
/** Reports may name anybody; beyond this many names only known ones are noted. */
const ENTRIES_MAX = 20_000;

/** What the leader learns from check-ins and probes. Times are its monotonic clock. */
export class CheckInLedger {
  readonly #entries = new Map<string, Entry>();
  readonly #operationsSeenMs = new Map<string, number>();
  /** Told of the first word against a worker, or against a later incarnation, since it was last well. */
  onSuspicion: (worker: string, word: Word) => void = () => {};
  /** Told that nothing is held against a worker any more, and why. */
  onCleared: (worker: string, evidence: string) => void = () => {};
  /** Told that another machine asked for a worker's name, and was refused. */
  onRival: (worker: string, rival: Rival) => void = () => {};

  /**
   * The whole check-in that a brief one stands for; null when it rests on one
   * that did not come here.
   */
  expand(brief: BriefCheckIn): CheckIn | null {
    const entry = this.#entries.get(brief.worker);
    const described = entry?.described ?? null;
    if (described === null || described.bootId !== brief.bootId) return null;
    // Built by name: what else a brief one may carry is not believed.
    const { sequence, incarnation, revision } = brief;
    const health = brief.health ?? described.health;
    return {
      ...described,
      sequence,
      incarnation,
      revision,
      ...(health === undefined ? {} : { health }),
    };
  }

  /**
   * Takes in a check-in that was admitted. Answers whether the next one must be
   * full: this leader does not know all of the worker's bricks.
   */
  receive(checkIn: CheckIn, nowMs: number): { fullWanted: boolean } {
    const before = this.#entries.get(checkIn.worker)?.id ?? "";
    // What was known is about the machine that had the name.
    if (before !== "" && before !== checkIn.id) this.forget(checkIn.worker);
    const entry = this.#entryOf(checkIn.worker);
    if (this.isLate(checkIn)) return { fullWanted: !entry.complete };
    const rebooted = entry.bootId !== checkIn.bootId;
    if (checkIn.full || rebooted) {
      entry.observations.clear();
      entry.roles.clear();
      entry.complete = checkIn.full;
    } else if (checkIn.sequence > entry.sequence + 1) {
      // Another leader took in what lies between: these changes rest on it.
      entry.complete = false;
    }
    entry.sequence = checkIn.sequence;
    entry.lastCheckInMs = nowMs;
    const sign = checkIn.leaving ? "it said goodbye" : "it checked in";
    this.#clear(checkIn.worker, entry, sign);
    if (entry.probe !== null) entry.probe = { ...entry.probe, silences: 0 };
    entry.aliveIncarnation = Math.max(
      entry.aliveIncarnation,
      checkIn.incarnation,
    );
    entry.incarnation = checkIn.incarnation;
    entry.id = checkIn.id;
    entry.bootId = checkIn.bootId;
    entry.revision = checkIn.revision;
    entry.left = checkIn.leaving;
    entry.described = {
      ...checkIn,
      full: false,
      bricks: [],
      gone: [],
      reports: [],
      roles: [],
      rolesGone: [],
      leaving: false,
    };
    const own = KEYS.bricksOf(checkIn.worker);
    for (const observation of checkIn.bricks) {
      if (observation.key.startsWith(own)) {
        entry.observations.set(observation.key, observation);
      }
    }
    for (const key of checkIn.gone) entry.observations.delete(key);
    for (const role of checkIn.roles ?? []) entry.roles.set(role.key, role);
    for (const key of checkIn.rolesGone ?? []) entry.roles.delete(key);
    for (const report of checkIn.reports) {
      this.#note(checkIn.worker, report, nowMs);
    }
    return { fullWanted: !entry.complete };
  }

  /**
   * True for what was overtaken by a later check-in, of the same boot or of a
   * later one. One that comes again is not late: its answer took too long, and
   * the worker tells another monitor the same, still alive.
   */
  isLate(checkIn: CheckIn): boolean {
    const entry = this.#entries.get(checkIn.worker);
    if (entry === undefined || entry.id !== checkIn.id) return false;
    return checkIn.bootId === entry.bootId
      ? checkIn.sequence < entry.sequence
      : checkIn.incarnation < entry.incarnation;
  }

  /** What the worker last said of a brick; null when nothing (yet). */
  observationOf(brickKey: string): BrickObservation | null {
    const worker = brickKey.split("/", 2)[1] ?? "";
    return this.#entries.get(worker)?.observations.get(brickKey) ?? null;
  }

  /** Everything the worker last said of its bricks, in the order it came. */
  observationsOf(worker: string): BrickObservation[] {
    return [...this.#entries.get(worker)?.observations.values() ?? []];
  }

  /** What the worker last said of a role; null when it has nothing to do with it, or nothing was heard. */
  roleOf(worker: string, roleKey: string): RoleObservation | null {
    return this.#entries.get(worker)?.roles.get(roleKey) ?? null;
  }

  /** Everything the worker last said of roles. */
  rolesOf(worker: string): RoleObservation[] {
    return [...this.#entries.get(worker)?.roles.values() ?? []];
  }

  /** True when the worker's last word was goodbye. */
  hasLeft(worker: string): boolean {
    return this.#entries.get(worker)?.left ?? false;
  }

  /** The identifier of the machine that last checked in under the name; "" when none has. */
  idOf(worker: string): string {
    return this.#entries.get(worker)?.id ?? "";
  }

  /** True once a full report came, so that a missing observation means a missing brick. */
  knowsBricksOf(worker: string): boolean {
    return this.#entries.get(worker)?.complete ?? false;
  }

  /** When the worker last checked in here; null when it has not. */
  lastCheckInMs(worker: string): number | null {
    return this.#entries.get(worker)?.lastCheckInMs ?? null;
  }

  /** The incarnation of the last check-in; 0 when there was none. */
  incarnationOf(worker: string): number {
    return this.#entries.get(worker)?.incarnation ?? 0;
  }

  /** The revision of the desired state that the worker acts on; -1 when unknown. */
  revisionOf(worker: string): number {
    return this.#entries.get(worker)?.revision ?? -1;
  }

  /** Notes that the worker came, or came back. */
  noteArrival(worker: string, nowMs: number): void {
    this.#entryOf(worker).arrivedMs = nowMs;
  }

  /** When the worker last came here; null when it did not since this leader began. */
  arrivedMs(worker: string): number | null {
    return this.#entries.get(worker)?.arrivedMs ?? null;
  }

  /** How well the worker says it is: 0 is well; null when unknown. */
  healthOf(worker: string): number | null {
    return this.#entries.get(worker)?.described?.health ?? null;
  }

  /** The latest words of others about a worker, oldest first. */
  wordsAbout(worker: string): Word[] {
    return [...this.#entries.get(worker)?.words.values() ?? []];
  }

  /** What others hold against the worker's present incarnation; null after a check-in or a refutation. */
  suspicionOf(worker: string): Suspicion | null {
    return this.#entries.get(worker)?.suspicion ?? null;
  }

  /** Notes that a direct probe was sent. */
  probeStarted(worker: string, nowMs: number): void {
    const entry = this.#entryOf(worker);
    const silences = entry.probe?.silences ?? 0;
    entry.probe = { startedMs: nowMs, outcome: null, silences };
  }

  /** Notes how the probe that was under way ended. */
  probeEnded(worker: string, outcome: ProbeOutcome): void {
    const probe = this.#entries.get(worker)?.probe ?? null;
    // Forgotten meanwhile: the leadership changed.
    if (probe === null) return;
    const isSilent = outcome === "silent" || outcome === "hung";
    const silences = isSilent ? probe.silences + 1 : 0;
    this.#entryOf(worker).probe = { ...probe, outcome, silences };
  }

  /** The last probe of a worker, under way or ended. */
  probeOf(worker: string): Probe | null {
    return this.#entries.get(worker)?.probe ?? null;
  }

  /** When this leader first saw the operation run: its bound counts from then. */
  operationSeenMs(operation: string, nowMs: number): number {
    const seenMs = this.#operationsSeenMs.get(operation);
    if (seenMs !== undefined) return seenMs;
    this.#operationsSeenMs.set(operation, nowMs);
    return nowMs;
  }

  /** Forgets operations that do not run any more. */
  keepOperations(running: ReadonlySet<string>): void {
    for (const operation of this.#operationsSeenMs.keys()) {
      if (!running.has(operation)) this.#operationsSeenMs.delete(operation);
    }
  }

  /** Forgets a worker, e.g. one that was removed. */
  forget(worker: string): void {
    const entry = this.#entries.get(worker);
    if (entry === undefined) return;
    this.#entries.delete(worker);
    this.#clear(worker, entry, "that was the machine before it");
  }

  /** Forgets everything: the leadership ended or began. */
  clear(): void {
    this.#entries.clear();
    this.#operationsSeenMs.clear();
  }

  #entryOf(worker: string): Entry {
    const known = this.#entries.get(worker);
    if (known !== undefined) return known;
    const entry: Entry = {
      lastCheckInMs: null,
      arrivedMs: null,
      incarnation: 0,
      id: "",
      bootId: "",
      sequence: 0,
      revision: -1,
      described: null,
      left: false,
      complete: false,
      observations: new Map(),
      roles: new Map(),
      words: new Map(),
      suspicion: null,
      aliveIncarnation: 0,
      probe: null,
    };
    this.#entries.set(worker, entry);
    return entry;
  }

  #clear(worker: string, entry: Entry, evidence: string): void {
    const { suspicion, probe } = entry;
    if (suspicion === null) return;
    entry.suspicion = null;
    const answered = probe?.outcome === "answered" &&
      probe.startedMs >= suspicion.sinceMs;
    this.onCleared(
      worker,
      answered ? `it answered the leader's probe, and ${evidence}` : evidence,
    );
  }

  #note(from: string, report: Report, nowMs: number): void {
    if (report.worker === from) return;
    if (
      !this.#entries.has(report.worker) && this.#entries.size >= ENTRIES_MAX
    ) return;
    const entry = this.#entryOf(report.worker);
    const { incarnation, state, evidence } = report;
    const word = { from, incarnation, state, evidence, atMs: nowMs };
    // Deleted first, so that the order is that of the latest words.
    entry.words.delete(from);
    entry.words.set(from, word);
    if (state === "alive") {
      entry.aliveIncarnation = Math.max(entry.aliveIncarnation, incarnation);
      // Only a higher incarnation refutes (SWIM §4.2).
      if (incarnation > (entry.suspicion?.word.incarnation ?? Infinity)) {
        this.#clear(report.worker, entry, `${from} heard it refute that`);
      }
    } else if (state !== "left" && incarnation >= entry.aliveIncarnation) {
      if (incarnation > (entry.suspicion?.word.incarnation ?? -1)) {
        this.onSuspicion(report.worker, word);
      }
      entry.suspicion = strengthened(entry.suspicion, word);
    }
    if (entry.words.size > REPORTERS_MAX) {
      entry.words.delete(leastWorthy(entry));
    }
  }
}

function strengthened(suspicion: Suspicion | null, word: Word): Suspicion {
  const lastMs = word.atMs;
  if (
    suspicion === null || word.incarnation > suspicion.word.incarnation
  ) return { sinceMs: lastMs, lastMs, word };
  const graver = word.state === "failed" && suspicion.word.state === "suspect";
  return { ...suspicion, lastMs, word: graver ? word : suspicion.word };
}

/**
 * The reporter to forget: the oldest whose accusation was refuted, else the
 * oldest that sees nothing wrong, else the oldest. Who accuses at first hand
 * need not be one of those who report what gossip says, and so never takes it
 * back: after a partition that healed there would be no witness left.
 */
function leastWorthy({ words, aliveIncarnation }: Entry): string {
  const all = [...words.values()];
  const word =
    all.find(({ state, incarnation }) =>
      state !== "alive" && incarnation < aliveIncarnation
    ) ?? all.find(({ state }) => state === "alive") ?? all[0];
  assert(word !== undefined, "there is a word to forget");
  return word.from;
}
