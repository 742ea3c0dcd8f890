/**
 * How old this monitor's state may be: how long ago it last knew that it held
 * everything the quorum had committed. What the network needed to carry the
 * word comes on top of that.
 */

import type { Clock } from "../../platform/mod.ts";
import type { Entry, Message, Standing } from "../../raft/mod.ts";

/** Listens to what other monitors say, and to what is applied here. */
export class QuorumContact {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #votersOf: () => readonly string[];
  #appliedIndex = 0;
  #appliedTerm = 0;
  #freshMs: number | null = null;
  /** The leader's word at `atMs` of a commit that is not applied here yet. */
  #awaited: { readonly index: number; readonly atMs: number } | null = null;
  /** When each follower last answered the leader of `#term`, which is this monitor. */
  readonly #answersMs = new Map<string, number>();
  #term = 0;

  /** `votersOf` answers who votes, this monitor included. */
  constructor(
    clock: Pick<Clock, "nowMs">,
    votersOf: () => readonly string[],
  ) {
    this.#clock = clock;
    this.#votersOf = votersOf;
  }

  /** Takes note of a message after consensus has seen it; `standing` is what came of it. */
  heard(message: Message, standing: Standing): void {
    if (message.term !== standing.term) return;
    if (this.#term !== standing.term) {
      this.#term = standing.term;
      this.#answersMs.clear();
    }
    const nowMs = this.#clock.nowMs();
    if (message.kind === "appendRequest" && standing.leader === message.from) {
      // While one commit is awaited, later words only tell of later ones.
      this.#awaited ??= { index: message.commitIndex, atMs: nowMs };
      this.#settle();
    } else if (message.kind === "appendResponse") {
      this.#answersMs.set(message.from, nowMs);
    }
  }

  /** Takes note that an entry was applied. */
  applied({ index, term }: Pick<Entry, "index" | "term">): void {
    this.#appliedIndex = index;
    this.#appliedTerm = term;
    this.#settle();
  }

  /** Milliseconds since this monitor last knew itself level with the quorum; null for never. */
  ageMs(standing: Standing): number | null {
    const nowMs = this.#clock.nowMs();
    if (standing.role === "leader" && this.#appliedTerm === standing.term) {
      const voters = this.#votersOf();
      const othersNeeded = Math.floor(voters.length / 2);
      if (othersNeeded === 0) return 0;
      const answers = voters
        .map((name) => this.#answersMs.get(name))
        .filter((atMs) => atMs !== undefined)
        .sort((a, b) => b - a);
      const quorumMs = answers[othersNeeded - 1];
      if (quorumMs !== undefined) {
        this.#freshMs = Math.max(this.#freshMs ?? quorumMs, quorumMs);
      }
    }
    return this.#freshMs === null ? null : Math.max(0, nowMs - this.#freshMs);
  }

  #settle(): void {
    if (this.#awaited === null || this.#awaited.index > this.#appliedIndex) {
      return;
    }
    this.#freshMs = this.#awaited.atMs;
    this.#awaited = null;
  }
}
