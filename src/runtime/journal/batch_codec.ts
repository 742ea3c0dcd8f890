/**
 * The body of a journal record: the batches of one group commit, in order.
 * Commands are copied as they are; nothing is encoded twice.
 *
 * A body is a list of parts. `1`: term u64, length u16 and UTF-8 of the vote
 * (0xffff: none). `2`: count u32, then for each entry index u64, term u64,
 * kind u8, length u32, data. `3`: index u64, term u64 of the log's last entry
 * so far; it stands at the front of a segment, so that those before it can go.
 * `4`: index u64, term u64: all entries so far are void, and the log goes on
 * behind this one. All numbers are big-endian.
 */

import { assert, text, utf8 } from "../../base/mod.ts";
import type { Entry, HardState, PersistBatch } from "../../raft/mod.ts";

const HARD_STATE_PART = 1;
const ENTRIES_PART = 2;
const POSITION_PART = 3;
const RESTART_PART = 4;
const NO_VOTE = 0xffff;
const ENTRY_HEAD_BYTES = 21;
const POSITION_BYTES = 17;
const NO_DATA = new Uint8Array();

/** In the order of their numbers on disk: never change, only add. */
const ENTRY_KINDS: readonly Entry["kind"][] = [
  "command",
  "noop",
  "configuration",
];

/** A place in the log: that of an entry. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

/** One part of a body. */
export type BatchPart =
  | { readonly kind: "hardState"; readonly hardState: HardState }
  | { readonly kind: "entries"; readonly entries: readonly Entry[] }
  | { readonly kind: "position"; readonly position: LogPosition }
  | { readonly kind: "restart"; readonly position: LogPosition };

/** What a segment begins with: all that the ones before it say beside entries. */
export interface SegmentLead {
  readonly hardState: HardState | null;
  readonly position: LogPosition;
}

/** How many bytes a batch takes in a body. */
export function batchSize(batch: PersistBatch): number {
  let size = batch.hardState === null ? 0 : hardStateSize(batch.hardState);
  if (batch.restart !== undefined) size += POSITION_BYTES;
  if (batch.entries.length > 0) size += 5;
  for (const entry of batch.entries) {
    size += ENTRY_HEAD_BYTES + entry.data.length;
  }
  return size;
}

/** How many bytes the lead of a segment takes in a body. */
export function leadSize(lead: SegmentLead): number {
  const { hardState } = lead;
  return POSITION_BYTES + (hardState === null ? 0 : hardStateSize(hardState));
}

/** Writes the lead of a segment into `target` from `offset` on; answers where it ends. */
export function encodeLead(
  lead: SegmentLead,
  target: Uint8Array,
  offset: number,
): number {
  const view = viewOf(target);
  const { hardState, position } = lead;
  const at = hardState === null
    ? offset
    : putHardState(target, view, offset, hardState);
  return putPosition(view, at, POSITION_PART, position);
}

/** Writes the batches into `target` from `offset` on; answers where they end. */
export function encodeBatches(
  batches: readonly PersistBatch[],
  target: Uint8Array,
  offset: number,
): number {
  const view = viewOf(target);
  let at = offset;
  for (const { hardState, entries, restart } of batches) {
    if (restart !== undefined) {
      at = putPosition(view, at, RESTART_PART, restart);
    }
    if (hardState !== null) at = putHardState(target, view, at, hardState);
    if (entries.length === 0) continue;
    view.setUint8(at, ENTRIES_PART);
    view.setUint32(at + 1, entries.length);
    at += 5;
    for (const entry of entries) at = putEntry(target, view, at, entry);
  }
  return at;
}

/**
 * The parts of a body, data copied out; null when it is malformed. Entries up
 * to `covered` are without their data.
 */
