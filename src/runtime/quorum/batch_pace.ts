/**
 * When the commands that have gathered go off as the next batch. Each batch
 * costs every monitor a message, a sync and several wakings, whatever its
 * size, so that few large ones carry far more than many small ones. Clients
 * that were answered together come back together, a moment later: it pays to
 * wait for them, but neither for long nor for many.
 */

/** So many are enough company: beyond that, to overlap with the batch before pays more. */
const COMPANY = 32;

/** Turns of the event loop, of two microseconds when idle, that are waited at most. */
const TURNS = 128;

/** The pace of one leader's batches. */
export class BatchPace {
  #size = 0;
  #awaited = 0;
  #turnsLeft = 0;

  /** A batch of so many commands went off. */
  sent(size: number): void {
    this.#size = size;
    this.#awaited = 0;
  }

  /** It is committed, and so many have gathered meanwhile: about as many as its size may be on their way. */
  committed(gathered: number): void {
    this.#awaited = Math.min(COMPANY, 0.9 * (this.#size + gathered));
    this.#turnsLeft = TURNS;
  }

  /** A turn of the event loop has passed. */
  turned(): void {
    this.#turnsLeft--;
  }

  /** True when so many are to go now. */
  isTime(gathered: number): boolean {
    return gathered >= this.#awaited || this.#turnsLeft <= 0;
  }
}
