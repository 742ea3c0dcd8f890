/**
 * What goes wrong in a run, and when: a schedule that is drawn before the run
 * begins, one fault after the other, each undone after a while, several at a
 * time, until the safety phase ends and everything is healed.
 */

import { Prng } from "../../src/base/mod.ts";
import { Harm, type Targets } from "./harm.ts";
import { PLAIN_NETWORK } from "./network.ts";
import type { Node } from "./node.ts";
import type { Fault, Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

/** One fault of a schedule; all that it does follows from its seed and the world. */
export interface Scheduled {
  /** Counts from 1. */
  readonly number: number;
  /** After the safety phase began. */
  readonly atMs: number;
  readonly fault: Fault;
  readonly seed: number;
}

/** Draws what goes wrong in a safety phase. */
export function drawSchedule(prng: Prng, swarm: Swarm): Scheduled[] {
  const { faults, faultEveryMs, safetyMs } = swarm;
  const schedule: Scheduled[] = [];
  if (faults.length === 0) return schedule;
  let atMs = prng.float() * 2 * faultEveryMs;
  while (atMs < safetyMs) {
    const number = schedule.length + 1;
    const fault = prng.pick(faults);
    schedule.push({ number, atMs, fault, seed: prng.below(2 ** 32) });
    atMs += prng.float() * 2 * faultEveryMs;
  }
  return schedule;
}

/** Does harm by schedule. */
export class Faults {
  readonly #world: World;
  readonly #schedule: readonly Scheduled[];
  readonly #targets: Targets;
  readonly #lastsMs: number;
  readonly #repairs: (() => void)[] = [];
  /** What is due to the next voters and new leaders. */
  readonly #due: Record<"leader" | "voter", ((node: Node) => void)[]> = {
    leader: [],
    voter: [],
  };
  #active = false;
  #count = 0;

  constructor(
    world: World,
    schedule: readonly Scheduled[],
    lastsMs: number,
    targets: Targets,
  ) {
    this.#world = world;
    this.#schedule = schedule;
    this.#lastsMs = lastsMs;
    this.#targets = targets;
  }

  /** How many faults there were. */
  get count(): number {
    return this.#count;
  }

  /** Begins. */
  begin(): void {
    this.#active = true;
    this.#targets.onElected((node, as) => {
      if (this.#active) this.#due[as].shift()?.(node);
    });
    for (const { number, atMs, fault, seed } of this.#schedule) {
      this.#world.calendar.after(atMs, () => {
        if (!this.#active) return;
        this.#count++;
        this.#world.note("world", `FAULT ${number} ${fault}`);
        this.#harm(seed).do(fault);
      });
    }
  }

  /** Undoes everything for good: hosts boot, daemons start, links mend, the weather clears. */
  heal(): void {
    this.#active = false;
    this.#world.note("world", "HEAL");
    this.#world.network.mendAll();
    this.#world.network.become({
      ...PLAIN_NETWORK,
      retransmitMaxMs: this.#world.network.options.retransmitMaxMs,
      breakAfterMs: this.#world.network.options.breakAfterMs,
    });
    for (const { host } of this.#targets.nodes) host.disk.faults.mend();
    for (const repair of this.#repairs.splice(0)) repair();
    for (const node of this.#targets.nodes) node.revive();
  }

  #harm(seed: number): Harm {
    return new Harm({
      world: this.#world,
      targets: this.#targets,
      lastsMs: this.#lastsMs,
      active: () => this.#active,
      atElection: (as, harm) => this.#due[as].push(harm),
      repairs: this.#repairs,
    }, new Prng(seed));
  }
}
