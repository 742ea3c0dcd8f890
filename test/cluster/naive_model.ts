/** The replicated state as plain lists: slow, and plain to see right. */

import { utf8 } from "../../src/base/mod.ts";
import type {
  Change,
  Command,
  Compare,
  ConfigDocument,
  Idempotency,
  OperationResult,
  Precondition,
  TransactionResult,
  UserOperation,
  UserOutcome,
  Versioned,
  Write,
} from "../../src/cluster/mod.ts";

/** How many idempotency keys the model remembers. */
export const IDEMPOTENCY_KEYS_MAX = 4;
/** Room for the three keys under `config/` with short values only. */
export const QUOTA = 560;

/** Keeps everything, and looks through all of it on each question. */
export class NaiveModel {
  revision = 0;
  readonly documents: Versioned[] = [];
  readonly history: Change[] = [];
  idempotency: (Idempotency & {
    revision: number;
    outcome: { outcome?: UserOutcome };
  })[] = [];

  apply(command: Command): TransactionResult {
    const { idempotency } = command;
    const known = this.idempotency.find(({ key }) => key === idempotency?.key);
    if (known !== undefined && known.digest === idempotency?.digest) {
      const { revision, outcome } = known;
      return { kind: "committed", revision, repeated: true, ...outcome };
    }
    const { revision } = this;
    if (known !== undefined) return { kind: "idempotencyMismatch", revision };
    let writes: readonly Write[];
    let outcome: { outcome?: UserOutcome } = {};
    if (command.version === 1) {
      for (const precondition of command.preconditions) {
        const found = this.found(precondition);
        const holds = precondition.kind === "unchanged"
          ? found <= precondition.revision
          : found ===
            (precondition.kind === "absent" ? 0 : precondition.revision);
        if (!holds) return { kind: "conflict", revision, precondition, found };
      }
      writes = command.writes;
    } else {
      const failed = command.compares.findIndex((one) => !this.holds(one));
      const branch = failed < 0 ? command.then : command.else;
      writes = branch.flatMap((one): Write[] => {
        if (one.kind === "get") return [];
        if (one.kind === "delete") return [{ kind: "delete", key: one.key }];
        return [{ kind: "put", key: one.key, value: { value: one.value } }];
      });
      const failedCompare = failed < 0 ? null : failed;
      outcome = { outcome: { failedCompare, results: this.results(branch) } };
    }
    const usedBytes = sizeOf(this.documents);
    const after = this.copy();
    after.write(writes);
    const neededBytes = sizeOf(after.documents);
    if (neededBytes > QUOTA && neededBytes > usedBytes) {
      const quotaBytes = QUOTA;
      return {
        kind: "quotaExceeded",
        revision,
        usedBytes,
        neededBytes,
        quotaBytes,
      };
    }
    this.write(writes, command.atMs);
    if (idempotency !== null) {
      this.idempotency.push({
        ...idempotency,
        revision: this.revision,
        outcome,
      });
      this.idempotency = this.idempotency.slice(-IDEMPOTENCY_KEYS_MAX);
    }
    const reached = this.revision;
    return {
      kind: "committed",
      revision: reached,
      repeated: false,
      ...outcome,
    };
  }

  copy(): NaiveModel {
    const copy = new NaiveModel();
    copy.revision = this.revision;
    copy.documents.push(...this.documents);
    return copy;
  }

  holds(compare: Compare): boolean {
    if (compare.kind === "unchanged") {
      return this.revisionUnder(compare.prefix) <= compare.revision;
    }
    const found = this.get(compare.key);
    if (compare.kind === "value") {
      const value = (found?.value as ConfigDocument | undefined)?.value;
      return compare.is === "equal"
        ? value === compare.value
        : value !== compare.value;
    }
    const sign = Math.sign((found?.revision ?? 0) - compare.revision);
    switch (compare.is) {
      case "equal":
        return sign === 0;
      case "notEqual":
        return sign !== 0;
      case "less":
        return sign < 0;
      case "greater":
        return sign > 0;
    }
  }

  /** Carries out one operation after the other on a copy, all within one revision. */
  results(operations: readonly UserOperation[]): OperationResult[] {
    const results: OperationResult[] = [];
    for (const [at, { kind, key }] of operations.entries()) {
      const before = this.copy();
      before.write(
        operations.slice(0, at).flatMap((one): Write[] =>
          one.kind === "put"
            ? [{ kind: "put", key: one.key, value: { value: one.value } }]
            : one.kind === "delete"
            ? [{ kind: "delete", key: one.key }]
            : []
        ),
      );
      const found = before.get(key) as Versioned<ConfigDocument> | undefined;
      results.push(
        kind !== "get"
          ? { kind, key, previousRevision: this.get(key)?.revision ?? 0 }
          : {
            kind,
            key,
            revision: found?.revision ?? 0,
            createdRevision: found?.createdRevision ?? 0,
            value: found?.value ?? null,
          },
      );
    }
    return results;
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

  replay({ revision, key, value }: Change): void {
    this.revision = revision - 1;
    this.write([
      value === null ? { kind: "delete", key } : { kind: "put", key, value },
    ]);
  }

  write(writes: readonly Write[], atMs: number | null = null): void {
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
      const previous = before ?? null;
      this.history.push({ revision, key, value, previous, atMs });
      this.revision = revision;
    }
  }
}

/** What the documents count, by the definition. */
export function sizeOf(documents: readonly Versioned[]): number {
  let bytes = 0;
  for (const { key, value } of documents) {
    if (!key.startsWith("config/")) continue;
    bytes += 128 + utf8(key.slice("config/".length)).length +
      utf8((value as ConfigDocument).value).length;
  }
  return bytes;
}
