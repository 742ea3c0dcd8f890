/** Those who want to be told. */

/** Calls each listener, in the order they came; one may end itself meanwhile. */
export class Listeners<T> {
  readonly #listeners = new Set<(news: T) => void>();

  /** Adds one; answers how to end it. */
  add(listener: (news: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells all. */
  tell(news: T): void {
    for (const listener of [...this.#listeners]) listener(news);
  }
}
