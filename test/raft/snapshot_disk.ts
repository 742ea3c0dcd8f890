/** The snapshots of one simulated monitor: those that are whole, one that is coming in, and what is asked. */

import { assert, crc32c, present, text, utf8 } from "../../src/base/mod.ts";
import type {
  Configuration,
  Effects,
  RaftEvent,
  Snapshot,
  SnapshotIdentity,
  SnapshotRead,
  SnapshotWrite,
} from "../../src/raft/mod.ts";
import { AppliedState } from "./applied_state.ts";

interface Whole {
  readonly snapshot: Snapshot;
  readonly bytes: Uint8Array;
}

/** Durable but for the questions, which a crash forgets. */
export class SnapshotDisk {
  #whole: Whole[] = [];
  #partial: { snapshot: SnapshotIdentity; bytes: Uint8Array } | null = null;
  #reads: SnapshotRead[] = [];
  #write: SnapshotWrite | null = null;
  /** How many snapshots have come in whole. */
  received = 0;

  /** The latest that is whole. */
  get latest(): Snapshot | null {
    return this.#whole.at(-1)?.snapshot ?? null;
  }

  /** What a monitor that restarts says of the one that was coming in. */
  get partial(): { snapshot: SnapshotIdentity; offset: number } | null {
    if (this.#partial === null) return null;
    const { snapshot, bytes } = this.#partial;
    return { snapshot, offset: bytes.length };
  }

  /** True when the machine waits for a read or a write. */
  get isAsked(): boolean {
    return this.#reads.length > 0 || this.#write !== null;
  }

  /** Makes a snapshot durable. */
  save(
    state: AppliedState,
    term: number,
    configuration: Configuration,
  ): Snapshot {
    const padding = "-".repeat(state.index % 40);
    const bytes = utf8(`${state.index} ${state.hash} ${padding}`);
    const digest = String(crc32c(bytes));
    const { index } = state;
    const snapshot = {
      index,
      term,
      configuration,
      bytes: bytes.length,
      digest,
    };
    this.#add({ snapshot, bytes });
    return snapshot;
  }

  /** The state that a whole snapshot holds. */
  stateOf(snapshot: SnapshotIdentity): AppliedState {
    const whole = this.#whole.find((one) =>
      one.snapshot.index === snapshot.index
    );
    const { bytes } = present(whole, `a snapshot at ${snapshot.index}`);
    const [index, hash] = text(bytes).split(" ").map(Number);
    return new AppliedState(index, hash);
  }

  /** Deletes what is not in use, but never the latest. */
  keepOnly(indexes: readonly number[]): void {
    this.#whole = this.#whole.filter(({ snapshot }, at) =>
      at === this.#whole.length - 1 || indexes.includes(snapshot.index)
    );
  }

  /** Notes what a step asks. */
  ask(effects: Effects): void {
    for (const read of effects.readSnapshots ?? []) {
      this.#reads = this.#reads.filter(({ to }) => to !== read.to);
      this.#reads.push(read);
    }
    if (effects.writeSnapshot === undefined) return;
    assert(this.#write === null, "one write at a time");
    this.#write = effects.writeSnapshot;
  }

  /** Does the oldest thing that is asked; with `fails` in vain. */
  answer(fails = false): RaftEvent {
    const read = this.#reads.shift();
    return read === undefined
      ? this.#answerWrite(fails)
      : this.#read(read, fails);
  }

  /** What was asked is forgotten; what was being written, too. */
  crash(): void {
    this.#reads = [];
    this.#write = null;
  }

  /** A write that reached the disk before a crash, unknown to the machine. */
  writeUnnoticed(): void {
    if (this.#write !== null) this.#answerWrite(false);
  }

  #read({ to, index, offset, bytes }: SnapshotRead, fails: boolean): RaftEvent {
    const whole = this.#whole.find(({ snapshot }) => snapshot.index === index);
    const data = whole === undefined || fails
      ? null
      : whole.bytes.slice(offset, offset + bytes);
    return { kind: "snapshotRead", to, index, offset, data };
  }

  #answerWrite(fails: boolean): RaftEvent {
    const { snapshot, offset, data, last } = present(this.#write, "a question");
    this.#write = null;
    const before = offset === 0
      ? new Uint8Array(0)
      : present(this.#partial, "what the offset counts").bytes;
    assert(before.length === offset, "a snapshot is written without a gap");
    const bytes = new Uint8Array([...before, ...data]);
    this.#partial = { snapshot, bytes };
    if (!last) return written(snapshot, bytes.length, false);
    this.#partial = null;
    if (fails || String(crc32c(bytes)) !== snapshot.digest) {
      return written(snapshot, 0, false);
    }
    this.received += 1;
    this.#add({ snapshot, bytes });
    return written(snapshot, bytes.length, true);
  }

  #add(whole: Whole): void {
    this.#whole = [
      ...this.#whole.filter(({ snapshot }) =>
        snapshot.index !== whole.snapshot.index
      ),
      whole,
    ].sort((a, b) => a.snapshot.index - b.snapshot.index);
  }
}

function written(
  snapshot: SnapshotIdentity,
  offset: number,
  complete: boolean,
): RaftEvent {
  return { kind: "snapshotWritten", snapshot, offset, complete };
}
