/** What is wrong with the network of a swarm. One plan holds for all workers of a process. */

import type { Prng } from "../../src/base/mod.ts";
import { zoneOf } from "./layout.ts";

/** A zone that is cut off: from the workers of all others, from the monitors, or from both. */
export interface Cut {
  readonly zone: number;
  readonly from: "workers" | "monitors" | "everybody";
}

/** Faults that hold from now on. */
export interface FaultPlan {
  /** The share of datagrams that is lost, 0 to 1. */
  readonly lossShare: number;
  readonly cuts: readonly Cut[];
}

/** A network in order. */
export const NO_FAULTS: FaultPlan = { lossShare: 0, cuts: [] };

/** True for a zone that nothing from the monitors reaches. */
export function isDeafZone({ cuts }: FaultPlan, zone: number): boolean {
  return cuts.some((cut) => cut.zone === zone && cut.from !== "workers");
}

/** The plan, asked about one message at a time. */
export class Faults {
  plan: FaultPlan = NO_FAULTS;
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** True when no byte goes from one address to the other; addresses outside all zones are the monitors'. */
  isCut(one: string, other: string): boolean {
    if (this.plan.cuts.length === 0) return false;
    const zones = [zoneOf(one), zoneOf(other)];
    if (zones[0] === zones[1]) return false;
    const monitors = zones.includes(null);
    return this.plan.cuts.some(({ zone, from }) =>
      zones.includes(zone) &&
      (from === "everybody" || (from === "monitors") === monitors)
    );
  }

  /** True when this datagram is lost on its way. */
  loses(from: string, to: string): boolean {
    const { lossShare } = this.plan;
    if (lossShare > 0 && this.#prng.float() < lossShare) return true;
    return this.isCut(from, to);
  }
}
