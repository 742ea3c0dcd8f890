/**
 * A whole state as bytes, in parts of bounded size: what is kept in a snapshot
 * file and sent to a monitor that lags too far behind. It carries exactly what
 * `hash()` covers, in an order that depends on the state alone, and the hash
 * itself: equal states give equal bytes, and a state that does not come out
 * with the hash it went in with is refused.
 *
 * A part is a tag (one byte) and items, each a length (u32, big-endian) and a
 * MessagePack array:
 *
 *   1 head         one: [version, revision, hash, documents, idempotency sequence]
 *   2 tombstones   [key, revision], oldest first
 *   3 forgotten    [collection, revision], sorted
 *   4 idempotency  [key, digest, revision, sequence, outcome or null], oldest first
 *   5 documents    [key, value, revision, created revision], sorted
 *   6 end          none
 */

import { concat, decode, encode, LIMITS } from "../base/mod.ts";
import type { Versioned } from "./command.ts";
import type { Document } from "./document.ts";
import type { IdempotencyRecord } from "./idempotency_log.ts";
import { ClusterState, type StateOptions } from "./state.ts";
import type { StateCapture, Tombstone } from "./state_capture.ts";
import type { PackedOutcome } from "./user_transaction.ts";

/** The format that this version writes; readers refuse what they do not know. */
export const SNAPSHOT_VERSION = 1;

/** A part is closed once it is so long; one document alone may make it longer. */
export const SNAPSHOT_PART_BYTES = 64 * 1024;

/** No part is longer: one document is at most as long as the command that wrote it. */
export const SNAPSHOT_PART_BYTES_MAX = SNAPSHOT_PART_BYTES +
  LIMITS.commandBytes + 1024;

const DOCUMENTS_AT_ONCE = 64;

const TAGS = {
  head: 1,
  tombstones: 2,
  forgotten: 3,
  idempotency: 4,
  documents: 5,
  end: 6,
} as const;

/** Bytes that are no snapshot of a version known here, or not a whole one. */
export class MalformedSnapshot extends Error {
  override readonly name = "MalformedSnapshot";
}

/** A snapshot that a later version of gmon made. */
export class UnknownSnapshot extends Error {
  override readonly name = "UnknownSnapshot";
  /** The format that it has. */
  readonly version: number;

  constructor(version: number) {
    super(`this snapshot has format ${version}, not ${SNAPSHOT_VERSION}`);
    this.version = version;
  }
}

/**
 * The parts of the state as it is now, made one at a time while the state goes
 * on. Ending the iteration early lets go of the state.
 */
export function encodeSnapshot(
  state: ClusterState,
): IterableIterator<Uint8Array> {
  // At once, not at the first `next`: the moment of the call is what counts.
  const capture = state.capture();
  return partsOf(capture);
}

function* partsOf(capture: StateCapture): Generator<Uint8Array, void> {
  const { past } = capture;
  try {
    yield part(TAGS.head, [encode([
      SNAPSHOT_VERSION,
      capture.revision,
      capture.hash,
      capture.size,
      past.idempotencySequence,
    ])]);
    yield* batched(
      TAGS.tombstones,
      past.tombstones.map(({ key, revision }) => [key, revision]),
    );
    yield* batched(TAGS.forgotten, past.forgotten);
    yield* batched(
      TAGS.idempotency,
      past.idempotency.map(([key, record]) => [
        key,
        record.digest,
        record.revision,
        record.sequence,
        record.outcome,
      ]),
    );
    yield* batched(TAGS.documents, documentsOf(capture));
    yield part(TAGS.end, []);
  } finally {
    capture.close();
  }
}

function* documentsOf(capture: StateCapture): Generator<unknown[]> {
  while (true) {
    const documents = capture.next(DOCUMENTS_AT_ONCE);
    if (documents.length === 0) return;
    for (const { key, value, revision, createdRevision } of documents) {
      yield [key, value, revision, createdRevision];
    }
  }
}

function* batched(
  tag: number,
  rows: Iterable<readonly unknown[]>,
): Generator<Uint8Array> {
  let items: Uint8Array[] = [];
  let bytes = 0;
  for (const row of rows) {
    const item = encode(row);
    items.push(item);
    bytes += item.length;
    if (bytes < SNAPSHOT_PART_BYTES) continue;
    yield part(tag, items);
    items = [];
    bytes = 0;
  }
  if (items.length > 0) yield part(tag, items);
}

function part(tag: number, items: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = [new Uint8Array([tag])];
  for (const item of items) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, item.length);
    pieces.push(length, item);
  }
  return concat(pieces);
}

interface Head {
  readonly revision: number;
  readonly hash: number;
  readonly documents: number;
  readonly sequence: number;
}

/** Makes a state out of the parts of a snapshot, one at a time and in order. */
export class SnapshotDecoder {
  readonly #state: ClusterState;
  #head: Head | null = null;
  readonly #tombstones: Tombstone[] = [];
  readonly #forgotten: [string, number][] = [];
  readonly #idempotency: [string, IdempotencyRecord][] = [];
  #pastRestored = false;
  #lastTag = 0;
  #lastKey = "";

