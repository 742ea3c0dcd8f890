/**
 * The replicated state machine: a revisioned map of documents that only
 * transactions change. Every monitor applies the same transactions in the same
 * order and must come out equal, so this is deterministic and total: nothing
 * that {@link decodeTransaction} lets through makes `apply` throw.
 */

import { assert, LIMITS } from "../base/mod.ts";
import { ChangeFeed } from "./change_feed.ts";
import type {
  Change,
  Precondition,
  Transaction,
  TransactionResult,
  Versioned,
  Write,
} from "./command.ts";
import { contentHash, mix } from "./content_hash.ts";
import type { Document, RoleDocument } from "./document.ts";
import { HolderIndex } from "./holder_index.ts";
import { IdempotencyLog, type IdempotencyRecord } from "./idempotency_log.ts";
import { OrderedMap, type Range } from "./ordered_map.ts";
import { Tombstones } from "./tombstones.ts";

/** How much of the past a state keeps. All monitors of a cluster must agree. */
export interface StateOptions {
  /** Changes kept for watchers. */
  readonly feedEvents?: number;
  readonly idempotencyKeys?: number;
  /** Deletions whose revision is remembered by key. */
  readonly tombstones?: number;
}

/** What a transaction did. */
export interface Applied {
  readonly result: TransactionResult;
  /** In the order of the writes, at most one for each key; empty when nothing changed. */
  readonly changes: readonly Change[];
}

/** The documents as of `revision`, with what preconditions, retries and watchers need of the past. */
export class ClusterState {
  readonly #documents = new OrderedMap<Versioned>();
  readonly #tombstones: Tombstones;
  readonly #idempotency: IdempotencyLog;
  readonly #feed: ChangeFeed;
  readonly #holders = new HolderIndex();
  #revision = 0;
  /** The sum of all documents' hashes: independent of their order. */
  #documentsHash = 0;

  constructor(options: StateOptions = {}) {
    this.#feed = new ChangeFeed(options.feedEvents ?? LIMITS.changeFeedEvents);
    this.#idempotency = new IdempotencyLog(
      options.idempotencyKeys ?? LIMITS.idempotencyKeys,
    );
    this.#tombstones = new Tombstones(options.tombstones ?? LIMITS.tombstones);
  }

  /** Counts up by one with each transaction that changed something. */
  get revision(): number {
    return this.#revision;
  }

  /** How many documents there are. */
  get size(): number {
    return this.#documents.size;
  }

  /** The lowest revision that {@link changesSince} can begin from. */
  get oldestRevision(): number {
    return this.#feed.oldestRevision;
  }

  /** The document under a key, or null. */
  get<T extends Document>(key: string): Versioned<T> | null {
    return (this.#documents.get(key) as Versioned<T> | undefined) ?? null;
  }

  /** The documents whose key begins with `prefix`, sorted by key. */
  list<T extends Document>(
    prefix: string,
    options: Range = {},
  ): Versioned<T>[] {
    return this.#documents.list(prefix, options) as Versioned<T>[];
  }

  /**
   * The last revision at which something under `prefix` was put or deleted; 0
   * for never. Very old deletions are forgotten by key, never by revision:
   * then the answer may be too new, but never too old.
   */
  revisionUnder(prefix: string): number {
    return Math.max(
      this.#documents.newestUnder(prefix),
      this.#tombstones.newestUnder(prefix),
    );
  }

  /** The roles that a worker holds, sorted by key. */
  rolesHeldBy(worker: string): Versioned<RoleDocument>[] {
    return this.#holders.rolesOf(worker).map((key) => {
      const role = this.get<RoleDocument>(key);
      assert(role !== null, "the index of holders names roles that stand");
      return role;
    });
  }

  /** What the transaction with this idempotency key did, while it is remembered. */
  idempotencyOf(key: string): IdempotencyRecord | null {
    return this.#idempotency.get(key);
  }

  /** The changes after `revision` under `prefix`, oldest first, or `compacted`. */
  changesSince(
    revision: number,
    prefix: string,
  ): readonly Change[] | "compacted" {
    return this.#feed.since(revision, prefix);
  }

  /** Equal for equal states, whatever led to them. */
  hash(): number {
    let hash = mix(this.#revision, this.#documentsHash);
    hash = mix(hash, this.#tombstones.hash());
    return mix(hash, this.#idempotency.hash());
  }

  /** Applies one committed transaction, whole or not at all. Null stands for an entry that could not be decoded. */
  apply(transaction: Transaction | null): Applied {
    if (transaction === null || transaction.version !== 1) {
      return refusal({ kind: "unknown", revision: this.#revision });
    }
    const { idempotency } = transaction;
    const earlier = idempotency === null
      ? null
      : this.#idempotency.get(idempotency.key);
    if (earlier !== null && idempotency !== null) {
      return refusal(
        earlier.digest === idempotency.digest
          ? { kind: "committed", revision: earlier.revision, repeated: true }
          : { kind: "idempotencyMismatch", revision: this.#revision },
      );
    }
    for (const precondition of transaction.preconditions) {
      const found = this.#breach(precondition);
      if (found === null) continue;
      const revision = this.#revision;
      return refusal({ kind: "conflict", revision, precondition, found });
    }
    const changes = this.#write(transaction.writes);
    if (idempotency !== null) {
      this.#idempotency.add(idempotency, this.#revision);
    }
    const revision = this.#revision;
    return {
      result: { kind: "committed", revision, repeated: false },
      changes,
    };
  }

  /** Null when the precondition holds, else the revision found instead. */
  #breach(precondition: Precondition): number | null {
    if (precondition.kind === "unchanged") {
      const found = this.revisionUnder(precondition.prefix);
      return found <= precondition.revision ? null : found;
    }
    const found = this.#documents.get(precondition.key)?.revision ?? 0;
    const wanted = precondition.kind === "absent" ? 0 : precondition.revision;
    return found === wanted ? null : found;
  }

  #write(writes: readonly Write[]): Change[] {
    // The last write to a key is the one that counts.
    const effective = new Map<string, Document | null>();
    for (const write of writes) {
      effective.set(write.key, write.kind === "put" ? write.value : null);
    }
    const revision = this.#revision + 1;
    const changes: Change[] = [];
    for (const [key, value] of effective) {
      const previous = this.#documents.get(key);
      if (value === null && previous === undefined) continue;
      if (previous !== undefined) this.#forget(previous);
      if (value !== null) {
        this.#remember({
          key,
          value,
          revision,
          createdRevision: previous?.createdRevision ?? revision,
        });
      } else {
        this.#documents.delete(key);
        this.#tombstones.add(key, revision);
      }
      this.#holders.change(key, previous?.value ?? null, value);
      changes.push({ revision, key, value, previous: previous?.value ?? null });
    }
    if (changes.length > 0) {
      this.#revision = revision;
      this.#feed.append(revision, changes);
    }
    return changes;
  }

  #remember(document: Versioned): void {
    this.#documents.set(document.key, document);
    this.#tombstones.remove(document.key);
    this.#documentsHash = (this.#documentsHash + documentHash(document)) | 0;
  }

  #forget(document: Versioned): void {
    this.#documentsHash = (this.#documentsHash - documentHash(document)) | 0;
  }
}

function refusal(result: TransactionResult): Applied {
  return { result, changes: [] };
}

function documentHash(document: Versioned): number {
  let hash = mix(contentHash(document.key), contentHash(document.value));
  hash = mix(hash, document.revision);
  return mix(hash, document.createdRevision);
}
