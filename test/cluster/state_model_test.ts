import { assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  type Change,
  ClusterState,
  type ConfigDocument,
  decodeTransaction,
  type Document,
  encodeTransaction,
  type Idempotency,
  type Precondition,
  type Transaction,
  type TransactionResult,
  type Versioned,
  type Write,
} from "../../src/cluster/mod.ts";

/*
 * ClusterState against a model that keeps everything in plain lists and sorts
 * on each question: the same transactions must have the same results, changes
 * and answers. Documents are frozen, so any mutation of one throws.
 */

const KEYS = ["a", "config/1", "config/2", "config/1/x", "roles/leader/v/0"];
const PREFIXES = ["", "a", "config/", "config/1", "roles/", "z"];
const IDEMPOTENCY_KEYS_MAX = 4;

class NaiveModel {
  revision = 0;
  readonly documents: Versioned[] = [];
  readonly history: Change[] = [];
  idempotency: { key: string; digest: string; revision: number }[] = [];

  apply(transaction: Transaction): TransactionResult {
    const { preconditions, writes, idempotency } = transaction;
    const known = this.idempotency.find(({ key }) => key === idempotency?.key);
    if (known !== undefined && known.digest === idempotency?.digest) {
      return { kind: "committed", revision: known.revision, repeated: true };
    }
    const { revision } = this;
    if (known !== undefined) return { kind: "idempotencyMismatch", revision };
    for (const precondition of preconditions) {
      const found = this.found(precondition);
      const holds = precondition.kind === "unchanged"
        ? found <= precondition.revision
        : found ===
          (precondition.kind === "absent" ? 0 : precondition.revision);
      if (!holds) return { kind: "conflict", revision, precondition, found };
    }
    this.write(writes);
    if (idempotency !== null) {
      this.idempotency.push({ ...idempotency, revision: this.revision });
      this.idempotency = this.idempotency.slice(-IDEMPOTENCY_KEYS_MAX);
    }
    return { kind: "committed", revision: this.revision, repeated: false };
  }

  found(precondition: Precondition): number {
    if (precondition.kind !== "unchanged") {
      return this.get(precondition.key)?.revision ?? 0;
    }
    return this.revisionUnder(precondition.prefix);
  }

  revisionUnder(prefix: string): number {
    return this.history.findLast(({ key }) => key.startsWith(prefix))
      ?.revision ?? 0;
  }

  get(key: string): Versioned | undefined {
    return this.documents.find((document) => document.key === key);
  }

  list(prefix: string): Versioned[] {
    return this.documents
      .filter(({ key }) => key.startsWith(prefix))
      .sort((a, b) => a.key < b.key ? -1 : 1);
  }

  write(writes: readonly Write[]): void {
    const revision = this.revision + 1;
    const keys = [...new Set(writes.map(({ key }) => key))];
    for (const key of keys) {
      const last = writes.findLast((write) => write.key === key)!;
      const value = last.kind === "put" ? last.value : null;
      const at = this.documents.findIndex((document) => document.key === key);
      const before = this.documents[at];
      if (value === null && before === undefined) continue;
      if (at >= 0) this.documents.splice(at, 1);
      const createdRevision = before?.createdRevision ?? revision;
      if (value !== null) {
        this.documents.push({ key, value, revision, createdRevision });
      }
      const previous = before?.value ?? null;
      this.history.push({ revision, key, value, previous });
      this.revision = revision;
    }
  }
}

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`ClusterState behaves as a naive model does, seed ${seed}`, () => {
    const prng = new Prng(seed);
    const model = new NaiveModel();
    const state = new ClusterState({ feedEvents: 40, idempotencyKeys: 4 });
    const twin = new ClusterState({ feedEvents: 40, idempotencyKeys: 4 });
    for (let step = 0; step < 300; step++) {
      const transaction = deepFreeze(randomTransaction(prng, model));
      const { result, changes } = state.apply(transaction);
      const revisionBefore = model.history.length;
      assertEquals(result, model.apply(transaction));
      assertEquals(changes, model.history.slice(revisionBefore));
      assertEquals(state.revision, model.revision);
      // A replica that reads the log off a disk comes out equal.
      twin.apply(decodeTransaction(encodeTransaction(transaction)));
      assertEquals(state.hash(), twin.hash());
      if (step % 10 === 0) compare(state, model, prng);
    }
    compare(state, model, prng);
  });
}

function compare(state: ClusterState, model: NaiveModel, prng: Prng): void {
  for (const key of KEYS) {
    assertEquals(state.get<Document>(key), model.get(key) ?? null);
  }
  for (const prefix of PREFIXES) {
    assertEquals(state.list<Document>(prefix), model.list(prefix));
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

function randomTransaction(prng: Prng, model: NaiveModel): Transaction {
  const writes = Array.from({ length: prng.below(4) }, (): Write => {
    const key = prng.pick(KEYS);
    return prng.chance(0.6)
      ? { kind: "put", key, value: randomDocument(prng, key) }
      : { kind: "delete", key };
  });
  const preconditions = Array.from(
    { length: prng.below(3) },
    (): Precondition => {
      const revision = prng.between(
        Math.max(0, model.revision - 6),
        model.revision,
      );
      const key = prng.pick(KEYS);
      switch (prng.below(3)) {
        case 0:
          return { kind: "absent", key };
        case 1:
          return {
            kind: "revision",
            key,
            revision: prng.chance(0.7)
              ? model.get(key)?.revision ?? 0
              : revision,
          };
        default:
          return { kind: "unchanged", prefix: prng.pick(PREFIXES), revision };
      }
    },
  );
  const idempotency: Idempotency | null = prng.chance(0.3)
    ? { key: `k${prng.below(6)}`, digest: prng.chance(0.8) ? "d" : "e" }
    : null;
  return { version: 1, preconditions, writes, idempotency };
}

function randomDocument(prng: Prng, key: string): Document {
  if (!key.startsWith("roles/")) {
    return { value: String(prng.below(100)) } satisfies ConfigDocument;
  }
  return {
    kind: "leader",
    scope: "v/0",
    candidates: ["w1", "w2"],
    holder: prng.pick(["w1", "w2", null]),
    fence: prng.below(100),
    sinceMs: 0,
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
