/** What transactors asked and were told: the evidence for the oracle of transactions. */

import type { Value } from "../linearizability.ts";

/** One comparison, as the API takes it. */
export type Compare =
  | { readonly test: "exists" | "absent"; readonly key: string }
  | {
    readonly test: "revision";
    readonly key: string;
    readonly revision: number;
  }
  | { readonly test: "value"; readonly key: string; readonly value: string }
  | {
    readonly test: "unchanged";
    readonly prefix: string;
    readonly revision: number;
  };

/** One operation, as the API takes it. */
export type Operation =
  | { readonly op: "put"; readonly key: string; readonly value: string }
  | { readonly op: "delete" | "get"; readonly key: string };

/** A transaction as it was asked for. Both branches put a value that names it. */
export interface Asked {
  readonly id: string;
  readonly compare: readonly Compare[];
  readonly then: readonly Operation[];
  readonly else: readonly Operation[];
}

/** How much was committed when a question was asked, and when it was answered: indexes of the log. */
export interface Window {
  readonly calledIndex: number;
  readonly returnedIndex: number;
}

/** What one operation did or found, as the API tells it. */
export interface OperationTold {
  readonly op: "put" | "delete" | "get";
  readonly key: string;
  readonly created?: boolean;
  readonly deleted?: boolean;
  readonly entry?: { readonly value: string; readonly revision: number } | null;
}

/** The answer to a transaction; of one done long ago only the revision may be known still. */
export interface Told extends Window {
  readonly id: string;
  readonly revision: number;
  readonly outcome: {
    readonly succeeded: boolean;
    readonly results: readonly OperationTold[];
  } | null;
}

/** A linearizable read of all transactors' keys. */
export interface RangeRead extends Window {
  readonly revision: number;
  readonly items: readonly {
    readonly key: string;
    readonly value: string;
    readonly revision: number;
  }[];
}

/** A read with `consistency=stale`. */
export interface StaleRead {
  readonly monitor: string;
  readonly key: string;
  readonly value: Value;
  /** Of the state that answered. */
  readonly revision: number;
  /** How old the monitor says that may be; null when it does not say. */
  readonly ageMs: number | null;
  /** For how long no other monitor's word can have reached it; null when one may have. */
  readonly deafMs: number | null;
}

/** Names the transaction that a value was put by. */
export function transactionOf(value: string): string | null {
  return /^(.+-[0-9]+)[+-]/.exec(value)?.[1] ?? null;
}

/** Everything that transactors asked and were told. */
export class TransactionHistory {
  readonly asked = new Map<string, Asked>();
  readonly told: Told[] = [];
  readonly ranges: RangeRead[] = [];
  readonly stale: StaleRead[] = [];
}
