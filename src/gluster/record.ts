/**
 * Record marking (RFC 5531 section 11, WIRE.md A.1): where one message ends and
 * the next begins on a byte stream. GlusterFS sends one fragment a message, but
 * several are put together here too.
 */

import { assert, concat } from "../base/mod.ts";
import { XdrError } from "./xdr.ts";

const LAST_FRAGMENT = 0x80000000;
const MARK_BYTES = 4;

/** The message with its mark, ready to be sent. */
export function encodeRecord(message: Uint8Array): Uint8Array {
  assert(message.length < LAST_FRAGMENT, "a message fits one fragment");
  const mark = new Uint8Array(MARK_BYTES);
  new DataView(mark.buffer).setUint32(
    0,
    (LAST_FRAGMENT | message.length) >>> 0,
  );
  return concat([mark, message]);
}

/**
 * Cuts a byte stream into messages, whatever the sizes it arrives in. Holds at
 * most one incomplete message of at most `limitBytes`.
 */
export class RecordAssembler {
  readonly #limitBytes: number;
  /** What of the current mark has come. */
  readonly #mark = new Uint8Array(MARK_BYTES);
  #markFilled = 0;
  /** Bytes of the current fragment that are still to come. */
  #missing = 0;
  #last = false;
  /** Grows with what came, not with what was announced. */
  #buffer: Uint8Array = new Uint8Array(0);
  #held = 0;
  #failed = false;

  /** `limitBytes`: the longest message that is accepted. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes held for a message that is not yet whole. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * The messages that these bytes complete, in order. Throws {@link XdrError}
   * when a message passes the limit; the stream has then lost its meaning and
   * must be closed.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    assert(!this.#failed, "nothing is read from a broken stream");
    const messages: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#markFilled < MARK_BYTES) {
        this.#mark[this.#markFilled++] = bytes[at++]!;
        if (this.#markFilled === MARK_BYTES) this.#openFragment();
      } else {
        const length = Math.min(this.#missing, bytes.length - at);
        this.#keep(bytes.subarray(at, at + length));
        at += length;
        this.#missing -= length;
      }
      if (this.#markFilled === MARK_BYTES && this.#missing === 0) {
        this.#markFilled = 0;
        if (this.#last) messages.push(this.#takeMessage());
      }
    }
    return messages;
  }

  #openFragment(): void {
    const mark = new DataView(this.#mark.buffer).getUint32(0);
    this.#last = mark >= LAST_FRAGMENT;
    this.#missing = this.#last ? mark - LAST_FRAGMENT : mark;
    const length = this.#held + this.#missing;
    if (length > this.#limitBytes) {
      this.#failed = true;
      throw new XdrError(
        `a message of ${length} bytes where ${this.#limitBytes} are the limit`,
      );
    }
  }

  #keep(bytes: Uint8Array): void {
    const wanted = this.#held + bytes.length;
    if (wanted > this.#buffer.length) {
      // Doubling keeps the copying linear, however small the pieces.
      const larger = new Uint8Array(Math.max(wanted, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#held));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#held);
    this.#held = wanted;
  }

  #takeMessage(): Uint8Array {
    const message = this.#buffer.subarray(0, this.#held);
    this.#buffer = new Uint8Array(0);
    this.#held = 0;
    return message;
  }
}
