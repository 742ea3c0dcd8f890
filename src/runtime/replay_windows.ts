/**
 * What of each sender's life was received already: a sliding window over its
 * counter (as in RFC 4303 §3.4.3). Bounded: the life that was silent for
 * longest is forgotten first.
 */

/** Counters so far behind the highest one are too old. */
const WINDOW_COUNTERS = 512;

interface Window {
  highest: number;
  /** One bit a counter, by its remainder. */
  readonly seen: Uint32Array;
}

/** The windows of all lives heard of. */
export class ReplayWindows {
  readonly #windows = new Map<string, Window>();
  readonly #livesMax: number;

  constructor(livesMax: number) {
    this.#livesMax = livesMax;
  }

  /** How many lives are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Notes a counter; false when it came before, or may have. */
  accept(life: string, counter: number): boolean {
    let window = this.#windows.get(life);
    if (window === undefined) {
      window = {
        highest: counter,
        seen: new Uint32Array(WINDOW_COUNTERS / 32),
      };
    } else {
      if (counter <= window.highest - WINDOW_COUNTERS) return false;
      if (counter <= window.highest && isSet(window.seen, counter)) {
        return false;
      }
      advance(window, counter);
    }
    set(window.seen, counter);
    // Deleted first, so that the order is that of the last sign.
    this.#windows.delete(life);
    this.#windows.set(life, window);
    if (this.#windows.size > this.#livesMax) {
      const [oldest] = this.#windows.keys();
      this.#windows.delete(oldest!);
    }
    return true;
  }
}

function advance(window: Window, counter: number): void {
  const { highest, seen } = window;
  if (counter <= highest) return;
  window.highest = counter;
  if (counter - highest >= WINDOW_COUNTERS) {
    seen.fill(0);
    return;
  }
  for (let passed = highest + 1; passed < counter; passed++) {
    seen[word(passed)]! &= ~bit(passed);
  }
}

function isSet(seen: Uint32Array, counter: number): boolean {
  return (seen[word(counter)]! & bit(counter)) !== 0;
}

function set(seen: Uint32Array, counter: number): void {
  seen[word(counter)]! |= bit(counter);
}

function word(counter: number): number {
  return (counter % WINDOW_COUNTERS) >>> 5;
}

function bit(counter: number): number {
  return 1 << (counter % 32);
}
