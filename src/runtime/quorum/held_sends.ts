/** Messages that promise what the journal must hold first, in the order of its batches. */

import type { Message } from "../../raft/mod.ts";

/** Sends what was waiting once it is durable. */
export class HeldSends {
  readonly #send: (messages: readonly Message[]) => void;
  #held: {
    readonly sequence: number;
    readonly messages: readonly Message[];
  }[] = [];
  #appendedSequence = 0;
  #durableSequence = 0;

  constructor(send: (messages: readonly Message[]) => void) {
    this.#send = send;
  }

  /** True while the journal works. */
  get isWaiting(): boolean {
    return this.#appendedSequence !== this.#durableSequence;
  }

  /** A batch was given to the journal. */
  appended(sequence: number): void {
    this.#appendedSequence = sequence;
  }

  /** Sends once all batches so far are durable. */
  send(messages: readonly Message[]): void {
    if (!this.isWaiting) this.#send(messages);
    else this.#held.push({ sequence: this.#appendedSequence, messages });
  }

  /** All batches up to and including `sequence` are durable. */
  durable(sequence: number): void {
    this.#durableSequence = sequence;
    let count = 0;
    for (const held of this.#held) {
      if (held.sequence > sequence) break;
      this.#send(held.messages);
      count++;
    }
    this.#held.splice(0, count);
  }
}
