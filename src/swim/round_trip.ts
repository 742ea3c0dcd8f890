/**
 * How long direct answers take, learnt from those that come (RFC 6298, the
 * retransmission timer), in ticks. Who asked others after a fixed time would ask
 * them about everybody once all are slow together: six datagrams and a stream
 * instead of two datagrams, which makes all slower still.
 */

/**
 * Weights of a new sample, and of the variation; bolder than RFC 6298's, as a
 * probe interval lies between two samples.
 */
const GAIN = 1 / 4;
const VARIATION_GAIN = 1 / 4;
const VARIATIONS = 4;

/** A thousand times what a network needs; beyond it an answer is as good as lost. */
const TIMEOUT_TICKS_MAX = 8;

/** The round trips of one member's probes. */
export class RoundTrip {
  #smoothed = 0;
  #variation = 0;

  /** An answer came so many ticks after its ping. */
  note(ticks: number): void {
    const difference = Math.min(ticks, TIMEOUT_TICKS_MAX) - this.#smoothed;
    this.#variation += VARIATION_GAIN *
      (Math.abs(difference) - this.#variation);
    this.#smoothed += GAIN * difference;
  }

  /** How long to wait for an answer: `least` where they come within a tick. */
  timeoutTicks(least: number): number {
    const expected = this.#smoothed + VARIATIONS * this.#variation;
    return Math.max(least, Math.min(TIMEOUT_TICKS_MAX, Math.ceil(expected)));
  }
}
