/**
 * The last events, in memory, on every monitor: out of the replicated state's
 * changes, which all of them see alike, and out of what each sees for itself
 * (who leads; at the leader, who is suspected). A monitor that starts knows
 * what its change feed still holds, and of everything older the last
 * transition, which its document tells.
 */

import { crc32c, utf8 } from "../../base/mod.ts";
import {
  type Change,
  type ClusterState,
  KEYS,
  lastTransitionOf,
  type Transition,
  transitionsOf,
  type Versioned,
  type WorkerDocument,
} from "../../cluster/mod.ts";
import { isFlapping, type Word } from "../../planner/mod.ts";
import type { Standing } from "../../raft/mod.ts";
import { EventList } from "./event_list.ts";
import {
  AFTER_REVISION,
  type EventPosition,
  formatPosition,
  type OwnPosition,
} from "./event_position.ts";
import type { ApiServices } from "./services.ts";
import { WAIT_MS_MAX } from "./wait.ts";

/** An event with its place in history. */
export interface HistoryEvent extends Transition {
  /** Its position: alike on every monitor, but for what a monitor saw for itself. */
  readonly id: string;
  readonly revision: number;
}

/** What somebody wants to hear of. */
export interface EventInterest {
  /** Only what came after this position; null for all. */
  readonly after: EventPosition | null;
  /** Only what is known to have happened since, by the wall clock; null for all. */
  readonly sinceMs: number | null;
  /** A subject or the beginning of one up to a slash, e.g. `worker`; null for all. */
  readonly subject: string | null;
}

/** Some events, oldest first. */
export interface EventPage {
  readonly events: readonly HistoryEvent[];
  /** Where to go on from. */
  readonly reached: EventPosition;
}

/** An event of the replicated state. */
interface SharedEvent extends HistoryEvent {
  /** Its place among those of its revision. */
  readonly number: number;
}

/** What this monitor saw for itself. */
interface OwnEvent extends HistoryEvent {
  readonly atMs: number;
  /** Counted from 1 in this life of the monitor. */
  readonly count: number;
  /** When, never before the one before it, wherever the clock was set meanwhile. */
  readonly seenMs: number;
}

const EVENTS_MAX = 10_000;
/**
 * Wall clocks of two monitors are taken to be no further apart: what another
 * one saw for itself so shortly before a position is told, perhaps again.
 */
const CLOCKS_APART_MS = 10_000;
/**
 * Which of its revision's events a document tells of is not known any more:
 * a client that was in the middle of them is rather told twice.
 */
const REMEMBERED_FROM = 100_000;
const OPTIONS = { isFlapping };

/** A bounded history that may be waited at. */
export class EventHistory {
  readonly #services: ApiServices;
  /** This monitor in this one of its lives. */
  readonly #observer: string;
  /** In the order of the revisions; of its own, in the order of its clock. */
  readonly #shared = new EventList<SharedEvent>(EVENTS_MAX);
  readonly #own = new EventList<OwnEvent>(EVENTS_MAX);
  #leader: string | null = null;
  /** The workers of which it was told that they are suspected, and not that they no longer are. */
  readonly #suspected = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #counts = new Map<string, number>();

