/**
 * Election safety: a term has at most one leader (thesis figure 3.2). Leader
 * completeness shows in the committed log: a leader without a committed entry
 * would commit another in its place.
 */

/** Watches who leads. */
export class Elections {
  readonly #leaders = new Map<number, string>();
  readonly #violated: (oracle: string, message: string) => void;

  constructor(violated: (oracle: string, message: string) => void) {
    this.#violated = violated;
  }

  /** How many terms had a leader. */
  get count(): number {
    return this.#leaders.size;
  }

  /** A monitor leads in a term. */
  leads(monitor: string, term: number): void {
    const known = this.#leaders.get(term);
    if (known !== undefined && known !== monitor) {
      this.#violated(
        "election-safety",
        `${monitor} and ${known} both lead in term ${term}`,
      );
    }
    this.#leaders.set(term, monitor);
  }
}
