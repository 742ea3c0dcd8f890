/**
 * Suspicion (SWIM §4.2) whose length depends on how many members suspect
 * independently (Lifeguard, "LHA-Suspicion", the dogpile): a lone accuser
 * may itself be the sick one, so it waits long; every further accuser shortens
 * the wait, down to the least.
 */

import type { Prng } from "../base/mod.ts";
import type { MemberName } from "./step.ts";

/**
 * However many hold a suspicion that has no accuser, so few of them a tick look
 * at the suspect: each tells the others what it saw before most have looked.
 */
const LOOKS_A_TICK = 4;

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
  /** So much longer waits who heard of a failure that nobody vouches for. */
  readonly deferenceTicks: number;
  /** The last look at the suspect has begun; see `last_look.ts`. */
  readonly looked: boolean;
}

/** A suspicion with the tick at which it is over, as its accusers have it now. */
interface Running extends Suspicion {
  endTick: number;
  looked: boolean;
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
  readonly #self: MemberName;
  readonly #options: SuspicionOptions;
  /** None is over before this tick. */
  #quietUntil = Infinity;

  /** `self` is who suspects here. */
  constructor(self: MemberName, options: SuspicionOptions) {
    this.#self = self;
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
    prng: Prng,
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
      deferenceTicks: prng.between(
        1,
        Math.max(ticksMin, Math.ceil(size / LOOKS_A_TICK)),
      ),
      looked: false,
    });
  }

  /** Notes another accuser; true when it is new and still shortens the wait. */
  confirm(name: MemberName, accuser: MemberName, now: number): boolean {
    const suspicion = this.#running.get(name);
    if (suspicion === undefined || suspicion.accusers.has(accuser)) {
      return false;
    }
    const isOver = now >= suspicion.startTick + suspicionTicks(suspicion);
    // Whoever missed the accusers' verdict is told by another's table, or its own eyes.
    const isMissed = accuser === name || (accuser === this.#self && isOver);
    const isEnough = suspicion.accusers.size > suspicion.confirmationsWanted;
    if (isEnough && !isMissed) return false;
    suspicion.accusers.add(accuser);
    // What oneself sees after the others' time proves nothing about then.
    if (accuser === this.#self && isOver) this.prolong(name, now);
    else this.#end(suspicion);
    return true;
  }

  /** The accusers may be wrong together, as the suspect was heard of: all begins anew, with one of them. */
  prolong(name: MemberName, now: number): void {
    const suspicion = this.#running.get(name);
    if (suspicion === undefined) return;
    const { accusers } = suspicion;
    const [first] = accusers.has(this.#self) ? [this.#self] : accusers;
    this.#run({ ...suspicion, startTick: now, accusers: new Set([first!]) });
  }

  /** Ends a suspicion: the member answered, failed or left. */
  cancel(name: MemberName): void {
    this.#running.delete(name);
  }

  /** Those that will have lasted long enough at `tick`, each until its last look has begun. */
  ending(tick: number): Suspicion[] {
    if (tick < this.#quietUntil) return [];
    this.#quietUntil = Infinity;
    const ending: Suspicion[] = [];
    for (const suspicion of this.#running.values()) {
      if (suspicion.looked) continue;
      if (tick >= suspicion.endTick) ending.push(suspicion);
      this.#quietUntil = Math.min(this.#quietUntil, suspicion.endTick);
    }
    return ending;
  }

  /** The last look at a suspect begins. */
  look(name: MemberName): void {
    this.#running.get(name)!.looked = true;
  }

  #run(suspicion: Suspicion): void {
    const running = { ...suspicion, endTick: 0, looked: false };
    this.#running.set(suspicion.name, running);
    this.#end(running);
  }

  #end(suspicion: Running): void {
    suspicion.endTick = suspicion.startTick + suspicionTicks(suspicion) +
      this.#deferenceTicks(suspicion);
    this.#quietUntil = Math.min(this.#quietUntil, suspicion.endTick);
  }

  /** What others accuse of is theirs to end; a suspicion that names the suspect for its accuser is nobody's. */
  #deferenceTicks({ name, accusers, deferenceTicks }: Suspicion): number {
    if (accusers.has(this.#self)) return 0;
    return accusers.has(name) ? deferenceTicks : Infinity;
  }
}
