/**
 * Whether a learner keeps up with the log (thesis §4.2.1): replication to it
 * is cut into rounds, each up to where the log ended when it began; a round
 * that took less than an election timeout shows that what is left will not
 * take longer either, so that a voter made of it delays no commit for long.
 */

/** The rounds of one follower. */
export class CatchUp {
  #targetIndex = 0;
  #startTick = 0;
  #lastRoundTicks = Infinity;

  /** Notes how far the follower and the log are at a tick. */
  note(matchIndex: number, lastIndex: number, tick: number): void {
    if (this.#targetIndex === 0) this.#begin(lastIndex, tick);
    else if (matchIndex >= this.#targetIndex) {
      this.#lastRoundTicks = tick - this.#startTick;
      this.#begin(lastIndex, tick);
    }
  }

  /** True when the last round was short, and the one under way is not long yet. */
  isDone(tick: number, ticksMax: number): boolean {
    return this.#lastRoundTicks < ticksMax &&
      tick - this.#startTick < ticksMax;
  }

  #begin(targetIndex: number, tick: number): void {
    this.#targetIndex = targetIndex;
    this.#startTick = tick;
  }
}
