/**
 * From a seed that fails to the little of its run that is needed for that:
 * users, weather and faults are left out as long as the same oracle still
 * complains. What is left out changes what is drawn elsewhere as little as
 * possible, but it does: a smaller run that fails is as good as the first.
 */

import { PLAIN_DISK } from "./disk_options.ts";
import { PLAIN_NETWORK } from "./network.ts";
import type { Planted } from "./planted/planted.ts";
import { type Cut, type Outcome, simulate, UNCUT } from "./simulation.ts";
import type { Swarm } from "./swarm.ts";

/** What may be left out of a run, the most first. */
const EASINGS: readonly Partial<Swarm>[] = [
  { workers: 0, operators: 0 },
  { operators: 0 },
  { monitorOperators: 0 },
  { monitorOperators: 1 },
  { watchers: 0 },
  { transactors: 0 },
  { clients: 0 },
  { clients: 1 },
  { monitors: 3 },
  { network: PLAIN_NETWORK },
  { disk: PLAIN_DISK },
  { timerJitterMs: 0, driftMax: 0 },
  { largeChance: 0 },
  { leaseChance: 0 },
  { askChance: 0 },
  { snapshotEntries: 1_000_000 },
];

/** A run is a fraction of a second; more of them than this nobody waits for. */
const RUNS_MAX = 150;

/** A smaller cut of the seed's run that fails by the same oracle. */
export async function shrink(
  seed: number,
  planted: Planted | null,
): Promise<Cut> {
  const shrinking = new Shrinking(seed, planted);
  return await shrinking.go();
}

class Shrinking {
  readonly #seed: number;
  readonly #planted: Planted | null;
  #oracle = "";
  #runs = 0;
  #cut: Cut = UNCUT;

  constructor(seed: number, planted: Planted | null) {
    this.#seed = seed;
    this.#planted = planted;
  }

  async go(): Promise<Cut> {
    const { failures, schedule, counts } = await this.#simulate(UNCUT);
    const [first] = failures;
    if (first === undefined) return UNCUT;
    this.#oracle = first.oracle;
    // What was due after the failure is not needed for it.
    const numbers = schedule.slice(0, counts.faults).map(({ number }) =>
      number
    );
    if (!await this.#keeps({ ...this.#cut, faults: numbers })) {
      await this.#keeps({
        ...this.#cut,
        faults: schedule.map((one) => one.number),
      });
    }
    await this.#dropFaults();
    for (const easing of EASINGS) {
      await this.#keeps({
        ...this.#cut,
        swarm: { ...this.#cut.swarm, ...easing },
      });
    }
    await this.#dropFaults();
    return this.#cut;
  }

  /** Drops stretches of faults, half of them first, then smaller ones. */
  async #dropFaults(): Promise<void> {
    let length = this.#cut.faults!.length;
    while (length >= 1) {
      let at = 0;
      while (at < this.#cut.faults!.length) {
        const faults = this.#cut.faults!.toSpliced(at, length);
        if (!await this.#keeps({ ...this.#cut, faults })) at += length;
      }
      length = Math.floor(length / 2);
    }
  }

  /** True, and takes the cut, when it fails like the whole. */
  async #keeps(cut: Cut): Promise<boolean> {
    if (this.#runs >= RUNS_MAX) return false;
    const { failures } = await this.#simulate(cut);
    if (failures[0]?.oracle !== this.#oracle) return false;
    this.#cut = cut;
    return true;
  }

  #simulate(cut: Cut): Promise<Outcome> {
    this.#runs++;
    const planted = this.#planted;
    return simulate(this.#seed, { planted, cut, keepLines: 0 });
  }
}