export function decodeBatches(
  body: Uint8Array,
  covered = 0,
): BatchPart[] | null {
  const reader = new Reader(body);
  const parts: BatchPart[] = [];
  try {
    while (!reader.ended) {
      const part = reader.u8();
      if (part === HARD_STATE_PART) {
        parts.push({ kind: "hardState", hardState: takeHardState(reader) });
      } else if (part === ENTRIES_PART) {
        parts.push({ kind: "entries", entries: takeEntries(reader, covered) });
      } else if (part === POSITION_PART) {
        parts.push({ kind: "position", position: takePosition(reader) });
      } else if (part === RESTART_PART) {
        parts.push({ kind: "restart", position: takePosition(reader) });
      } else return null;
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return parts;
}

function putHardState(
  target: Uint8Array,
  view: DataView,
  at: number,
  hardState: HardState,
): number {
  const vote = utf8(hardState.votedFor ?? "");
  assert(vote.length < NO_VOTE, "a monitor's name is short");
  view.setUint8(at, HARD_STATE_PART);
  putU64(view, at + 1, hardState.term);
  view.setUint16(
    at + 9,
    hardState.votedFor === null ? NO_VOTE : vote.length,
  );
  target.set(vote, at + 11);
  return at + 11 + vote.length;
}

function hardStateSize(hardState: HardState): number {
  return 11 + utf8(hardState.votedFor ?? "").length;
}

function putPosition(
  view: DataView,
  at: number,
  part: number,
  position: LogPosition,
): number {
  view.setUint8(at, part);
  putU64(view, at + 1, position.index);
  putU64(view, at + 9, position.term);
  return at + POSITION_BYTES;
}

function takePosition(reader: Reader): LogPosition {
  return { index: reader.u64(), term: reader.u64() };
}

function putEntry(
  target: Uint8Array,
  view: DataView,
  at: number,
  entry: Entry,
): number {
  const kind = ENTRY_KINDS.indexOf(entry.kind);
  assert(kind !== -1, `the journal knows entries of kind ${entry.kind}`);
  putU64(view, at, entry.index);
  putU64(view, at + 8, entry.term);
  view.setUint8(at + 16, kind);
  view.setUint32(at + 17, entry.data.length);
  target.set(entry.data, at + ENTRY_HEAD_BYTES);
  return at + ENTRY_HEAD_BYTES + entry.data.length;
}

function takeHardState(reader: Reader): HardState {
  const term = reader.u64();
  const length = reader.u16();
  if (length === NO_VOTE) return { term, votedFor: null };
  return { term, votedFor: text(reader.bytes(length)) };
}

function takeEntries(reader: Reader, covered: number): Entry[] {
  const entries: Entry[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    entries.push(takeEntry(reader, covered));
  }
  return entries;
}

function takeEntry(reader: Reader, covered: number): Entry {
  const index = reader.u64();
  const term = reader.u64();
  const kind = ENTRY_KINDS[reader.u8()];
  if (kind === undefined) throw new RangeError("unknown kind of entry");
  const length = reader.u32();
  if (index > covered) return { index, term, kind, data: reader.bytes(length) };
  reader.skip(length);
  return { index, term, kind, data: NO_DATA };
}

/** Reads from the front; throws RangeError at the end. */
class Reader {
  readonly #source: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(source: Uint8Array) {
    this.#source = source;
    this.#view = viewOf(source);
  }

  get ended(): boolean {
    return this.#at === this.#source.length;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64(): number {
    return getU64(this.#view, this.#advance(8));
  }

  bytes(length: number): Uint8Array {
    const from = this.#advance(length);
    return this.#source.slice(from, from + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  #advance(length: number): number {
    const from = this.#at;
    if (from + length > this.#source.length) throw new RangeError("ended");
    this.#at = from + length;
    return from;
  }
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes a safe integer as 64 bits. */
export function putU64(view: DataView, at: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, "a number on disk is safe");
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value >>> 0);
}

/** Reads 64 bits; throws RangeError beyond the safe integers. */
export function getU64(view: DataView, at: number): number {
  const value = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  if (!Number.isSafeInteger(value)) throw new RangeError("number too large");
  return value;
}
