/** A snapshot as bytes without a file: what a backup is made of. */

import { concat } from "../../base/mod.ts";
import {
  aboutPayload,
  encodeFrame,
  endPayload,
  SNAPSHOT_MAGIC,
  type SnapshotHead,
} from "./snapshot_format.ts";

/** Chunks are at least so long, but for the last one. */
const CHUNK_BYTES = 128 * 1024;

/**
 * The bytes of a snapshot's file in chunks, each made when it is asked for.
 * Ending the iteration early lets go of the state that `parts` come from.
 */
export class SnapshotBytes implements IterableIterator<Uint8Array> {
  readonly #parts: Iterator<Uint8Array>;
  #next: IteratorResult<Uint8Array>;
  #frames = 0;
  #waiting: Uint8Array[];
  #ended = false;

  constructor(head: SnapshotHead, parts: Iterator<Uint8Array>) {
    this.#parts = parts;
    // A generator that was not begun would let go of nothing when it is ended.
    this.#next = parts.next();
    this.#waiting = [SNAPSHOT_MAGIC, this.#frame(aboutPayload(head))];
  }

  next(): IteratorResult<Uint8Array> {
    if (this.#ended) return { done: true, value: undefined };
    const pieces = this.#waiting;
    this.#waiting = [];
    let bytes = 0;
    while (!this.#next.done && bytes < CHUNK_BYTES) {
      const piece = this.#frame(this.#next.value);
      pieces.push(piece);
      bytes += piece.length;
      this.#next = this.#parts.next();
    }
    if (this.#next.done) {
      this.#ended = true;
      pieces.push(this.#frame(endPayload(this.#frames)));
    }
    return { done: false, value: concat(pieces) };
  }

  return(): IteratorResult<Uint8Array> {
    this.#ended = true;
    this.#parts.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): IterableIterator<Uint8Array> {
    return this;
  }

  #frame(payload: Uint8Array): Uint8Array {
    return encodeFrame(this.#frames++, payload);
  }
}
