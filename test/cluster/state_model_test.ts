import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  ClusterState,
  type Command,
  decodeTransaction,
  type Document,
  encodeTransaction,
  type OperationResult,
  type TransactionResult,
  type Versioned,
} from "../../src/cluster/mod.ts";
import { NaiveModel, QUOTA, sizeOf } from "./naive_model.ts";
import { KEYS, PREFIXES, randomCommand } from "./random_command.ts";

/*
 * ClusterState against a model that keeps everything in plain lists and sorts
 * on each question: the same transactions must have the same results, changes
 * and answers. Documents are frozen, so any mutation of one throws.
 */

const FOUNDING: Command = {
  version: 1,
  preconditions: [],
  writes: [{
    kind: "put",
    key: "cluster",
    value: {
      id: "c",
      createdAtMs: 0,
      commandVersion: 3,
      configQuotaBytes: QUOTA,
    },
  }],
  idempotency: null,
};

/** What happened over all seeds: the tests mean something only if everything did. */
const seen = new Set<string>();

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`ClusterState behaves as a naive model does, seed ${seed}`, () => {
    const prng = new Prng(seed);
    const model = new NaiveModel();
    const state = new ClusterState({ feedEvents: 40, idempotencyKeys: 4 });
    const twin = new ClusterState({ feedEvents: 40, idempotencyKeys: 4 });
    for (const one of [state, twin, model]) one.apply(FOUNDING);
    const earlier: Command[] = [];
    for (let step = 0; step < 300; step++) {
      const command = deepFreeze(randomCommand(prng, model, earlier));
      const { result, changes } = state.apply(command);
      const revisionBefore = model.history.length;
      const expected = model.apply(command);
      seen.add(describe(command, expected));
      assertEquals(stillKept(result, expected), expected);
      assertEquals(changes, model.history.slice(revisionBefore));
      assertEquals(state.revision, model.revision);
      assertEquals(state.configBytes, sizeOf(model.documents));
      // A replica that reads the log off a disk comes out equal.
      twin.apply(decodeTransaction(encodeTransaction(command)));
      assertEquals(state.hash(), twin.hash());
      if (step % 10 === 0) compare(state, model, prng);
    }
    compare(state, model, prng);
  });
}

Deno.test("the random commands met with everything that can happen to one", () => {
  const outcomes = ["committed", "quotaExceeded", "idempotencyMismatch"];
  for (const version of [1, 2]) {
    for (const outcome of outcomes) assert(seen.has(`${version} ${outcome}`));
    assert(seen.has(`${version} committed again`));
  }
  assert(seen.has("1 conflict") && seen.has("2 committed else"));
});

function describe(command: Command, result: TransactionResult): string {
  const { version } = command;
  if (result.kind !== "committed") return `${version} ${result.kind}`;
  const failed = result.outcome?.failedCompare ?? null;
  const how = result.repeated ? " again" : failed !== null ? " else" : "";
  return `${version} committed${how}`;
}

/**
 * A repeated transaction may no longer know a value that it read long ago, and
 * then says so; everything else must be as it was.
 */
function stillKept(
  result: TransactionResult,
  expected: TransactionResult,
): TransactionResult {
  if (
    result.kind !== "committed" || !result.repeated ||
    expected.kind !== "committed"
  ) return result;
  const { outcome } = result;
  if (outcome === undefined) return result;
  const results = outcome.results.map((one, at): OperationResult => {
    const other = expected.outcome?.results[at];
    return one.kind === "get" && one.value === null && one.revision > 0 &&
        other?.kind === "get"
      ? { ...one, value: other.value }
      : one;
  });
  return { ...result, outcome: { ...outcome, results } };
}

function compare(state: ClusterState, model: NaiveModel, prng: Prng): void {
  for (const key of KEYS) {
    assertEquals(state.get<Document>(key), model.get(key) ?? null);
  }
  for (const prefix of PREFIXES) {
    assertEquals(state.list<Document>(prefix), model.list(prefix));
    compareRanges(state, model, prng, prefix);
    assertEquals(state.revisionUnder(prefix), model.revisionUnder(prefix));
    const since = prng.below(model.revision + 2);
    const expected = since < state.oldestRevision ? "compacted" : model.history
      .filter(({ key, revision }) => {
        return revision > since && key.startsWith(prefix);
      });
    assertEquals(state.changesSince(since, prefix), expected);
  }
  for (const key of ["k0", "k1", "k2", "k3", "k4", "k5"]) {
    const known = model.idempotency.find((record) => record.key === key);
    assertEquals(
      state.idempotencyOf(key)?.revision ?? null,
      known?.revision ?? null,
    );
  }
}

function compareRanges(
  state: ClusterState,
  model: NaiveModel,
  prng: Prng,
  prefix: string,
): void {
  const bound = (): string | undefined =>
    prng.chance(0.5) ? prng.pick([...KEYS, "config/1/", "b"]) : undefined;
  const range = { from: bound(), to: bound(), after: bound() };
  const limit = prng.chance(0.5) ? prng.below(4) : undefined;
  const within = (documents: readonly Versioned[]): Versioned[] =>
    documents.filter(({ key }) =>
      (range.from === undefined || key >= range.from) &&
      (range.to === undefined || key < range.to) &&
      (range.after === undefined || key > range.after)
    );
  const now = within(model.list(prefix));
  assertEquals(state.count(prefix, { ...range, limit }), now.length);
  assertEquals(
    state.list<Document>(prefix, { ...range, limit }),
    now.slice(0, limit),
  );
  const revision = prng.below(model.revision + 2);
  const past = state.listAt<Document>(revision, prefix, { ...range, limit });
  if (past === "compacted") {
    assert(revision < state.oldestRevision, "only the old is not kept");
    return;
  }
  const replay = new NaiveModel();
  for (const change of model.history) {
    if (change.revision > revision) break;
    replay.replay(change);
  }
  assertEquals(past, within(replay.list(prefix)).slice(0, limit));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
