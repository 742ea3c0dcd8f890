/** One life of a worker's composition: it serves, is stopped dead, or falls silent with its host. */

/** `gone`: its process was killed. `mute`: its host lost power, so nothing closes and nothing answers. */
export type Standing = "up" | "gone" | "mute";

/** What everything that a composition holds asks before it acts. */
export class Life {
  #standing: Standing = "up";
  readonly #held = new Set<() => void>();

  /** True as long as the composition runs. */
  get up(): boolean {
    return this.#standing === "up";
  }

  /** Ends it. What it holds is closed now, or with {@link Life.bury} for a host without power. */
  end(how: "gone" | "mute"): void {
    if (!this.up) return;
    this.#standing = how;
    if (how === "gone") this.bury();
  }

  /** Closes what a dead host held, so that the worker can be started again at its address. */
  bury(): void {
    for (const close of this.#held) close();
    this.#held.clear();
  }

  /** The composition holds something that the kernel would close; answers how to say that it does no more. */
  hold(close: () => void): () => void {
    if (this.#standing === "gone") close();
    else this.#held.add(close);
    return (): void => void this.#held.delete(close);
  }

  /** Goes on only while the composition runs: a dead one hears nothing any more. */
  async ifUp<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      return this.up ? result : await never();
    } catch (error) {
      if (!this.up) return await never();
      throw error;
    }
  }
}

/** What the dead wait for. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
