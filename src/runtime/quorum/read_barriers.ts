/**
 * Linearizable reads of one leader (thesis §6.4): those that come while a
 * question is under way are asked together by the next, and each is released
 * when what was committed by then is applied here.
 */

import type { Problem } from "../../base/mod.ts";

/** Someone who waits for a promise's outcome. */
export interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (problem: Problem) => void;
}

/** Reads on their way. */
export class ReadBarriers {
  #gathering: Waiter<void>[] = [];
  readonly #asked = new Map<number, Waiter<void>[]>();
  /** Reads whose index is known but not applied yet. */
  #readable: { readonly index: number; readonly waiters: Waiter<void>[] }[] =
    [];

  /** How many wait to be asked for. */
  get gathered(): number {
    return this.#gathering.length;
  }

  /** True while a question is under way. */
  get isAsking(): boolean {
    return this.#asked.size > 0;
  }

  /** Adds one to the next question. */
  add(waiter: Waiter<void>): void {
    this.#gathering.push(waiter);
  }

  /** Those that gathered are asked for under this number. */
  ask(id: number): void {
    this.#asked.set(id, this.#gathering);
    this.#gathering = [];
  }

  /** The answer to a question. */
  answered(id: number, index: number): void {
    const waiters = this.#asked.get(id);
    this.#asked.delete(id);
    if (waiters !== undefined) this.#readable.push({ index, waiters });
  }

  /** The question is refused. */
  refused(id: number, problem: Problem): void {
    for (const waiter of this.#asked.get(id) ?? []) waiter.reject(problem);
    this.#asked.delete(id);
  }

  /** Lets go of those that need no more than what is applied. */
  release(appliedIndex: number): void {
    if (this.#readable.length === 0) return;
    const ready = this.#readable.filter(({ index }) => index <= appliedIndex);
    this.#readable = this.#readable.filter(({ index }) => index > appliedIndex);
    for (const { waiters } of ready) {
      for (const waiter of waiters) waiter.resolve();
    }
  }

  /** Ends all. */
  rejectAll(problem: Problem): void {
    const waiters = [
      this.#gathering,
      ...this.#asked.values(),
      ...this.#readable.map(({ waiters }) => waiters),
    ].flat();
    this.#gathering = [];
    this.#asked.clear();
    this.#readable = [];
    for (const { reject } of waiters) reject(problem);
  }
}
