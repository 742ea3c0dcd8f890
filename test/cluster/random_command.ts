/** Random commands over a handful of keys, so that they meet one another. */

import type { Prng } from "../../src/base/mod.ts";
import {
  type Command,
  type Compare,
  type ConfigDocument,
  type Document,
  type Idempotency,
  type Precondition,
  type Transaction,
  twiceWritten,
  type UserOperation,
  type UserTransaction,
  type Write,
} from "../../src/cluster/mod.ts";
import type { NaiveModel } from "./naive_model.ts";

/** The keys that commands touch. */
export const KEYS = [
  "a",
  "config/1",
  "config/2",
  "config/1/x",
  "roles/leader/v/0",
];
/** Prefixes that such keys have, and one that they have not. */
export const PREFIXES = ["", "a", "config/", "config/1", "roles/", "z"];

/** A new command, or one of the last few once more. */
export function randomCommand(
  prng: Prng,
  model: NaiveModel,
  earlier: Command[],
): Command {
  if (earlier.length > 0 && prng.chance(0.2)) return prng.pick(earlier);
  const unstamped = prng.chance(0.5)
    ? randomTransaction(prng, model)
    : randomUserTransaction(prng, model);
  const command = prng.chance(0.5)
    ? { ...unstamped, atMs: prng.below(1_000_000) }
    : unstamped;
  if (command.idempotency !== null) earlier.unshift(command);
  earlier.splice(6);
  return command;
}

function randomUserTransaction(prng: Prng, model: NaiveModel): UserTransaction {
  const configKeys = KEYS.filter((key) => key.startsWith("config/"));
  const revision = (key: string): number =>
    prng.chance(0.6)
      ? model.get(key)?.revision ?? 0
      : prng.below(model.revision + 1);
  const compares = Array.from({ length: prng.below(3) }, (): Compare => {
    const key = prng.pick(configKeys);
    switch (prng.below(3)) {
      case 0: {
        const is = prng.pick(["equal", "notEqual", "less", "greater"] as const);
        return { kind: "revision", key, is, revision: revision(key) };
      }
      case 1: {
        const is = prng.pick(["equal", "notEqual"] as const);
        return { kind: "value", key, is, value: randomValue(prng) };
      }
      default: {
        const prefix = prng.pick(["config/", "config/1", "config/zz"]);
        return {
          kind: "unchanged",
          prefix,
          revision: prng.between(
            Math.max(0, model.revision - 4),
            model.revision,
          ),
        };
      }
    }
  });
  return {
    version: 2,
    compares,
    then: randomOperations(prng, configKeys),
    else: randomOperations(prng, configKeys),
    idempotency: randomIdempotency(prng),
  };
}

function randomOperations(
  prng: Prng,
  keys: readonly string[],
): UserOperation[] {
  const operations = Array.from(
    { length: prng.below(5) },
    (): UserOperation => {
      const key = prng.pick(keys);
      switch (prng.below(3)) {
        case 0:
          return { kind: "put", key, value: randomValue(prng) };
        case 1:
          return { kind: "delete", key };
        default:
          return { kind: "get", key };
      }
    },
  );
  for (
    let at = twiceWritten(operations);
    at !== null;
    at = twiceWritten(operations)
  ) operations.splice(at, 1);
  return operations;
}

/** Few, so that comparisons hold often; some long enough to strain the quota. */
function randomValue(prng: Prng): string {
  return prng.pick(["", "a", "ü", "x".repeat(60), "€".repeat(60)]);
}

/** One digest belongs to one request, as in the API. */
function randomIdempotency(prng: Prng): Idempotency | null {
  return prng.chance(0.4)
    ? { key: `k${prng.below(6)}`, digest: String(prng.next()) }
    : null;
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
  const idempotency = randomIdempotency(prng);
  return { version: 1, preconditions, writes, idempotency };
}

function randomDocument(prng: Prng, key: string): Document {
  if (!key.startsWith("roles/")) {
    return { value: randomValue(prng) } satisfies ConfigDocument;
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
