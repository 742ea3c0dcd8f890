/**
 * Local health (Lifeguard, "LHA-Probe"): a member that hears too little
 * doubts itself before it doubts others, by probing more slowly and patiently.
 */

/** A score from 0 (well) to `max`; it multiplies every interval and timeout of probing. */
export class Awareness {
  #score = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** 0 is well. */
  get score(): number {
    return this.#score;
  }

  /** A probe was answered in time. */
  succeed(): void {
    this.#score = Math.max(0, this.#score - 1);
  }

  /**
   * `weight` signs that the fault may be here: a probe failed without anybody
   * to ask, a helper sent not even a nack, this member had to refute, or an
   * answer came only after others had been asked.
   */
  doubt(weight: number): void {
    this.#score = Math.min(this.#max, this.#score + weight);
  }

  /** A duration stretched by the present health. */
  stretch(ticks: number): number {
    return ticks * (this.#score + 1);
  }
}
