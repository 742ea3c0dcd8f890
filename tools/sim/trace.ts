/**
 * What happened, one line an event, in the order it happened. Its hash is the
 * proof of determinism: two runs of a seed have equal traces, byte for byte.
 */

/** Collects lines; always hashes them, keeps them only when asked to. */
export class Trace {
  readonly #keep: number;
  #lines: string[] = [];
  #low = 0x811c9dc5;
  #high = 0x01000193;
  #count = 0;

  /** `keep`: how many of the last lines to hold in memory (`Infinity` for all, 0 for none). */
  constructor(keep: number) {
    this.#keep = keep;
  }

  /** Adds one line; `source` is a host, a process or a part of the simulator. */
  line(nowMs: number, source: string, text: string): void {
    const line = `${nowMs.toFixed(3).padStart(10)} ${source} ${text}`;
    this.#hash(line);
    this.#count++;
    if (this.#keep === 0) return;
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#keep) {
      this.#lines = this.#lines.slice(-this.#keep);
    }
  }

  /** How many lines were written. */
  get count(): number {
    return this.#count;
  }

  /** The lines that were kept, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-this.#keep);
  }

  /** A digest of all lines so far, in 16 hexadecimal digits. */
  get digest(): string {
    return [this.#high, this.#low]
      .map((word) => (word >>> 0).toString(16).padStart(8, "0"))
      .join("");
  }

  /** FNV-1a over the line's code units, in two lanes with different multipliers. */
  #hash(line: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < line.length; at++) {
      const unit = line.charCodeAt(at);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit, 0x85ebca6b);
    }
    this.#low = Math.imul(low ^ 10, 0x01000193);
    this.#high = Math.imul(high ^ 10, 0x85ebca6b) ^ (low >>> 15);
  }
}
