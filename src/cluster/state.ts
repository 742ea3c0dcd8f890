/**
 * The replicated state machine: a revisioned map of documents that only
 * transactions change. Every monitor applies the same transactions in the same
 * order and must come out equal, so this is deterministic and total: nothing
 * that {@link decodeTransaction} lets through makes `apply` throw.
 */

import { assert, LIMITS } from "../base/mod.ts";
import { ChangeFeed } from "./change_feed.ts";
import {
  type Change,
  type Command,
  type Idempotency,
  type Precondition,
  type Transaction,
  type TransactionResult,
  type Versioned,
  versionOf,
  type Write,
} from "./command.ts";
import { type ClusterSettings, ConfigQuota } from "./config_quota.ts";
import { documentHash, mix } from "./content_hash.ts";
import type { ConfigDocument, Document, RoleDocument } from "./document.ts";
import { HolderIndex } from "./holder_index.ts";
import { IdempotencyLog, type IdempotencyRecord } from "./idempotency_log.ts";
import { OrderedMap, type Range } from "./ordered_map.ts";
import { rangeBefore } from "./past_range.ts";
import { type CapturedPast, StateCapture } from "./state_capture.ts";
import { changesBetween } from "./state_difference.ts";
import { Tombstones } from "./tombstones.ts";
import { branchOutcome, firstFailing, writesOf } from "./user_branch.ts";
import {
  branchOf,
  packOutcome,
  unpackOutcome,
  type UserTransaction,
} from "./user_transaction.ts";

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
  readonly #feedEvents: number;
  readonly #captures = new Set<StateCapture>();
  #documents = new OrderedMap<Versioned>();
  #tombstones: Tombstones;
  #idempotency: IdempotencyLog;
  #feed: ChangeFeed;
  #holders = new HolderIndex();
  #revision = 0;
  /** The sum of all documents' hashes: independent of their order. */
  #documentsHash = 0;
  #quota = new ConfigQuota();

  constructor(options: StateOptions = {}) {
    this.#feedEvents = options.feedEvents ?? LIMITS.changeFeedEvents;
    this.#feed = new ChangeFeed(this.#feedEvents);
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

  /** How many documents {@link list} finds without a limit, in O(√n). */
  count(prefix: string, range: Range = {}): number {
    return this.#documents.count(prefix, range);
  }

  /** What {@link list} found at a past revision; `compacted` when the changes since then are not kept any more. */
  listAt<T extends Document>(
    revision: number,
    prefix: string,
    range: Range = {},
  ): Versioned<T>[] | "compacted" {
    if (this.revisionUnder(prefix) <= revision) return this.list(prefix, range);
    const changes = this.#feed.since(revision, prefix);
    if (changes === "compacted") return "compacted";
    return rangeBefore(
      changes,
      range,
      (part) => this.list(prefix, part),
    ) as Versioned<T>[];
  }

  /** What the users' keys count towards their quota. */
  get configBytes(): number {
    return this.#quota.usedBytes;
  }

  /** What the cluster's document settles. */
  get settings(): ClusterSettings {
    return this.#quota.settings;
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

  /**
   * The changes after `revision` under `prefix`, oldest first, or `compacted`.
   * No further revision is begun once `limit` changes are found.
   */
  changesSince(
    revision: number,
    prefix: string,
    limit?: number,
  ): readonly Change[] | "compacted" {
    return this.#feed.since(revision, prefix, limit);
  }

  /** Equal for equal states, whatever led to them. */
  hash(): number {
    let hash = mix(this.#revision, this.#documentsHash);
    hash = mix(hash, this.#quota.usedBytes);
    hash = mix(hash, this.#tombstones.hash());
    return mix(hash, this.#idempotency.hash());
  }

  /**
   * The state as it is now, to be read in pieces while it goes on. Costs a
   * copy of what is remembered of the past; close it when it is of no use.
   */
  capture(): StateCapture {
    const capture: StateCapture = new StateCapture(
      this.#documents,
      { revision: this.#revision, hash: this.hash() },
      {
        tombstones: this.#tombstones.list(),
        forgotten: this.#tombstones.listForgotten(),
        idempotency: this.#idempotency.list(),
        idempotencySequence: this.#idempotency.sequence,
      },
      () => this.#captures.delete(capture),
    );
    this.#captures.add(capture);
    return capture;
  }

  /**
   * Becomes what `other` is, which must not be used any more; readers that
   * hold this state go on with it. Answers what differs, as changes of the new
   * revision. Watchers of earlier revisions are told `compacted`.
   */
  become(other: ClusterState): Change[] {
    const changes = changesBetween(this, other);
    // Captures go on reading what stands here no more: nobody changes it now.
    this.#captures.clear();
    this.#documents = other.#documents;
    this.#tombstones = other.#tombstones;
    this.#idempotency = other.#idempotency;
    this.#holders = other.#holders;
    this.#revision = other.#revision;
    this.#documentsHash = other.#documentsHash;
    this.#quota = other.#quota;
    this.#feed = new ChangeFeed(this.#feedEvents, other.#revision);
    return changes;
  }

  /** Only for `snapshot_codec.ts`, on a state that nothing was applied to. */
  restorePast(revision: number, past: CapturedPast): void {
    this.#revision = revision;
    this.#feed = new ChangeFeed(this.#feedEvents, revision);
    this.#tombstones.restore(past.tombstones, past.forgotten);
    this.#idempotency.restore(past.idempotency, past.idempotencySequence);
  }

  /** Only for `snapshot_codec.ts`. */
  restoreDocument(document: Versioned): void {
    this.#remember(document);
    this.#holders.change(document.key, null, document.value);
  }

  /** Applies one committed command, whole or not at all. Null stands for an entry that could not be decoded. */
  apply(command: Command | null): Applied {
    // A version that is not in use yet is refused by those that know it, too:
    // the monitors that do not know it can do nothing else.
    if (
      command === null || versionOf(command) > this.settings.commandVersion
    ) {
      return refusal({ kind: "unknown", revision: this.#revision });
    }
    return this.#repeated(command) ??
      (command.version === 1
        ? this.#applyTransaction(command)
        : this.#applyUserTransaction(command));
  }

  /** What an earlier command with the same idempotency key did, or null. */
  #repeated(command: Command): Applied | null {
    const { idempotency } = command;
    if (idempotency === null) return null;
    const earlier = this.#idempotency.get(idempotency.key);
    if (earlier === null) return null;
    if (earlier.digest !== idempotency.digest) {
      const { revision } = this;
      return refusal({ kind: "idempotencyMismatch", revision });
    }
    const { revision } = earlier;
    const outcome = earlier.outcome === null || command.version === 1
      ? null
      : unpackOutcome(
        earlier.outcome,
        command,
        (key, at) => this.#valueAt(key, at),
      );
    return refusal({
      kind: "committed",
      revision,
      repeated: true,
      ...(outcome === null ? {} : { outcome }),
    });
  }

  #applyTransaction(transaction: Transaction): Applied {
    for (const precondition of transaction.preconditions) {
      const found = this.#breach(precondition);
      if (found === null) continue;
      const revision = this.#revision;
      return refusal({ kind: "conflict", revision, precondition, found });
    }
    const excess = this.#excess(transaction.writes);
    if (excess !== null) return refusal(excess);
    const changes = this.#write(transaction.writes, transaction.atMs);
    this.#note(transaction.idempotency, null);
    const revision = this.#revision;
    return {
      result: { kind: "committed", revision, repeated: false },
      changes,
    };
  }

  #applyUserTransaction(transaction: UserTransaction): Applied {
    const failedCompare = firstFailing(this, transaction.compares);
    const operations = branchOf(transaction, failedCompare);
    const writes = writesOf(operations);
    const excess = this.#excess(writes);
    if (excess !== null) return refusal(excess);
    const results = branchOutcome(this, operations);
    const changes = this.#write(writes, transaction.atMs);
    const outcome = { failedCompare, results };
    this.#note(transaction.idempotency, packOutcome(outcome));
    const revision = this.#revision;
    return {
      result: { kind: "committed", revision, repeated: false, outcome },
      changes,
    };
  }

  #note(
    idempotency: Idempotency | null,
    outcome: readonly number[] | null,
  ): void {
    if (idempotency === null) return;
    this.#idempotency.add(idempotency, this.#revision, outcome);
  }

  #excess(writes: readonly Write[]): TransactionResult | null {
    const excess = this.#quota.excess(
      writes,
      (key) => this.#documents.get(key)?.value ?? null,
    );
    return excess &&
      { kind: "quotaExceeded", revision: this.#revision, ...excess };
  }

  /** What a key held as of one of its revisions, while that is known. */
  #valueAt(key: string, revision: number): ConfigDocument | null {
    const now = this.#documents.get(key);
    if (now?.revision === revision) return now.value as ConfigDocument;
    const change = this.#feed.at(revision).find((one) => one.key === key);
    return change?.value as ConfigDocument | undefined ?? null;
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

  #write(writes: readonly Write[], atMs: number | null = null): Change[] {
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
      changes.push({ revision, key, value, previous: previous ?? null, atMs });
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
    this.#quota.add(document.key, document.value);
  }

  #forget(document: Versioned): void {
    for (const capture of this.#captures) capture.replaced(document);
    this.#documentsHash = (this.#documentsHash - documentHash(document)) | 0;
    this.#quota.remove(document.key, document.value);
  }
}

function refusal(result: TransactionResult): Applied {
  return { result, changes: [] };
}
