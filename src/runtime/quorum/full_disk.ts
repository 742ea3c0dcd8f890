/**
 * What a leader does whose disk is full: others may have room, and then writes
 * go on with one of them. But where too few have, no write can be committed
 * by anybody, and a new leader could not even answer reads, for which an entry
 * of its own term must be committed (thesis §6.4). So the lead is kept until a
 * majority without this monitor has taken everything there is.
 */

import type { Clock, Timer } from "../../platform/mod.ts";
import type { FollowerView, Standing } from "../../raft/mod.ts";

/** How often it is looked whether others have room. */
const LOOK_MS = 250;
/** How often it is passed over to look after the lead was offered: nothing may have come of that. */
const REST_LOOKS = 11;

/** What is to be seen of consensus. */
export interface Lead {
  readonly standing: Pick<Standing, "role">;
  readonly followers: readonly Pick<FollowerView, "matchIndex" | "voter">[];
  readonly lastIndex: number;
}

/** Looks for a successor while the disk is full. */
export class FullDisk {
  readonly #clock: Pick<Clock, "after">;
  readonly #lead: Lead;
  readonly #loop: { transfer(to: null): Promise<unknown> };
  #timer: Timer | null = null;
  #rest = 0;

  constructor(
    clock: Pick<Clock, "after">,
    lead: Lead,
    loop: { transfer(to: null): Promise<unknown> },
  ) {
    this.#clock = clock;
    this.#lead = lead;
    this.#loop = loop;
  }

  /** The disk became full, or has room again. */
  changed(isFull: boolean): void {
    this.stop();
    this.#rest = 0;
    if (isFull) this.#lookLater();
  }

  /** Looks no more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookLater(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#lookLater();
      this.#look();
    });
  }

  #look(): void {
    if (--this.#rest > 0) return;
    const { standing } = this.#lead;
    if (standing.role !== "leader" || !othersHoldAll(this.#lead)) return;
    this.#rest = REST_LOOKS + 1;
    this.#loop.transfer(null).catch(() => {});
  }
}

/** True when a majority of the voters holds the whole log without this one. */
function othersHoldAll({ followers, lastIndex }: Lead): boolean {
  const others = followers.filter(({ voter }) => voter);
  const holding = others.filter(({ matchIndex }) => matchIndex >= lastIndex);
  return holding.length > (others.length + 1) / 2;
}
