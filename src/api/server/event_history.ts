/**
 * The last events, in memory, on every monitor: out of the replicated state's
 * changes, which all of them see alike, and out of what each sees for itself
 * (who leads; at the leader, who is suspected). A monitor that starts knows
 * what its change feed still holds, and of everything older the last
 * transition, which its document tells.
 */

import {
  type Change,
  type ClusterState,
  lastTransitionOf,
  type Transition,
  transitionsOf,
  type Versioned,
} from "../../cluster/mod.ts";
import { isFlapping } from "../../planner/mod.ts";
import type { Standing } from "../../raft/mod.ts";
import type { ApiServices } from "./services.ts";
import { WAIT_MS_MAX } from "./wait.ts";

/** An event with its place in history. */
export interface HistoryEvent extends Transition {
  /** `REVISION.NUMBER`; what a monitor saw for itself has a number above all of its revision's. */
  readonly id: string;
  readonly revision: number;
  readonly atMs: number;
}

/** What somebody wants to hear of. */
export interface EventInterest {
  /** Only after this event; null for all. */
  readonly after: string | null;
  /** Only what happened since, by the wall clock; null for all. */
  readonly sinceMs: number | null;
  /** A subject or the beginning of one up to a slash, e.g. `worker`; null for all. */
  readonly subject: string | null;
}

const EVENTS_MAX = 10_000;
/** Own observations are numbered from here, so that they come after the revision's changes. */
const OWN_FROM = 1_000_000;
const OPTIONS = { isFlapping };

/** A bounded history that may be waited at. */
export class EventHistory {
  readonly #services: ApiServices;
  /** Oldest first; from `#head` on. */
  #events: HistoryEvent[] = [];
  #head = 0;
  #ownNumber = OWN_FROM;
  #leader: string | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #counts = new Map<string, number>();

  constructor(services: ApiServices) {
    this.#services = services;
    const { store, ledger } = services;
    this.#begin(store.state);
    // What was before is for others to count.
    this.#counts.clear();
    // For as long as the monitor lives.
    store.subscribe((changes) => this.#changed(changes));
    store.onStanding((standing) => this.#standing(standing));
    this.#standing(store.standing);
    ledger.onSuspicion = (worker, { from, state, evidence }): void =>
      this.#note({
        kind: "worker-suspected",
        subject: `worker/${worker}`,
        message: "is suspected",
        evidence: `${from} reported it ${state} (${evidence})`,
        atMs: null,
      });
  }

  /** The last `limit` events of interest, oldest first; the first ones after `after` if that is given. */
  list(interest: EventInterest, limit: number): HistoryEvent[] {
    const from = interest.after === null
      ? this.#head
      : this.#after(interest.after);
    const isWanted = ({ atMs, subject }: HistoryEvent): boolean =>
      (interest.sinceMs === null || atMs >= interest.sinceMs) &&
      isWithin(subject, interest.subject);
    const found: HistoryEvent[] = [];
    if (interest.after !== null) {
      for (let at = from; at < this.#events.length; at++) {
        if (found.length >= limit) break;
        if (isWanted(this.#events[at]!)) found.push(this.#events[at]!);
      }
      return found;
    }
    for (let at = this.#events.length - 1; at >= from; at--) {
      if (found.length >= limit) break;
      if (isWanted(this.#events[at]!)) found.push(this.#events[at]!);
    }
    return found.reverse();
  }

  /** How many there were since this monitor started, by kind. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** The latest event's place; where to go on from when nothing has happened yet. */
  get last(): string {
    return this.#events.at(-1)?.id ?? "0.0";
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
    const isThere = (): boolean => this.list(interest, 1).length > 0;
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
    for (const document of documents) this.#remember(document);
    const changes = state.changesSince(oldest, "");
    if (changes !== "compacted") this.#changed(changes);
  }

  #remember(document: Versioned): void {
    lastTransitionOf(document, OPTIONS).forEach((transition, number) =>
      this.#add(document.revision, number, transition)
    );
  }

  #changed(changes: readonly Change[]): void {
    let revision = -1;
    let number = 0;
    const before = this.#events.length;
    for (const change of changes) {
      if (change.revision !== revision) number = 0;
      revision = change.revision;
      for (const transition of transitionsOf(change, OPTIONS)) {
        this.#add(revision, number++, transition);
      }
    }
    if (this.#events.length !== before) this.#tell();
  }

  #standing({ leader, term }: Standing): void {
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

  #note(transition: Transition): void {
    const { revision } = this.#services.store.state;
    this.#add(revision, this.#ownNumber++, transition);
    this.#tell();
  }

  #add(revision: number, number: number, transition: Transition): void {
    const { clock } = this.#services.ports;
    const atMs = transition.atMs ?? clock.wallMs();
    const id = `${revision}.${number}`;
    this.#events.push({ ...transition, id, revision, atMs });
    const { kind } = transition;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#events.length - this.#head <= EVENTS_MAX) return;
    this.#head++;
    if (this.#head < EVENTS_MAX) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Where the events after this one begin. */
  #after(id: string): number {
    const [revision, number] = partsOf(id);
    let at = this.#events.length;
    while (at > this.#head) {
      const [otherRevision, otherNumber] = partsOf(this.#events[at - 1]!.id);
      const isLater = otherRevision > revision ||
        otherRevision === revision && otherNumber > number;
      if (!isLater) break;
      at--;
    }
    return at;
  }
}

function partsOf(id: string): [revision: number, number: number] {
  const [revision, number] = id.split(".");
  return [Number(revision), Number(number)];
}

function isWithin(subject: string, wanted: string | null): boolean {
  return wanted === null || subject === wanted ||
    subject.startsWith(`${wanted}/`);
}
