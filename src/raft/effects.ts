/**
 * Where the rules leave their effects during one step. Rules only add; the
 * driver only sees the finished {@link Effects}.
 */

import type { ConfigurationInForce } from "./configuration.ts";
import type { Declined } from "./configuration_change.ts";
import type { Entry, Message, Snapshot } from "./message.ts";
import type {
  Effects,
  PersistBatch,
  SnapshotRead,
  SnapshotWrite,
  Standing,
} from "./step.ts";

const NOTHING: readonly never[] = Object.freeze([]);

/** Effects that few steps have; made when there is one. */
interface RareEffects {
  declined?: { id: number; reason: Declined }[];
  handedOver?: number[];
  configuration?: ConfigurationInForce;
  readSnapshots?: SnapshotRead[];
  writeSnapshot?: SnapshotWrite;
  restore?: Snapshot;
}

/** The effects of the step under way. */
export class EffectsUnderWay {
  readonly #incarnation: string;
  #sendNow: Message[] = [];
  #sendOncePersisted: Message[] = [];
  #apply: Entry[] = [];
  #accepted: { id: number; index: number; term: number }[] = [];
  #refused: number[] = [];
  #readable: { id: number; index: number }[] = [];
  #rare: RareEffects | null = null;

  /** Messages will say that they are of this life of the monitor. */
  constructor(incarnation: string) {
    this.#incarnation = incarnation;
  }

  /** A message that promises nothing that a crash could undo. */
  sendNow(message: Message): void {
    this.#sendNow.push(this.#signed(message));
  }

  /** A message that promises what must be durable first (thesis §3.8). */
  sendOncePersisted(message: Message): void {
    this.#sendOncePersisted.push(this.#signed(message));
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

  /** A change or transfer that is not made. */
  decline(id: number, reason: Declined): void {
    (this.#more.declined ??= []).push({ id, reason });
  }

  /** A transfer after which this monitor leads no more. */
  handOver(id: number): void {
    (this.#more.handedOver ??= []).push(id);
  }

  /** Another configuration is in force, or it is committed by now. */
  configure(configuration: ConfigurationInForce): void {
    this.#more.configuration = configuration;
  }

  /** A follower needs bytes of a snapshot. */
  readSnapshot(read: SnapshotRead): void {
    (this.#more.readSnapshots ??= []).push(read);
  }

  /** Bytes of a snapshot have come. */
  writeSnapshot(write: SnapshotWrite): void {
    this.#more.writeSnapshot = write;
  }

  /** A snapshot takes the place of the state. */
  restore(snapshot: Snapshot): void {
    this.#more.restore = snapshot;
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
    if (this.#rare === null) return effects;
    const rare = this.#rare;
    this.#rare = null;
    return { ...effects, ...rare };
  }

  get #more(): RareEffects {
    this.#rare ??= {};
    return this.#rare;
  }

  #signed(message: Message): Message {
    const incarnation = this.#incarnation;
    return incarnation === "" ? message : { ...message, incarnation };
  }
}

function listOrNothing<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NOTHING : list;
}
