/** What the clients of `config/…` did and were told: the evidence for the oracles. */

import type { Action, Operation, Value } from "../linearizability.ts";

/** A value that was seen or acknowledged at a revision. */
export interface Sighting {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** An operation that has begun. */
export interface Begun {
  readonly key: string;
  readonly client: string;
  readonly calledMs: number;
}

/** The history of all keys. */
export class ConfigHistory {
  readonly #operations = new Map<string, Operation[]>();
  /** Writes acknowledged with a revision. */
  readonly acknowledged: Sighting[] = [];
  /** What reads showed. */
  readonly seen: Sighting[] = [];
  /** Idempotency keys that clients sent, with how often. */
  readonly attempts = new Map<string, number>();
  #count = 0;
  #unknown = 0;

  /** Keys with at least one operation, sorted. */
  get keys(): string[] {
    return [...this.#operations.keys()].sort();
  }

  /** How many operations ended, and how many of them without a known outcome. */
  get counts(): { readonly total: number; readonly unknown: number } {
    return { total: this.#count, unknown: this.#unknown };
  }

  /** The operations on one key, in the order they ended. */
  of(key: string): readonly Operation[] {
    return this.#operations.get(key) ?? [];
  }

  /** The operation had this outcome; `returnedMs` is null when nobody knows it. */
  ended(begun: Begun, returnedMs: number | null, action: Action): void {
    const { key, client, calledMs } = begun;
    const operations = this.#operations.get(key) ?? [];
    operations.push({ client, calledMs, returnedMs, action });
    this.#operations.set(key, operations);
    this.#count++;
    if (returnedMs === null) this.#unknown++;
  }

  /** An attempt under an idempotency key is made. */
  attempted(idempotencyKey: string): void {
    this.attempts.set(
      idempotencyKey,
      (this.attempts.get(idempotencyKey) ?? 0) + 1,
    );
  }
}

/** A write or conditional write, before its outcome is known. */
export function writeAction(
  expected: Value | undefined,
  value: Value,
  applied: boolean,
): Action {
  return expected === undefined
    ? { kind: "write", value }
    : { kind: "compareAndSet", expected, value, applied };
}
