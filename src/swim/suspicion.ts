/**
 * Suspicion (SWIM §4.2) whose length depends on how many members suspect
 * independently (Lifeguard, "LHA-Suspicion", the dogpile): a lone accuser
 * may itself be the sick one, so it waits long; every further accuser shortens
 * the wait, down to the least.
 */

import type { MemberName } from "./step.ts";

/** The knobs; see {@link import("./step.ts").SwimOptions}. */
export interface SuspicionOptions {
  readonly probeIntervalTicks: number;
  readonly suspicionMultiplier: number;
  readonly suspicionTicksMin: number;
  readonly suspicionMaxMultiplier: number;
  readonly suspicionConfirmations: number;
}

/** One suspected member. */
export interface Suspicion {
  readonly name: MemberName;
  readonly incarnation: number;
  readonly startTick: number;
  readonly ticksMin: number;
  readonly ticksMax: number;
  /** Confirmations that bring the wait down to `ticksMin`. */
  readonly confirmationsWanted: number;
  /** The first accuser included. */
  readonly accusers: Set<MemberName>;
}

/** A suspicion with the tick at which it is over, as its accusers have it now. */
interface Running extends Suspicion {
  endTick: number;
}

/** The least duration in ticks for a cluster of `size` members. */
export function suspicionTicksMin(
  options: SuspicionOptions,
  size: number,
): number {
  const scale = Math.max(1, Math.log10(size));
  return Math.max(
    options.suspicionTicksMin,
    Math.ceil(
      options.suspicionMultiplier * scale * options.probeIntervalTicks,
    ),
  );
}

/**
 * How long a suspicion lasts: `max - (max - min) · log(c + 1) / log(k + 1)` for
 * `c` confirmations of `k` wanted (Lifeguard, LHA-Suspicion).
 */
export function suspicionTicks(suspicion: Suspicion): number {
  const { ticksMin, ticksMax, confirmationsWanted } = suspicion;
  if (confirmationsWanted < 1) return ticksMin;
  const confirmations = suspicion.accusers.size - 1;
  const share = Math.log(confirmations + 1) / Math.log(confirmationsWanted + 1);
  return Math.max(
    ticksMin,
    Math.ceil(ticksMax - (ticksMax - ticksMin) * share),
  );
}

/** All running suspicions of one member. */
export class Suspicions {
  readonly #running = new Map<MemberName, Running>();
  readonly #options: SuspicionOptions;

  constructor(options: SuspicionOptions) {
    this.#options = options;
  }

  /** How many members are suspected. */
  get size(): number {
    return this.#running.size;
  }

  /** The running suspicion of a member, if any. */
  get(name: MemberName): Suspicion | undefined {
    return this.#running.get(name);
  }

  /** Begins anew; `size` counts the living members, oneself included. */
  start(
    name: MemberName,
    incarnation: number,
    accuser: MemberName,
    now: number,
    size: number,
  ): void {
    const ticksMin = suspicionTicksMin(this.#options, size);
    this.#run({
      name,
      incarnation,
      startTick: now,
      ticksMin,
      ticksMax: Math.ceil(ticksMin * this.#options.suspicionMaxMultiplier),
      // Accuser and suspect cannot confirm: a small cluster has fewer to ask.
      confirmationsWanted: Math.max(
        0,
        Math.min(this.#options.suspicionConfirmations, size - 2),
      ),
      accusers: new Set([accuser]),
    });
  }

  /** Notes another accuser; true when it is new and still shortens the wait. */
  confirm(name: MemberName, accuser: MemberName): boolean {
    const suspicion = this.#running.get(name);
    if (suspicion === undefined || suspicion.accusers.has(accuser)) {
      return false;
    }
    if (suspicion.accusers.size > suspicion.confirmationsWanted) return false;
    suspicion.accusers.add(accuser);
    suspicion.endTick = suspicion.startTick + suspicionTicks(suspicion);
    return true;
  }

  /** The monitors heard the suspect: its accusers may be wrong together, so all begins anew. */
  prolong(name: MemberName, now: number): void {
    const suspicion = this.#running.get(name);
    if (suspicion === undefined) return;
    const [first] = suspicion.accusers;
    this.#run({ ...suspicion, startTick: now, accusers: new Set([first!]) });
  }

  /** Ends a suspicion: the member answered, failed or left. */
  cancel(name: MemberName): void {
    this.#running.delete(name);
  }

  /** Those that have lasted long enough. */
  expired(now: number): Suspicion[] {
    const expired: Suspicion[] = [];
    for (const suspicion of this.#running.values()) {
      if (now >= suspicion.endTick) expired.push(suspicion);
    }
    return expired;
  }

  #run(suspicion: Suspicion): void {
    const endTick = suspicion.startTick + suspicionTicks(suspicion);
    this.#running.set(suspicion.name, { ...suspicion, endTick });
  }
}
