/**
 * Dissemination (SWIM §4.1): updates travel on datagrams that are sent anyway.
 * The least-sent go first, among those the newest; each is sent a limited
 * number of times, the fewer the more there are. One update a member: a newer
 * one replaces the older.
 */

import { type Claim, isLive } from "./claim.ts";
import type { MemberName, MemberState } from "./step.ts";
import { encodeClaim } from "./wire.ts";

/** What an update means: `life` is a new incarnation of a member that nobody has lost. */
type Kind = "arrival" | "suspicion" | "life" | "change";

interface Rumour {
  readonly name: MemberName;
  /** Encoded once for all its sends. */
  readonly row: Uint8Array;
  readonly kind: Kind;
  sends: number;
}

/** How many updates may fail to fit before a datagram counts as full. */
const MISFITS_MAX = 4;

/** So many updates at a time are gossip; of more, comparisons of tables bear most, and cheaper. */
export const CROWD = 64;
/**
 * Suspicions need not reach everybody: the suspect is told by its accuser, and
 * what follows is sent as often as all else. Each death without a refused port
 * makes up to four of them, which were most of its cost.
 */
const SUSPICION_SENDS_MAX = 5;
/**
 * Refutations are most of the news where all are busy. Whoever misses one looks
 * at the suspect before it gives it up, and hears it then.
 */
const LIFE_SENDS_LESS = 4;
/** What remains of an update's sends in the largest crowd. */
const SENDS_MIN = 2;

/**
 * How often each update is sent in a cluster of `size` members: `⌈ln size + margin⌉`,
 * but at most twice to each other member. When each sends it to that many at
 * random, one of them all misses it with a chance of `e^-margin`, however many
 * they are. Who is alone keeps nothing: told after a partition, it would be old.
 */
export function retransmitLimit(margin: number, size: number): number {
  const sends = Math.ceil(Math.log(size) + margin);
  return Math.max(1, Math.min(sends, 2 * (size - 1)));
}

/** Updates waiting to be passed on: at most one a member, and no more than a limit. */
export class Dissemination {
  readonly #current = new Map<MemberName, Rumour>();
  /** By number of sends; each level's newest last. Replaced rumours linger until met. */
  #levels: Rumour[][] = [[]];
  #entries = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many updates wait. */
  get size(): number {
    return this.#current.size;
  }

  /** More wait than gossip carries at a bearable price. */
  get isCrowded(): boolean {
    return this.#current.size > CROWD;
  }

  /**
   * Adds an update, in place of an earlier one about the same member, which
   * was in state `before` (null when it was unknown). In a
   * crowd two are not passed on: arrivals, which comparisons of tables bring in bulk, and suspicions: the
   * suspect is told by its accuser, and where all are busy most are wrong.
   */
  queue(claim: Claim, before: MemberState | null): void {
    const kind = kindOf(claim, before);
    if (this.isCrowded && (kind === "arrival" || kind === "suspicion")) return;
    const { name } = claim;
    const rumour = {
      name,
      row: encodeClaim(claim),
      kind,
      sends: 0,
    };
    this.#current.set(claim.name, rumour);
    if (this.#current.size > this.#limit) {
      // Of a member that the table has forgotten meanwhile, else it would not be so many.
      const [oldest] = this.#current.keys();
      this.#current.delete(oldest!);
    }
    this.#push(rumour);
    if (this.#entries > 2 * this.#current.size + 64) this.#compact();
  }

  /** Another already passes on what waits here: so much less remains to be done. */
  heard(name: MemberName): void {
    const rumour = this.#current.get(name);
    if (rumour !== undefined) rumour.sends++;
  }

  /** Encoded updates of together at most `bytes`, counted as sent; `sendsMax` is the present limit. */
  take(bytes: number, sendsMax: number): Uint8Array[] {
    const taken: Rumour[] = [];
    let room = bytes;
    let misfits = 0;
    for (const level of this.#levels) {
      const kept: Rumour[] = [];
      while (misfits < MISFITS_MAX && level.length > 0) {
        const rumour = level.pop()!;
        this.#entries--;
        if (this.#current.get(rumour.name) !== rumour) continue;
        if (rumour.row.length > room) {
          kept.push(rumour);
          misfits++;
        } else {
          taken.push(rumour);
          room -= rumour.row.length;
        }
      }
      for (const rumour of kept.reverse()) this.#push(rumour);
      if (misfits >= MISFITS_MAX) break;
    }
    const limit = Math.max(
      Math.min(SENDS_MIN, sendsMax),
      Math.floor(sendsMax * CROWD / Math.max(CROWD, this.#current.size)),
    );
    for (const rumour of taken.toReversed()) {
      rumour.sends++;
      if (rumour.sends < sendsOf(rumour, limit)) this.#push(rumour);
      else this.#current.delete(rumour.name);
    }
    return taken.map((rumour) => rumour.row);
  }

  #push(rumour: Rumour): void {
    while (this.#levels.length <= rumour.sends) this.#levels.push([]);
    this.#levels[rumour.sends]!.push(rumour);
    this.#entries++;
  }

  #compact(): void {
    this.#levels = this.#levels.map((level) =>
      level.filter((rumour) => this.#current.get(rumour.name) === rumour)
    );
    this.#entries = this.#current.size;
  }
}

function kindOf({ state }: Claim, before: MemberState | null): Kind {
  if (state === "suspect") return "suspicion";
  if (state !== "alive") return "change";
  if (before === null) return "arrival";
  return isLive(before) ? "life" : "change";
}

/** How often an update is sent where the limit of all is `limit`. */
function sendsOf({ kind }: Rumour, limit: number): number {
  switch (kind) {
    case "suspicion":
      return Math.min(limit, SUSPICION_SENDS_MAX);
    case "life":
      return Math.min(limit, Math.max(SENDS_MIN, limit - LIFE_SENDS_LESS));
    default:
      return limit;
  }
}
