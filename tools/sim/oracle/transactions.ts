/**
 * Transactions, ranges and stale reads have one order, and revisions bear
 * witness to it (DESIGN.md §10.2): each transaction is played again on a model
 * that knows nothing of the product, at its place in the committed log, and
 * what its client was told must be what the model finds. In real time the
 * place lies between question and answer. A stale answer shows the state of
 * the revision that it names, and a monitor that nobody could reach for a
 * while does not claim to be fresher than that.
 */

import type { ConfigDocument } from "../../../src/cluster/mod.ts";
import { KEYS } from "../../../src/cluster/mod.ts";
import type { Change } from "../../../src/cluster/mod.ts";
import type {
  Asked,
  Compare,
  Operation,
  OperationTold,
  TransactionHistory,
} from "../workload/transaction_history.ts";
import { transactionOf } from "../workload/transaction_history.ts";
import type { CommittedEntry, CommittedLog } from "./committed_log.ts";

/** What was under way when the last link was cut may still arrive. */
const UNDER_WAY_MS = 3_000;
/** Clocks run up to 2 % wrong, both the monitor's and nobody's. */
const DRIFT = 0.95;

interface Held {
  readonly value: string;
  readonly revision: number;
}

type Model = ReadonlyMap<string, Held>;

type Violated = (oracle: string, message: string) => void;

/** What a transaction must have done, by the model. */
interface Due {
  readonly index: number;
  readonly succeeded: boolean;
  readonly revision: number;
  readonly results: readonly OperationTold[];
}

/** Judges everything that transactors saw. */
export function judgeTransactions(
  log: CommittedLog,
  history: TransactionHistory,
  violated: Violated,
): void {
  const replay = new Replay(history, violated);
  for (const entry of log.entries) replay.take(entry);
  replay.judgeTold();
  replay.judgeRanges();
  replay.judgeStale();
}

