/**
 * Where the rules leave their effects during one step. Rules only add; the
 * driver only sees the finished {@link Effects}.
 */

import type { Entry, Message } from "./message.ts";
import type { Effects, PersistBatch, Standing } from "./step.ts";

const NOTHING: readonly never[] = Object.freeze([]);

/** The effects of the step under way. */
export class EffectsUnderWay {
  #sendNow: Message[] = [];
  #sendOncePersisted: Message[] = [];
  #apply: Entry[] = [];
  #accepted: { id: number; index: number; term: number }[] = [];
  #refused: number[] = [];
  #readable: { id: number; index: number }[] = [];

  /** A message that promises nothing that a crash could undo. */
  sendNow(message: Message): void {
    this.#sendNow.push(message);
  }

  /** A message that promises what must be durable first (thesis §3.8). */
  sendOncePersisted(message: Message): void {
    this.#sendOncePersisted.push(message);
  }

  /** Entries that have become committed, following those of earlier calls. */
  apply(entries: Entry[]): void {
    if (this.#apply.length === 0) this.#apply = entries;
    else for (const entry of entries) this.#apply.push(entry);
  }

  /** A proposal that has its place in the log. */
  accept(id: number, index: number, term: number): void {
    this.#accepted.push({ id, index, term });
  }

  /** A proposal or read that is not served here. */
  refuse(id: number): void {
    this.#refused.push(id);
  }

  /** A read that may be served once `index` is applied. */
  readable(id: number, index: number): void {
    this.#readable.push({ id, index });
  }

  /** All effects of the step; the next one starts with none. */
  take(persist: PersistBatch | null, standing: Standing | null): Effects {
    const effects: Effects = {
      sendNow: listOrNothing(this.#sendNow),
      persist,
      sendOncePersisted: listOrNothing(this.#sendOncePersisted),
      apply: listOrNothing(this.#apply),
      accepted: listOrNothing(this.#accepted),
      refused: listOrNothing(this.#refused),
      readable: listOrNothing(this.#readable),
      standing,
    };
    // What was handed out is never touched again; empty lists were not handed out.
    if (this.#sendNow.length > 0) this.#sendNow = [];
    if (this.#sendOncePersisted.length > 0) this.#sendOncePersisted = [];
    if (this.#apply.length > 0) this.#apply = [];
    if (this.#accepted.length > 0) this.#accepted = [];
    if (this.#refused.length > 0) this.#refused = [];
    if (this.#readable.length > 0) this.#readable = [];
    return effects;
  }
}

function listOrNothing<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NOTHING : list;
}