  /** `options` must be those of the state that was encoded. */
  constructor(options: StateOptions = {}) {
    this.#state = new ClusterState(options);
  }

  /** Takes the next part. Throws {@link MalformedSnapshot} or {@link UnknownSnapshot}; it is then of no use any more. */
  push(bytes: Uint8Array): void {
    const tag = bytes[0] ?? 0;
    if (tag < this.#lastTag || this.#lastTag === TAGS.end) {
      refuse("its parts are out of order");
    }
    this.#lastTag = tag;
    if ((this.#head === null) !== (tag === TAGS.head)) {
      refuse("it has not one beginning");
    }
    for (const item of itemsOf(bytes)) this.#take(tag, item);
  }

  /** The whole state. Throws {@link MalformedSnapshot} when something is missing. */
  finish(): ClusterState {
    if (this.#head === null || this.#lastTag !== TAGS.end) {
      refuse("its end is missing");
    }
    this.#restorePast();
    if (this.#state.size !== this.#head.documents) {
      refuse(
        `it has ${this.#state.size} documents instead of ${this.#head.documents}`,
      );
    }
    if (this.#state.hash() !== this.#head.hash) {
      refuse("the state does not have the hash it was saved with");
    }
    return this.#state;
  }

  #take(tag: number, row: unknown[]): void {
    switch (tag) {
      case TAGS.head:
        this.#begin(row);
        break;
      case TAGS.tombstones:
        this.#tombstones.push(tombstoneOf(row));
        break;
      case TAGS.forgotten: {
        const { key, revision } = tombstoneOf(row);
        this.#forgotten.push([key, revision]);
        break;
      }
      case TAGS.idempotency:
        this.#idempotency.push(recordOf(row));
        break;
      case TAGS.documents:
        this.#restore(documentOf(row));
        break;
      default:
        refuse(`it has a part of unknown kind ${tag}`);
    }
  }

  #restore(document: Versioned): void {
    if (document.key <= this.#lastKey) refuse("its keys are out of order");
    this.#lastKey = document.key;
    // Before the first document: a tombstone goes when its key exists again.
    this.#restorePast();
    this.#state.restoreDocument(document);
  }

  /** Once all of it is here. */
  #restorePast(): void {
    if (this.#pastRestored || this.#head === null) return;
    this.#pastRestored = true;
    this.#state.restorePast(this.#head.revision, {
      tombstones: this.#tombstones,
      forgotten: this.#forgotten,
      idempotency: this.#idempotency,
      idempotencySequence: this.#head.sequence,
    });
  }

  #begin(row: unknown[]): void {
    const [version, revision, hash, documents, sequence] = row;
    if (isCount(version) && version !== SNAPSHOT_VERSION) {
      throw new UnknownSnapshot(version);
    }
    if (
      version !== SNAPSHOT_VERSION || this.#head !== null || row.length !== 5 ||
      !isCount(revision) ||
      !isCount(hash) || !isCount(documents) || !isCount(sequence)
    ) refuse("its beginning is malformed");
    this.#head = { revision, hash, documents, sequence };
  }
}

/** The state in the parts of a snapshot. Throws {@link MalformedSnapshot}. */
export function decodeSnapshot(
  parts: Iterable<Uint8Array>,
  options: StateOptions = {},
): ClusterState {
  const decoder = new SnapshotDecoder(options);
  for (const part of parts) decoder.push(part);
  return decoder.finish();
}

function* itemsOf(bytes: Uint8Array): Generator<unknown[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 1;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) refuse("an item is cut off");
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) refuse("an item is cut off");
    yield rowOf(bytes.subarray(at + 4, end));
    at = end;
  }
}

function rowOf(item: Uint8Array): unknown[] {
  let row: unknown;
  try {
    row = decode(item);
  } catch {
    refuse("an item is malformed");
  }
  return Array.isArray(row) ? row : refuse("an item is malformed");
}

function tombstoneOf(row: unknown[]): Tombstone {
  const [key, revision] = row;
  if (row.length !== 2 || typeof key !== "string" || !isCount(revision)) {
    refuse("a deletion is malformed");
  }
  return { key, revision };
}

function recordOf(row: unknown[]): [string, IdempotencyRecord] {
  const [key, digest, revision, sequence, outcome] = row;
  if (
    row.length !== 5 || typeof key !== "string" ||
    typeof digest !== "string" || !isCount(revision) || !isCount(sequence) ||
    !(outcome === null || isOutcome(outcome))
  ) refuse("an idempotency key is malformed");
  return [key, { digest, revision, sequence, outcome }];
}

function documentOf(row: unknown[]): Versioned {
  const [key, value, revision, createdRevision] = row;
  if (
    row.length !== 4 || typeof key !== "string" || typeof value !== "object" ||
    value === null || !isCount(revision) || !isCount(createdRevision)
  ) refuse("a document is malformed");
  return { key, value: value as Document, revision, createdRevision };
}

function isOutcome(value: unknown): value is PackedOutcome {
  return Array.isArray(value) && value.every(Number.isSafeInteger);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function refuse(why: string): never {
  throw new MalformedSnapshot(`this is no snapshot: ${why}`);
}