class Replay {
  readonly #history: TransactionHistory;
  readonly #violated: Violated;
  readonly #due = new Map<string, Due>();
  /** The state's revision after each entry, from index 0. */
  readonly #revisions: number[] = [0];
  /** What users' keys held from each revision on that changed any. */
  readonly #models: { readonly revision: number; readonly model: Model }[] = [
    { revision: 0, model: new Map() },
  ];

  constructor(history: TransactionHistory, violated: Violated) {
    this.#history = history;
    this.#violated = violated;
  }

  take(entry: CommittedEntry): void {
    const asked = this.#askedBy(entry);
    const before = this.#models.at(-1)!.model;
    const changes = entry.changes.filter(({ key }) =>
      key.startsWith(KEYS.config(""))
    );
    const revision = entry.changes[0]?.revision ?? this.#revisions.at(-1)!;
    if (asked !== null) this.#play(asked, entry, before, revision, changes);
    this.#revisions.push(revision);
    if (changes.length === 0) return;
    const model = new Map(before);
    for (const { key, value } of changes) {
      const name = key.slice(KEYS.config("").length);
      if (value === null) model.delete(name);
      else {model.set(name, {
          value: (value as ConfigDocument).value,
          revision,
        });}
      this.#touched.set(name, revision);
    }
    this.#models.push({ revision, model });
  }

  /** When each key was last put or deleted. */
  readonly #touched = new Map<string, number>();

  #askedBy({ transaction }: CommittedEntry): Asked | null {
    if (transaction?.version !== 2) return null;
    for (const operation of transaction.then) {
      if (operation.kind !== "put") continue;
      const id = transactionOf(operation.value);
      return id === null ? null : this.#history.asked.get(id) ?? null;
    }
    return null;
  }

  #play(
    asked: Asked,
    { entry }: CommittedEntry,
    before: Model,
    revision: number,
    changes: readonly Change[],
  ): void {
    if (this.#due.has(asked.id)) {
      if (changes.length === 0) return;
      return this.#violated(
        "transactions",
        `${asked.id} took effect again in entry ${entry.index}`,
      );
    }
    const succeeded = asked.compare.every((one) => this.#holds(one, before));
    const branch = succeeded ? asked.then : asked.else;
    this.#due.set(asked.id, {
      index: entry.index,
      succeeded,
      revision,
      results: resultsOf(branch, before, revision),
    });
    const did = changes.map(({ key, value }) =>
      show(
        key.slice(KEYS.config("").length),
        value === null ? null : (value as ConfigDocument).value,
      )
    );
    const should = effectsOf(branch, before);
    if (did.sort().join() === should.sort().join()) return;
    this.#violated(
      "transactions",
      `${asked.id} in entry ${entry.index} wrote [${did}], not [${should}]`,
    );
  }

  #holds(compare: Compare, before: Model): boolean {
    switch (compare.test) {
      case "exists":
        return before.has(compare.key);
      case "absent":
        return !before.has(compare.key);
      case "revision":
        return (before.get(compare.key)?.revision ?? 0) === compare.revision;
      case "value":
        return before.get(compare.key)?.value === compare.value;
      case "unchanged":
        return [...this.#touched].every(([key, revision]) =>
          !key.startsWith(compare.prefix) || revision <= compare.revision
        );
    }
  }

  judgeTold(): void {
    for (const told of this.#history.told) {
      const due = this.#due.get(told.id);
      if (due === undefined) {
        this.#violated("durability", `${told.id} is done, but not committed`);
        continue;
      }
      const { index, succeeded, revision, results } = due;
      if (index <= told.calledIndex || index > told.returnedIndex) {
        this.#violated(
          "transactions",
          `${told.id} has its place at ${index}, but was asked after ` +
            `${told.calledIndex} and answered before ${told.returnedIndex + 1}`,
        );
      }
      const { outcome } = told;
      const expected = JSON.stringify(
        outcome === null ? { revision } : { revision, succeeded, results },
      );
      const heard = JSON.stringify({
        revision: told.revision,
        ...(outcome === null ? {} : {
          succeeded: outcome.succeeded,
          results: outcome.results.map(essence),
        }),
      });
      if (expected === heard) continue;
      this.#violated(
        "transactions",
        `${told.id} was told ${heard} where ${expected} was due`,
      );
    }
  }

  judgeRanges(): void {
    for (const range of this.#history.ranges) {
      const { revision, items, calledIndex, returnedIndex } = range;
      const least = this.#revisions[calledIndex]!;
      const most = this.#revisions[returnedIndex]!;
      if (revision < least || revision > most) {
        this.#violated(
          "linearizability",
          `a range was read at revision ${revision}, when the state was ` +
            `between ${least} and ${most}`,
        );
      }
      const should = [...this.#modelAt(revision)]
        .filter(([key]) => key.startsWith("t"))
        .map(([key, held]) => `${show(key, held.value)} at ${held.revision}`);
      const did = items.map((one) =>
        `${show(one.key, one.value)} at ${one.revision}`
      );
      if (did.sort().join() === should.sort().join()) continue;
      this.#violated(
        "linearizability",
        `the range at revision ${revision} showed [${did}], not [${should}]`,
      );
    }
  }

  judgeStale(): void {
    for (const read of this.#history.stale) {
      const { monitor, key, value, revision, ageMs, deafMs } = read;
      const held = this.#modelAt(revision).get(key)?.value ?? null;
      if (held !== value) {
        this.#violated(
          "staleness",
          `${monitor} showed ${show(key, value)} at revision ${revision}, ` +
            `which held ${held}`,
        );
      }
      if (ageMs === null || deafMs === null) continue;
      const leastMs = (deafMs - UNDER_WAY_MS) * DRIFT;
      if (ageMs >= leastMs) continue;
      this.#violated(
        "staleness",
        `${monitor} said it was ${ageMs} ms old when it had heard from ` +
          `nobody for ${Math.round(deafMs)} ms`,
      );
    }
  }

  #modelAt(revision: number): Model {
    return this.#models.findLast((one) => one.revision <= revision)!.model;
  }
}

function resultsOf(
  branch: readonly Operation[],
  before: Model,
  revision: number,
): OperationTold[] {
  const model = new Map(before);
  return branch.map((operation) => {
    const { key } = operation;
    const held = model.get(key) ?? null;
    if (operation.op === "put") {
      model.set(key, { value: operation.value, revision });
      return { op: "put", key, created: held === null };
    }
    if (operation.op === "get") return { op: "get", key, entry: held };
    return { op: "delete", key, deleted: model.delete(key) };
  });
}

function effectsOf(branch: readonly Operation[], before: Model): string[] {
  const effects: string[] = [];
  for (const operation of branch) {
    const { key } = operation;
    if (operation.op === "put") effects.push(show(key, operation.value));
    else if (operation.op === "delete" && before.has(key)) {
      effects.push(show(key, null));
    }
  }
  return effects;
}

/** What the model knows of a result, its fields in the model's order. */
function essence(told: OperationTold): OperationTold {
  const { op, key } = told;
  switch (op) {
    case "put":
      return { op, key, created: told.created! };
    case "delete":
      return { op, key, deleted: told.deleted! };
    case "get": {
      const entry = told.entry && {
        value: told.entry.value,
        revision: told.entry.revision,
      };
      return { op, key, entry: entry ?? null };
    }
  }
}

function show(key: string, value: string | null): string {
  return `${key} = ${value ?? "nothing"}`;
}
