/** How a user's transaction is decided and what its operations find: questions to the state just before it changes. */

import type { Versioned, Write } from "./command.ts";
import type { ConfigDocument, Document } from "./document.ts";
import type {
  Compare,
  OperationResult,
  Relation,
  UserOperation,
} from "./user_transaction.ts";

/** The part of the state that decides. */
export interface Present {
  /** The state's revision; a transaction that puts something makes the next one. */
  readonly revision: number;
  get<T extends Document>(key: string): Versioned<T> | null;
  revisionUnder(prefix: string): number;
}

/** The first comparison that does not hold, counted from 0, or null. */
export function firstFailing(
  present: Present,
  compares: readonly Compare[],
): number | null {
  const at = compares.findIndex((compare) => !holds(present, compare));
  return at < 0 ? null : at;
}

function holds(present: Present, compare: Compare): boolean {
  switch (compare.kind) {
    case "revision": {
      const revision = present.get(compare.key)?.revision ?? 0;
      return isRelated(revision, compare.is, compare.revision);
    }
    case "value": {
      const found = present.get<ConfigDocument>(compare.key)?.value.value;
      return (found === compare.value) === (compare.is === "equal");
    }
    case "unchanged":
      return present.revisionUnder(compare.prefix) <= compare.revision;
  }
}

function isRelated(left: number, is: Relation, right: number): boolean {
  switch (is) {
    case "equal":
      return left === right;
    case "notEqual":
      return left !== right;
    case "less":
      return left < right;
    case "greater":
      return left > right;
  }
}

/** What a branch writes. */
export function writesOf(operations: readonly UserOperation[]): Write[] {
  const writes: Write[] = [];
  for (const operation of operations) {
    const { kind, key } = operation;
    if (kind === "put") {
      writes.push({ kind, key, value: { value: operation.value } });
    } else if (kind === "delete") writes.push({ kind, key });
  }
  return writes;
}

/** What the operations find, in order, each after those before it. No key is written twice. */
export function branchOutcome(
  present: Present,
  operations: readonly UserOperation[],
): OperationResult[] {
  const written = new Map<string, UserOperation>();
  return operations.map((operation): OperationResult => {
    const { kind, key } = operation;
    const before = present.get<ConfigDocument>(key);
    if (kind !== "get") {
      written.set(key, operation);
      return { kind, key, previousRevision: before?.revision ?? 0 };
    }
    const write = written.get(key);
    if (write === undefined) {
      return found(
        key,
        before?.revision ?? 0,
        before?.createdRevision ?? 0,
        before?.value ?? null,
      );
    }
    if (write.kind !== "put") return found(key, 0, 0, null);
    const revision = present.revision + 1;
    const createdRevision = before?.createdRevision ?? revision;
    return found(key, revision, createdRevision, { value: write.value });
  });
}

function found(
  key: string,
  revision: number,
  createdRevision: number,
  value: ConfigDocument | null,
): OperationResult {
  return { kind: "get", key, revision, createdRevision, value };
}
