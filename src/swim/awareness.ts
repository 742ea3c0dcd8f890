/**
 * Local health (Lifeguard, "LHA-Probe"): a member that hears too little
 * doubts itself before it doubts others, by probing more slowly and patiently.
 * Beyond Lifeguard, a member whose own ticks come late knows of its plight
 * before any answer is missed. Where many are short of CPU together that
 * matters: each suspicion is work for all, and more work makes more suspicions.
 */

/** From this lateness on a member is badly short of CPU. */
const STARVED_LATENESS = 3;

/** So many punctual ticks make up for one that was late. */
const PUNCTUAL_TICKS = 4;

/** A score from 0 (well) to `max`; it multiplies every interval and timeout of probing. */
export class Awareness {
  #score = 0;
  #lateness = 0;
  #punctual = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** 0 is well. */
  get score(): number {
    return Math.min(this.#max, this.#score + this.#lateness);
  }

  /** The part of the score that comes from late ticks: this process is short of CPU. */
  get lateness(): number {
    return this.#lateness;
  }

  /** Badly short of CPU. */
  get starved(): boolean {
    return this.#lateness >= STARVED_LATENESS;
  }

  /** A tick came. */
  tick(late: boolean): void {
    if (late) {
      this.#lateness = Math.min(this.#max, this.#lateness + 1);
      this.#punctual = 0;
    } else if (this.#lateness > 0 && ++this.#punctual >= PUNCTUAL_TICKS) {
      this.#lateness--;
      this.#punctual = 0;
    }
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

  /** A duration stretched by the present health, at most by `most`. */
  stretch(ticks: number, most = Infinity): number {
    return ticks * Math.min(most, this.score + 1);
  }
}