  constructor(services: ApiServices) {
    this.#services = services;
    const { store, ledger, monitor, ports } = services;
    const life = `${monitor.name} ${ports.clock.wallMs()}`;
    this.#observer = crc32c(utf8(life)).toString(36);
    this.#begin(store.state);
    // What was before is for others to count.
    this.#counts.clear();
    // For as long as the monitor lives.
    store.subscribe((changes) => this.#changed(changes));
    store.onStanding((standing) => this.#standing(standing));
    this.#standing(store.standing);
    ledger.onSuspicion = (worker, word): void => this.#suspect(worker, word);
    ledger.onCleared = (worker, evidence): void => {
      const wasTold = this.#suspected.delete(worker);
      // Whoever is dead to all becomes alive for all: no word of one monitor.
      if (!wasTold || this.#presentOf(worker) === null) return;
      this.#noteOn(worker, "cleared", "is no longer suspected", evidence);
    };
    ledger.onRival = (worker, { address, hostName }): void => {
      const other = hostName === undefined ? "" : ` (${hostName})`;
      const evidence = `the machine at ${address}${other} was refused`;
      this.#noteOn(worker, "rivalled", "is claimed by another, too", evidence);
    };
  }

  /** The last `limit` events of interest, oldest first; the first ones after `after` if that is given. */
  page(interest: EventInterest, limit: number): EventPage {
    const { after, sinceMs, subject } = interest;
    const isWanted = (event: HistoryEvent): boolean =>
      (sinceMs === null || (event.atMs ?? -Infinity) >= sinceMs) &&
      isWithin(event.subject, subject);
    if (after === null) {
      const shared = this.#shared.newest(isWanted, limit);
      const own = this.#own.newest(isWanted, limit);
      const events = inOrder(shared, own).slice(-limit);
      return { events, reached: this.last };
    }
    const isOwnTold = this.#ownToldBy(after);
    const events = inOrder(
      this.#shared.first((event) => isToldBy(event, after), isWanted, limit),
      this.#own.first(isOwnTold, isWanted, limit),
    ).slice(0, limit);
    const end = this.last;
    if (events.length < limit) {
      // A monitor that lags has yet to apply what the client knows.
      return { events, reached: { ...laterOf(after, end), own: end.own } };
    }
    const count = this.#own.lastTold(isOwnTold)?.count ?? 0;
    return { events, reached: this.#after(events, after, count) };
  }

  /** How many there were since this monitor started, by kind. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** The position after everything so far. */
  get last(): EventPosition {
    const { revision, number } = this.#shared.last ?? BEGINNING;
    const count = this.#own.last?.count ?? 0;
    return { revision, number, own: this.#ownPosition(count, this.#nowMs) };
  }

  /** Calls after each event until the answered function is called. */
  onEvent(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when something of interest has happened, after `waitMs`, or when the client is gone. */
  wait(
    interest: EventInterest,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const isThere = (): boolean => this.page(interest, 1).events.length > 0;
    if (waitMs <= 0 || signal.aborted || isThere()) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = this.#services.ports.clock.after(
        Math.min(waitMs, WAIT_MS_MAX),
        end,
      );
      const stop = this.onEvent(() => isThere() && end());
      signal.addEventListener("abort", end);
    });
  }

  /** What the feed holds, and before that the last transition of each document. */
  #begin(state: ClusterState): void {
    const oldest = state.oldestRevision;
    const documents = ["workers/", "volumes/", "roles/", "monitors/"]
      .flatMap((prefix) => state.list(prefix))
      .filter(({ revision }) => revision <= oldest)
      .sort((a, b) => a.revision - b.revision || (a.key < b.key ? -1 : 1));
    this.#remember(documents);
    const changes = state.changesSince(oldest, "");
    if (changes !== "compacted") this.#changed(changes);
  }

  /** The past as far as documents tell it. */
  #remember(documents: readonly Versioned[]): void {
    let number = REMEMBERED_FROM;
    for (const document of documents) {
      for (const transition of lastTransitionOf(document, OPTIONS)) {
        this.#addShared(document.revision, number++, transition);
      }
    }
  }

  #changed(changes: readonly Change[]): void {
    let revision = -1;
    let number = 0;
    let isNew = false;
    for (const change of changes) {
      if (change.revision !== revision) number = 0;
      revision = change.revision;
      for (const transition of transitionsOf(change, OPTIONS)) {
        this.#addShared(revision, number++, transition);
        isNew = true;
      }
    }
    if (isNew) this.#tell();
  }

