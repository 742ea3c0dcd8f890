/** What users of a running cluster did and were told, as it travels from the process that plays them to the test that judges. */

import type { Operation } from "../../tools/sim/linearizability.ts";
import type { Sighting } from "../../tools/sim/workload/config_history.ts";
import { ConfigHistory } from "../../tools/sim/workload/config_history.ts";
import {
  type Asked,
  type RangeRead,
  type StaleRead,
  type Told,
  TransactionHistory,
} from "../../tools/sim/workload/transaction_history.ts";
import type { Watched } from "../../tools/sim/workload/watch_history.ts";

/** Who uses the cluster, and how. */
export interface LoadPlan {
  readonly monitors: readonly {
    readonly name: string;
    /** `http://HOST:PORT`. */
    readonly origin: string;
  }[];
  readonly seed: number;
  readonly clients: number;
  readonly transactors: number;
  readonly watchers: number;
  /** Keys that the clients share. */
  readonly keys: number;
  readonly thinkMs: number;
  /** For one call. */
  readonly timeoutMs: number;
  /** Chance that a value has some kilobytes. */
  readonly largeChance: number;
}

/** What the process that plays users is asked, one JSON a line; the first line is its {@link LoadPlan}. */
export type LoadRequest =
  /** Asks one monitor one question. */
  | {
    readonly kind: "ask";
    readonly id: number;
    readonly monitor: string;
    readonly path: string;
  }
  /** From now on no other monitor's word reaches these. */
  | { readonly kind: "deaf"; readonly monitors: readonly string[] }
  /** Everybody finishes, reads every key once more, and tells. */
  | { readonly kind: "stop" };

/** What it says, one JSON a line. */
export type LoadReply =
  | { readonly kind: "tally"; readonly tally: Tally }
  | {
    readonly kind: "answer";
    readonly id: number;
    /** Null when nothing came. */
    readonly status: number | null;
    readonly body: unknown;
    /** How old the answer says it may be. */
    readonly ageMs: number | null;
  }
  | { readonly kind: "record"; readonly record: LoadRecord };

/** How many answers there were. */
export interface Tally {
  /** Puts, deletions and transactions that were done. */
  readonly writes: number;
  /** Linearizable reads. */
  readonly reads: number;
  readonly staleReads: number;
  /** Changes that got no answer in time. */
  readonly silences: number;
  /** Refusals, by their code. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Everything. Windows of transactors count revisions, not indexes: nobody outside knows those. */
export interface LoadRecord {
  readonly operations: Readonly<Record<string, readonly Operation[]>>;
  readonly acknowledged: readonly Sighting[];
  readonly seen: readonly Sighting[];
  /** How many idempotency keys were sent more than once. */
  readonly repeated: number;
  readonly watches: readonly Watched[];
  readonly asked: readonly Asked[];
  readonly told: readonly Told[];
  readonly ranges: readonly RangeRead[];
  readonly stale: readonly StaleRead[];
  /** Answers that should never be given. */
  readonly violations: readonly string[];
}

/** The record of what was gathered. */
export function recordOf(
  config: ConfigHistory,
  transactions: TransactionHistory,
  watches: readonly Watched[],
  violations: readonly string[],
): LoadRecord {
  const { acknowledged, seen, attempts } = config;
  return {
    operations: Object.fromEntries(
      config.keys.map((key) => [key, config.of(key)]),
    ),
    acknowledged,
    seen,
    repeated: [...attempts.values()].filter((count) => count > 1).length,
    watches,
    asked: [...transactions.asked.values()],
    told: transactions.told,
    ranges: transactions.ranges,
    stale: transactions.stale,
    violations,
  };
}

/** The history of single keys that a record holds. */
export function configHistoryOf(record: LoadRecord): ConfigHistory {
  const history = new ConfigHistory();
  for (const [key, operations] of Object.entries(record.operations)) {
    for (const { client, calledMs, returnedMs, action } of operations) {
      history.ended({ key, client, calledMs }, returnedMs, action);
    }
  }
  history.acknowledged.push(...record.acknowledged);
  history.seen.push(...record.seen);
  return history;
}

/** The history of transactors, its windows by `indexOf` turned from revisions into indexes below `end`. */
export function transactionHistoryOf(
  record: LoadRecord,
  indexOf: (revision: number) => number,
  end: number,
): TransactionHistory {
  // Who asks after an answer asks behind its revision, so the lower ends of
  // all windows together say in which order things happened.
  const inIndexes = <T extends { readonly calledIndex: number }>(
    one: T,
  ): T => ({
    ...one,
    calledIndex: indexOf(one.calledIndex),
    returnedIndex: end,
  });
  const history = new TransactionHistory();
  for (const asked of record.asked) history.asked.set(asked.id, asked);
  history.told.push(...record.told.map(inIndexes));
  history.ranges.push(...record.ranges.map(inIndexes));
  history.stale.push(...record.stale);
  return history;
}
