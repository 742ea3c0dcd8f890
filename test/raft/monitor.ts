/** One monitor with a disk that forgets what was not written: the contract's driver, by hand. */

import { assert } from "../../src/base/mod.ts";
import {
  type Effects,
  type Entry,
  type HardState,
  type Message,
  type PersistBatch,
  Raft,
  type RaftEvent,
  type RaftOptions,
} from "../../src/raft/mod.ts";

/** What waits for the disk: a batch, and the messages that may go after it. */
interface Write {
  readonly batch: PersistBatch | null;
  readonly messages: readonly Message[];
}

/** Options without what the disk holds. */
export type MonitorOptions = Omit<RaftOptions, "hardState" | "entries">;

/** A machine, its disk, and what is between them. */
export class SimulatedMonitor {
  readonly options: MonitorOptions;
  /** Null while crashed. */
  raft: Raft | null;
  /** What the disk holds durably. */
  hardState: HardState | null = null;
  entries: Entry[] = [];
  /** How many commits this incarnation has handed out. */
  appliedIndex = 0;
  #writes: Write[] = [];
  #sequenceHandedOut = 0;
  #sequenceDurable = 0;
  #sequenceReported = 0;

  constructor(options: MonitorOptions) {
    this.options = options;
    this.raft = this.#start(options.seed);
  }

  /** Writes that wait for the disk. */
  get writesWaiting(): number {
    return this.#writes.length;
  }

  /** True when the machine does not know yet all that is durable. */
  get reportWaiting(): boolean {
    return this.#sequenceReported < this.#sequenceDurable;
  }

  /** Steps the machine and does what the contract asks; answers the messages that may go now. */
  step(event: RaftEvent): { effects: Effects; messages: Message[] } {
    const effects = this.#running().step(event);
    const messages = [...effects.sendNow];
    const { persist, sendOncePersisted } = effects;
    if (persist !== null) {
      assert(
        persist.sequence === this.#sequenceHandedOut + 1,
        "batches are numbered one by one",
      );
      this.#sequenceHandedOut = persist.sequence;
    }
    if (persist === null && this.#writes.length === 0) {
      messages.push(...sendOncePersisted);
    } else if (persist !== null || sendOncePersisted.length > 0) {
      this.#writes.push({ batch: persist, messages: sendOncePersisted });
    }
    for (const entry of effects.apply) {
      assert(entry.index === this.appliedIndex + 1, "applied one by one");
      this.appliedIndex = entry.index;
    }
    return { effects, messages };
  }

  /** Finishes the oldest write; answers the messages that waited for it. */
  writeOne(): readonly Message[] {
    const write = this.#writes.shift();
    if (write === undefined) return [];
    if (write.batch !== null) this.#makeDurable(write.batch);
    return write.messages;
  }

  /** The event that tells the machine what is durable by now. */
  takeReport(): RaftEvent {
    this.#sequenceReported = this.#sequenceDurable;
    return { kind: "persisted", sequence: this.#sequenceDurable };
  }

  /** Loses everything but the disk; the first `surviving` waiting writes happened to reach it. */
  crash(surviving: number): void {
    this.#running();
    for (const { batch } of this.#writes.slice(0, surviving)) {
      if (batch !== null) this.#makeDurable(batch);
    }
    this.#writes = [];
    this.raft = null;
  }

  /** Starts again from the disk. */
  restart(seed: number): void {
    assert(this.raft === null, "only what crashed restarts");
    this.#sequenceHandedOut = 0;
    this.#sequenceDurable = 0;
    this.#sequenceReported = 0;
    this.appliedIndex = 0;
    this.raft = this.#start(seed);
  }

  #start(seed: number): Raft {
    return new Raft({
      ...this.options,
      seed,
      hardState: this.hardState,
      entries: this.entries,
    });
  }

  #makeDurable(batch: PersistBatch): void {
    if (batch.hardState !== null) this.hardState = batch.hardState;
    const first = batch.entries[0];
    if (first !== undefined) {
      this.entries = [
        ...this.entries.slice(0, first.index - 1),
        ...batch.entries,
      ];
    }
    this.#sequenceDurable = batch.sequence;
  }

  #running(): Raft {
    assert(this.raft !== null, `${this.options.name} runs`);
    return this.raft;
  }
}
