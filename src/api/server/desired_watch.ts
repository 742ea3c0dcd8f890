/**
 * Workers that wait for their desired state to change. A change wakes those it
 * concerns and does not even look at the others: one listener at the store,
 * whether ten workers wait or ten thousand.
 */

import { type Change, ConcernIndex } from "../../cluster/mod.ts";
import type { ApiServices } from "./services.ts";
import { WAIT_MS_MAX } from "./wait.ts";

/** Whose state, and since when it is known. */
export interface Interested {
  readonly worker: string;
  readonly follow: readonly string[];
  readonly revision: number;
}

/** Wakes waiting workers. */
export class DesiredWatch {
  readonly #services: ApiServices;
  readonly #index: ConcernIndex;
  readonly #byWorker = new Waiters();
  readonly #byVolume = new Waiters();

  constructor(services: ApiServices) {
    this.#services = services;
    const { store } = services;
    this.#index = new ConcernIndex(store.state.revision);
    // For as long as the monitor lives.
    store.subscribe((changes) => this.#changed(changes));
  }

  /** How many wait. */
  get waiting(): number {
    return this.#byWorker.size;
  }

  /** True once the state may have changed since then; false after `waitMs`, or when the worker is gone. */
  changed(
    { worker, follow, revision }: Interested,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.#index.mayHaveChanged(worker, follow, revision)) {
      return Promise.resolve(true);
    }
    if (waitMs <= 0 || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const wake = (): void => end(true);
      const end = (answer: boolean): void => {
        timer.cancel();
        signal.removeEventListener("abort", gone);
        this.#byWorker.remove(worker, wake);
        for (const volume of follow) this.#byVolume.remove(volume, wake);
        resolve(answer);
      };
      const gone = (): void => end(false);
      const timer = this.#services.ports.clock.after(
        Math.min(waitMs, WAIT_MS_MAX),
        gone,
      );
      signal.addEventListener("abort", gone);
      this.#byWorker.add(worker, wake);
      for (const volume of follow) this.#byVolume.add(volume, wake);
    });
  }

  #changed(changes: readonly Change[]): void {
    const { state } = this.#services.store;
    const { everybody, workers, volumes } = this.#index.note(state, changes);
    if (everybody) return this.#byWorker.wakeAll();
    for (const worker of workers) this.#byWorker.wake(worker);
    for (const volume of volumes) this.#byVolume.wake(volume);
  }
}

/** Callbacks by name. */
class Waiters {
  readonly #byName = new Map<string, Set<() => void>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(name: string, wake: () => void): void {
    const waiters = this.#byName.get(name) ?? new Set();
    if (waiters.has(wake)) return;
    this.#byName.set(name, waiters.add(wake));
    this.#size++;
  }

  remove(name: string, wake: () => void): void {
    const waiters = this.#byName.get(name);
    if (!waiters?.delete(wake)) return;
    this.#size--;
    if (waiters.size === 0) this.#byName.delete(name);
  }

  wake(name: string): void {
    for (const wake of [...this.#byName.get(name) ?? []]) wake();
  }

  wakeAll(): void {
    for (const name of [...this.#byName.keys()]) this.wake(name);
  }
}