  #standing({ role, leader, term }: Standing): void {
    // The ledger forgets who is suspected when the leadership ends, without a word.
    if (role !== "leader") this.#suspected.clear();
    if (leader === null || leader === this.#leader) return;
    this.#leader = leader;
    this.#note({
      kind: "leader-changed",
      subject: `monitor/${leader}`,
      message: "leads",
      evidence: `elected in term ${term}`,
      atMs: null,
    });
  }

  #suspect(
    worker: string,
    { from, incarnation, state, evidence }: Word,
  ): void {
    const present = this.#presentOf(worker);
    // Gossip goes on about the dead, and a new leader hears it all anew.
    if (present === null || incarnation < present.incarnation) return;
    if (this.#suspected.has(worker)) return;
    this.#suspected.add(worker);
    const words = `${from} reported it ${state} (${evidence})`;
    this.#noteOn(worker, "suspected", "is suspected", words);
  }

  #noteOn(
    worker: string,
    what: "suspected" | "cleared" | "rivalled",
    message: string,
    evidence: string,
  ): void {
    const subject = `worker/${worker}`;
    const kind = `worker-${what}` as const;
    this.#note({ kind, subject, message, evidence, atMs: null });
  }

  /** The worker, unless it is dead, has left, or is not known. */
  #presentOf(worker: string): WorkerDocument | null {
    const { state } = this.#services.store;
    const { value } = state.get<WorkerDocument>(KEYS.worker(worker)) ??
      { value: null };
    return value?.verdict === "dead" || value?.verdict === "left"
      ? null
      : value;
  }

  #addShared(revision: number, number: number, transition: Transition): void {
    const id = formatPosition({ revision, number, own: null });
    // A time that is not known is not made up: this may be long ago.
    this.#shared.add({ ...transition, id, revision, number });
    this.#count(transition);
  }

  #note(transition: Transition): void {
    const { revision } = this.#services.store.state;
    const before = this.#own.last;
    const count = (before?.count ?? 0) + 1;
    const atMs = this.#nowMs;
    const seenMs = Math.max(atMs, before?.seenMs ?? 0);
    const own = this.#ownPosition(count, seenMs);
    const id = formatPosition({ revision, number: AFTER_REVISION, own });
    this.#own.add({ ...transition, id, revision, atMs, count, seenMs });
    this.#count(transition);
    this.#tell();
  }

  #count({ kind }: Transition): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /**
   * Which of its own observations were told up to a position. Those of another
   * life are gone and say nothing of these: then whatever happened at a later
   * revision or after the moment, by clocks that are not quite the same, was not.
   */
  #ownToldBy({ revision, own }: EventPosition): (event: OwnEvent) => boolean {
    if (own === null) return (event) => event.revision < revision;
    if (own.observer === this.#observer) {
      return ({ count }) => count <= own.count;
    }
    const sinceMs = own.atMs - CLOCKS_APART_MS;
    return (event) => event.revision <= revision && event.seenMs < sinceMs;
  }

  /** The position after a full page: `count` own observations were told before it. */
  #after(
    events: readonly HistoryEvent[],
    after: EventPosition,
    count: number,
  ): EventPosition {
    let position: Place = after;
    for (const event of events) {
      if ("count" in event) count = (event as OwnEvent).count;
      else position = laterOf(position, event as SharedEvent);
    }
    const { revision, number } = position;
    // What came later than the last one of the page is not told yet.
    const atMs = Math.max(after.own?.atMs ?? 0, events.at(-1)?.atMs ?? 0);
    return { revision, number, own: this.#ownPosition(count, atMs) };
  }

  #ownPosition(count: number, atMs: number): OwnPosition {
    return { observer: this.#observer, count, atMs };
  }

  get #nowMs(): number {
    return this.#services.ports.clock.wallMs();
  }
}

const BEGINNING: Place = { revision: 0, number: 0 };

type Place = Pick<EventPosition, "revision" | "number">;

/** True when the event was told up to a position. */
function isToldBy(event: Place, { revision, number }: Place): boolean {
  return event.revision < revision ||
    event.revision === revision && event.number <= number;
}

function laterOf(a: Place, b: Place): Place {
  return isToldBy(a, b) ? b : a;
}

/**
 * Both in one order: by time, as far as each one's own order allows, and what
 * was seen at a revision after the changes up to it, whatever the clocks say.
 */
function inOrder(
  shared: readonly SharedEvent[],
  own: readonly OwnEvent[],
): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  let at = 0;
  for (const event of own) {
    for (; at < shared.length; at++) {
      const { revision, atMs } = shared[at]!;
      if (revision > event.revision && (atMs ?? 0) >= event.atMs) break;
      events.push(shared[at]!);
    }
    events.push(event);
  }
  return [...events, ...shared.slice(at)];
}

function isWithin(subject: string, wanted: string | null): boolean {
  return wanted === null || subject === wanted ||
    subject.startsWith(`${wanted}/`);
}
