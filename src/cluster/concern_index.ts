/**
 * When each worker's desired state changed last, so that to ask whether it did
 * costs nothing that grows with workers or changes. Begins with the state it
 * is given; of what was before, everything may have changed.
 */

import type { Change } from "./command.ts";
import { type Concern, concernOf } from "./desired_state.ts";
import type { ClusterState } from "./state.ts";

const ENTRIES_MAX = 100_000;

/** The last changes of desired states, as one monitor applied them. */
export class ConcernIndex {
  #since: number;
  readonly #workers = new Map<string, number>();
  readonly #volumes = new Map<string, number>();

  /** `revision`: of the state as it is now. */
  constructor(revision: number) {
    this.#since = revision;
  }

  /** Follows a state, which has just made the changes; answers whom the changes concern. */
  note(state: ClusterState, changes: readonly Change[]): Concern {
    const concern = concernOf(state, changes);
    const revision = changes.at(-1)?.revision ?? this.#since;
    for (const worker of concern.workers) this.#workers.set(worker, revision);
    for (const volume of concern.volumes) this.#volumes.set(volume, revision);
    const isFull = this.#workers.size > ENTRIES_MAX ||
      this.#volumes.size > ENTRIES_MAX;
    // Names that are gone are remembered, too, up to a bound.
    if (concern.everybody || isFull) {
      this.#since = revision;
      this.#workers.clear();
      this.#volumes.clear();
    }
    return concern;
  }

  /** False when `desiredStateOf(state, worker, follow)` is as it was at that revision. */
  mayHaveChanged(
    worker: string,
    follow: readonly string[],
    revision: number,
  ): boolean {
    if (revision < this.#since) return true;
    if ((this.#workers.get(worker) ?? 0) > revision) return true;
    return follow.some((volume) => (this.#volumes.get(volume) ?? 0) > revision);
  }
}
