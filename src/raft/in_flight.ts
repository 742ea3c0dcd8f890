/** The window of AppendEntries sent to one follower and not yet acknowledged. */

/** Limits pipelining by messages and by bytes (thesis §10.2.1). */
export class InFlight {
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  /** Parallel lists of the last index and the bytes of each message, oldest at `#head`. */
  #lastIndexes: number[] = [];
  #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  /** How many messages are in flight. */
  get messages(): number {
    return this.#lastIndexes.length - this.#head;
  }

  /** How many bytes of entries are in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when nothing more may be sent before an answer. */
  get full(): boolean {
    return this.messages >= this.#messagesMax || this.#bytes >= this.#bytesMax;
  }

  /** Notes a message whose last entry has the given index. */
  add(lastIndex: number, bytes: number): void {
    this.#lastIndexes.push(lastIndex);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Forgets the messages that lie wholly at or below `matchIndex`. */
  release(matchIndex: number): void {
    while (
      this.#head < this.#lastIndexes.length &&
      this.#lastIndexes[this.#head]! <= matchIndex
    ) {
      this.#bytes -= this.#sizes[this.#head]!;
      this.#head += 1;
    }
    if (this.#head === this.#lastIndexes.length) this.clear();
    else if (this.#head >= this.#messagesMax) this.#compact();
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#lastIndexes.length > 0) {
      this.#lastIndexes = [];
      this.#sizes = [];
    }
    this.#head = 0;
    this.#bytes = 0;
  }

  #compact(): void {
    this.#lastIndexes.splice(0, this.#head);
    this.#sizes.splice(0, this.#head);
    this.#head = 0;
  }
}
