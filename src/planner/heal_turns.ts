/**
 * Whose index is crawled for a subvolume. The bricks that were there when a file
 * changed all list it, so one index is enough as a rule; and where several are
 * crawled at once their daemons wait for one another's locks: three hundred files
 * of a 4+2 set that one daemon heals in half a minute were not begun after six by
 * five (measured with GlusterFS 10.3; it is the way glusterd does it).
 *
 * A daemon crawls when it starts, when a brick comes to it, and every ten minutes
 * (`cluster.heal-timeout`). What is listed between, such as what a client wrote
 * that had not found a returned brick yet, would wait for so long, though nothing
 * is in its way. So an index that gets no shorter is crawled anew; and when that is
 * in vain, too, others have their turn beside it: what is left may stand in theirs
 * only. A large directory takes its time before anything gets shorter.
 */

import type { PendingHeal } from "../cluster/mod.ts";

/** So long a crawl may get nowhere; twice as long after each time (a split brain, a brick that stays away). */
const FIRST_WAIT_MS = 10_000;
/** Who has waited so long in vain is joined by another. */
const JOINED_WAIT_MS = 40_000;
/** `cluster.heal-timeout` as it is by default. */
const LAST_WAIT_MS = 600_000;

/** One subvolume. */
interface Turn {
  /** Workers whose indexes are crawled, in the order in which they came to it. */
  crawled: readonly string[];
  healable: boolean;
  /** Of all indexes together, when they last got shorter or were crawled anew: what is fewer is progress. */
  entries: number;
  untilMs: number;
  waitMs: number;
}

/** An index that is to be crawled anew. */
export interface OverdueHeal {
  readonly scope: string;
  readonly worker: string;
}

/** What one worker remembers of the subvolumes that it heals. */
export class HealTurns {
  readonly #worker: string;
  #turns = new Map<string, Turn>();

  constructor(worker: string) {
    this.#worker = worker;
  }

  /** The workers whose indexes are crawled for a subvolume now; none when nothing is listed. */
  crawledFor(scope: string): readonly string[] {
    return this.#turns.get(scope)?.crawled ?? [];
  }

  /** Takes all that is listed now, of all subvolumes; answers what is to be crawled anew. */
  take(heals: readonly PendingHeal[], nowMs: number): OverdueHeal[] {
    const before = this.#turns;
    this.#turns = new Map();
    const overdue: OverdueHeal[] = [];
    for (const [scope, listed] of byScope(heals)) {
      const turn = this.#turnOf(before.get(scope), listed, nowMs);
      this.#turns.set(scope, turn);
      if (nowMs < turn.untilMs) continue;
      overdue.push(...turn.crawled.map((worker) => ({ scope, worker })));
      if (turn.waitMs >= JOINED_WAIT_MS) {
        const next = longest(
          listed.filter(({ worker }) => !turn.crawled.includes(worker)),
        );
        if (next !== null) turn.crawled = [...turn.crawled, next.worker];
      }
      turn.entries = entriesOf(listed);
      turn.waitMs = Math.min(2 * turn.waitMs, LAST_WAIT_MS);
      turn.untilMs = nowMs + turn.waitMs;
    }
    return overdue;
  }

  #turnOf(
    before: Turn | undefined,
    listed: readonly PendingHeal[],
    nowMs: number,
  ): Turn {
    const entries = entriesOf(listed);
    const healable = listed.some((heal) => heal.healable);
    const still =
      before?.crawled.filter((worker) =>
        listed.some((heal) => heal.worker === worker)
      ) ?? [];
    if (before === undefined || still.length === 0) {
      return begun([this.#first(listed)], healable, entries, nowMs);
    }
    // A brick has come back: what had joined in vain would be in the way.
    if (healable && !before.healable) {
      return begun(still.slice(0, 1), healable, entries, nowMs);
    }
    return entries < before.entries
      ? begun(still, healable, entries, nowMs)
      : { ...before, crawled: still, healable };
  }

  /** The longest index; this worker's own, whose daemon runs anyway, unless it lacks much. */
  #first(listed: readonly PendingHeal[]): string {
    const own = listed.find(({ worker }) => worker === this.#worker);
    const most = longest(listed)!;
    return own !== undefined && 2 * own.entries >= most.entries
      ? own.worker
      : most.worker;
  }
}

function begun(
  crawled: readonly string[],
  healable: boolean,
  entries: number,
  nowMs: number,
): Turn {
  const waitMs = FIRST_WAIT_MS;
  return { crawled, healable, entries, untilMs: nowMs + waitMs, waitMs };
}

function entriesOf(listed: readonly PendingHeal[]): number {
  return listed.reduce((sum, { entries }) => sum + entries, 0);
}

function byScope(
  heals: readonly PendingHeal[],
): Map<string, readonly PendingHeal[]> {
  const scopes = new Map<string, PendingHeal[]>();
  for (const heal of heals) {
    const listed = scopes.get(heal.scope) ?? [];
    if (listed.length === 0) scopes.set(heal.scope, listed);
    listed.push(heal);
  }
  return scopes;
}

/** The first of the longest; null of none. */
function longest(listed: readonly PendingHeal[]): PendingHeal | null {
  return listed.reduce<PendingHeal | null>(
    (most, heal) => most === null || heal.entries > most.entries ? heal : most,
    null,
  );
}
