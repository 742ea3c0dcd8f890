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
import { SnapshotDisk } from "./snapshot_disk.ts";
import { AppliedState } from "./applied_state.ts";

/** What waits for the disk: a batch, and the messages that may go after it. */
interface Write {
  readonly batch: PersistBatch | null;
  readonly messages: readonly Message[];
}

/** Options without what the disk holds. */
export type MonitorOptions = Omit<
  RaftOptions,
  "hardState" | "entries" | "snapshot" | "partialSnapshot"
>;

/** A machine, its disk, and what is between them. */
export class SimulatedMonitor {
  options: MonitorOptions;
  /** Null while crashed. */
  raft: Raft | null;
  /** What the disk holds durably. */
  hardState: HardState | null = null;
  entries: Entry[] = [];
  snapshots = new SnapshotDisk();
  /** What this incarnation has applied. */
  applied = new AppliedState();
  #writes: Write[] = [];
  #sequenceHandedOut = 0;
  #sequenceDurable = 0;
  #sequenceReported = 0;

  constructor(options: MonitorOptions) {
    this.options = options;
    this.raft = this.#start(options.seed);
  }

  /** Tells the lives of this name apart. */
  get incarnation(): string {
    return this.options.incarnation ?? "";
  }

  /** Writes that wait for the disk. */
  get writesWaiting(): number {
    return this.#writes.length;
  }

  /** True when the machine does not know yet all that is durable. */
  get reportWaiting(): boolean {
    return this.#sequenceReported < this.#sequenceDurable;
  }

  /** True when an entry, or a snapshot that covers it, is durable here. */
  holds(entry: Entry): boolean {
    if ((this.snapshots.latest?.index ?? 0) >= entry.index) return true;
    const first = this.entries[0]?.index ?? 0;
    return this.entries[entry.index - first]?.term === entry.term;
  }

  /** Steps the machine and does what the contract asks; answers the messages that may go now. */
  step(event: RaftEvent): { effects: Effects; messages: Message[] } {
    const raft = this.#running();
    const effects = raft.step(event);
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
    if (effects.restore !== undefined) {
      this.applied = this.snapshots.stateOf(effects.restore);
    }
    for (const entry of effects.apply) this.applied.apply(entry);
    this.snapshots.ask(effects);
    this.snapshots.keepOnly(raft.snapshotsInUse);
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

  /** Makes a snapshot of all that is applied durable; answers the event, if there is news. */
  takeSnapshot(compactTo: number): RaftEvent | null {
    const raft = this.#running();
    const { index } = this.applied;
    if (index <= (this.snapshots.latest?.index ?? 0)) return null;
    if (index > raft.persistedIndex) return null;
    const { term, configuration } = raft.snapshotHead(index);
    const snapshot = this.snapshots.save(this.applied, term, configuration);
    return { ...snapshot, kind: "snapshotTaken", compactTo };
  }

  /** Lets the journal give up what the log gave up. */
  compactJournal(): void {
    const base = this.#running().baseIndex;
    this.entries = this.entries.filter(({ index }) => index > base);
  }

  /** Loses everything but the disk; the first `surviving` waiting writes happened to reach it. */
  crash(surviving: number): void {
    this.#running();
    for (const { batch } of this.#writes.slice(0, surviving)) {
      if (batch !== null) this.#makeDurable(batch);
    }
    this.#writes = [];
    this.snapshots.crash();
    this.raft = null;
  }

  /** Starts again from the disk. */
  restart(seed: number): void {
    assert(this.raft === null, "only what crashed restarts");
    this.#sequenceHandedOut = 0;
    this.#sequenceDurable = 0;
    this.#sequenceReported = 0;
    this.raft = this.#start(seed);
  }

  /** Begins another life with an empty disk. */
  replace(incarnation: string): void {
    if (this.raft !== null) this.crash(0);
    this.options = { ...this.options, voters: [], incarnation };
    this.hardState = null;
    this.entries = [];
    this.snapshots = new SnapshotDisk();
  }

  #start(seed: number): Raft {
    const { latest, partial } = this.snapshots;
    this.applied = latest === null
      ? new AppliedState()
      : this.snapshots.stateOf(latest);
    return new Raft({
      ...this.options,
      seed,
      hardState: this.hardState,
      entries: this.entries,
      ...(latest === null ? {} : { snapshot: latest }),
      ...(partial === null ? {} : { partialSnapshot: partial }),
    });
  }

  #makeDurable(batch: PersistBatch): void {
    if (batch.hardState !== null) this.hardState = batch.hardState;
    if (batch.restart !== undefined) this.entries = [];
    const first = batch.entries[0];
    if (first !== undefined) {
      const kept = this.entries.filter(({ index }) => index < first.index);
      const end = kept.at(-1)?.index ?? this.snapshots.latest?.index ?? 0;
      assert(first.index <= end + 1, "the journal has no gap");
      this.entries = [...kept, ...batch.entries];
    }
    this.#sequenceDurable = batch.sequence;
  }

  #running(): Raft {
    assert(this.raft !== null, `${this.options.name} runs`);
    return this.raft;
  }
}
