/**
 * Snapshots of one monitor as they come and go: takes one when the log has
 * grown enough, in slices between which everybody else gets a turn; reads
 * parts for a follower that lags too far behind; writes, checks and puts in
 * place one that the leader sends. Memory holds one slice or chunk at a time,
 * and the arriving state while it is put together.
 */

import { assert, present, Problem } from "../../base/mod.ts";
import {
  type Change,
  type ClusterState,
  encodeSnapshot,
} from "../../cluster/mod.ts";
import type { Clock, Log, Ports } from "../../platform/mod.ts";
import type {
  Entry,
  Raft,
  RaftEvent,
  Snapshot,
  SnapshotRead,
  SnapshotWrite,
} from "../../raft/mod.ts";
import {
  diskProblem,
  isDiskFull,
  type Journal,
  type LoadedSnapshot,
  readSnapshot,
  type SnapshotDirectory,
  type SnapshotWriter,
} from "../journal/mod.ts";
import { Timers } from "../timers.ts";

/**
 * A snapshot is due after so many entries or bytes, and not before the log
 * since the last one outweighs that one: then all snapshots together cost
 * about as much as the log itself.
 */
const ENTRIES = 50_000;
const BYTES = 32 * 1024 * 1024;

/** What each entry counts beside its data. */
const ENTRY_BYTES = 64;

/** So much is encoded and written before others get their turn: a few milliseconds. */
const SLICE_BYTES = 128 * 1024;
const PAUSE_MS = 1;

/** So many entries of the log stay in memory behind a snapshot at most, for followers that lag a little. */
export const TAIL_ENTRIES = 5_000;
const TAIL_BYTES = 8 * 1024 * 1024;

/** When the disk is full, a snapshot is tried again after this. */
const RETRY_MS = 10_000;

/** When the disk is full, a follower asks for a chunk again after this. */
const CHUNK_RETRY_MS = 1_000;

/** When snapshots are taken; small numbers suit simulations. */
export interface SnapshotSizes {
  readonly entries?: number;
  readonly bytes?: number;
  /** Entries kept in memory behind a snapshot. */
  readonly tailEntries?: number;
}

/** What the keeper stands on. */
export interface SnapshotKeeperOptions {
  readonly directory: SnapshotDirectory;
  readonly journal: Pick<Journal, "settled" | "compact">;
  readonly raft: Pick<Raft, "snapshotHead" | "snapshotsInUse" | "baseIndex">;
  readonly state: ClusterState;
  /** What the state was loaded from. */
  readonly loaded: Snapshot | null;
  readonly sizes: SnapshotSizes;
  readonly tell: (event: RaftEvent) => void;
  /** The state was replaced by a snapshot; what differs from before. */
  readonly restored: (
    snapshot: Snapshot,
    changes: readonly Change[],
  ) => void;
  readonly failed: (problem: Problem) => void;
}

/** A place in the log. */
interface Mark {
  readonly index: number;
  /** What all entries up to it weigh, counted from the start of this process. */
  readonly bytes: number;
}

interface SizedMark extends Mark {
  /** How many documents there were. */
  readonly size: number;
}

/** Takes, sends and receives snapshots. */
export class SnapshotKeeper {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #disk: Ports["disk"];
  readonly #options: SnapshotKeeperOptions;
  readonly #timers: Timers;
  readonly #pauses = new Set<() => void>();
  #applied: Mark;
  /** Up to where the latest snapshot goes. */
  #covered: Mark;
  /** How large the latest snapshot is, and of how many documents. */
  #latest: { readonly bytes: number; readonly size: number };
  #notBeforeMs = 0;
  #taking: Promise<void> | null = null;
  #work: Promise<void> = Promise.resolve();
  #arrived: LoadedSnapshot | null = null;
  /** Counts up when what is being taken is of no use any more. */
  #epoch = 0;
  #closed = false;

  constructor(
    ports: Pick<Ports, "clock" | "disk" | "log">,
    options: SnapshotKeeperOptions,
  ) {
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#disk = ports.disk;
    this.#options = options;
    this.#timers = new Timers(ports.clock);
    this.#applied = { index: options.loaded?.index ?? 0, bytes: 0 };
    this.#covered = this.#applied;
    this.#latest = options.loaded === null
      ? { bytes: 0, size: 0 }
      : { bytes: options.loaded.bytes, size: options.state.size };
  }

  /** An entry was applied to the state; it may be the one to take a snapshot at. */
  applied(entry: Entry): void {
    const { bytes } = this.#applied;
    this.#applied = {
      index: entry.index,
      bytes: bytes + entry.data.length + ENTRY_BYTES,
    };
    if (this.#taking !== null || this.#closed || !this.#isDue()) return;
    if (this.#clock.nowMs() < this.#notBeforeMs) return;
    this.#taking = this.#take().finally(() => this.#taking = null);
  }

  /** Reads bytes for a follower and tells them. */
  read(request: SnapshotRead): void {
    const { to, index, offset, bytes } = request;
    void this.#inTurn(async () => {
      const { directory, tell } = this.#options;
      const data = await directory.read(index, offset, bytes);
      tell({ kind: "snapshotRead", to, index, offset, data });
    });
  }

  /** Writes bytes from the leader and tells how far it got. */
  write(request: SnapshotWrite): void {
    void this.#inTurn(() => this.#receive(request));
  }

  /** Puts the snapshot that has arrived in place of the state. */
  restore(snapshot: Snapshot): void {
    const arrived = present(this.#arrived, "a snapshot that arrived");
    assert(
      arrived.snapshot.index === snapshot.index,
      "the snapshot that arrived is restored",
    );
    this.#epoch++;
    this.#applied = { index: snapshot.index, bytes: this.#applied.bytes };
    const { size } = arrived.state;
    this.#noteLatest(snapshot, { ...this.#applied, size });
    const changes = this.#options.state.become(arrived.state);
    this.#options.restored(arrived.snapshot, changes);
  }

  /** Stops what is under way; nothing of it is needed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timers.close();
    for (const wake of this.#pauses) wake();
    await this.#taking;
    await this.#work;
  }

  #isDue(): boolean {
    const { entries = ENTRIES, bytes = BYTES } = this.#options.sizes;
    const newEntries = this.#applied.index - this.#covered.index;
    const newBytes = this.#applied.bytes - this.#covered.bytes;
    return newEntries >= Math.max(entries, this.#latest.size) ||
      newBytes >= Math.max(bytes, this.#latest.bytes);
  }

  async #take(): Promise<void> {
    const { directory, raft, state } = this.#options;
    const at = { ...this.#applied, size: state.size };
    const epoch = this.#epoch;
    // Head and state of this very moment; what follows has all the time it needs.
    const head = raft.snapshotHead(at.index);
    const parts = encodeSnapshot(state);
    const first = parts.next();
    let writer: SnapshotWriter | null = null;
    try {
      writer = await directory.begin(head);
      const whole = await this.#writeSlices(writer, first, parts, epoch);
      if (!whole) return;
      const snapshot = await writer.finish();
      writer = null;
      // A snapshot must never run ahead of the journal.
      if (!await this.#options.journal.settled()) return;
      await this.#inTurn(() => this.#keep(snapshot, at, epoch));
    } catch (error) {
      this.#fail(error);
    } finally {
      parts.return?.();
      await writer?.abandon();
      await directory.clearTaking().catch(() => {});
    }
  }

  async #keep(
    snapshot: Snapshot,
    at: SizedMark,
    epoch: number,
  ): Promise<void> {
    if (this.#isOver(epoch)) return;
    await this.#options.directory.publish(snapshot);
    if (this.#isOver(epoch)) return;
    this.#noteLatest(snapshot, at);
    this.#tellTaken(snapshot);
    await this.#clearUp();
  }

  /** True once the whole is written, false when it is of no use any more. */
  async #writeSlices(
    writer: SnapshotWriter,
    first: IteratorResult<Uint8Array>,
    parts: Iterator<Uint8Array>,
    epoch: number,
  ): Promise<boolean> {
    let next = first;
    while (!next.done) {
      const slice: Uint8Array[] = [];
      let bytes = 0;
      while (!next.done && bytes < SLICE_BYTES) {
        slice.push(next.value);
        bytes += next.value.length;
        next = parts.next();
      }
      await writer.write(slice);
      await this.#pause(PAUSE_MS);
      if (this.#isOver(epoch)) return false;
    }
    return true;
  }

  #tellTaken({ index, bytes, digest }: Snapshot): void {
    const { tell, raft, sizes } = this.#options;
    const tail = sizes.tailEntries ?? TAIL_ENTRIES;
    const meanBytes = this.#meanEntryBytes();
    const kept = Math.min(tail, Math.ceil(TAIL_BYTES / meanBytes));
    const compactTo = Math.max(index - kept, Math.min(index, raft.baseIndex));
    tell({ kind: "snapshotTaken", index, compactTo, bytes, digest });
  }

  /** Of the entries that this process has applied. */
  #meanEntryBytes(): number {
    const { index, bytes } = this.#applied;
    const count = index - (this.#options.loaded?.index ?? 0);
    return Math.max(ENTRY_BYTES, bytes / Math.max(1, count));
  }

  #noteLatest(snapshot: Snapshot, at: SizedMark): void {
    this.#covered = at;
    this.#latest = { bytes: snapshot.bytes, size: at.size };
  }

  async #receive(request: SnapshotWrite): Promise<void> {
    const { snapshot, offset, data, last } = request;
    const { directory } = this.#options;
    try {
      await directory.receive(snapshot, offset, data);
      if (last) await this.#install(snapshot);
      else this.#tellWritten(request, offset + data.length, false);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // The leader sends it again as long as this says that it is wanted.
      await this.#pause(CHUNK_RETRY_MS);
      this.#tellWritten(request, offset, false);
    }
  }

  /** Checks the whole; then it is kept, and consensus decides what becomes of it. */
  async #install(snapshot: Snapshot): Promise<void> {
    const { directory, journal } = this.#options;
    const request = { snapshot };
    const loaded = await this.#check(snapshot);
    if (loaded === null) {
      await directory.dropIncoming();
      this.#tellWritten(request, 0, false);
      return;
    }
    // Term and vote of those who sent it must not be forgotten before it counts.
    if (!await journal.settled()) return;
    await directory.publishReceived(snapshot);
    this.#arrived = loaded;
    this.#tellWritten(request, snapshot.bytes, true);
    this.#arrived = null;
    await this.#clearUp();
  }

  async #check(snapshot: Snapshot): Promise<LoadedSnapshot | null> {
    const path = this.#options.directory.incomingPathOf(snapshot);
    try {
      const loaded = await readSnapshot(this.#disk, path);
      const { index, term, bytes, digest } = loaded.snapshot;
      const isRight = index === snapshot.index && term === snapshot.term &&
        bytes === snapshot.bytes && digest === snapshot.digest;
      if (isRight) return loaded;
      this.#warn("a snapshot from the leader is not what it was announced as");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#warn(`a snapshot from the leader cannot be used: ${error.message}`);
    }
    return null;
  }

  #tellWritten(
    { snapshot }: Pick<SnapshotWrite, "snapshot">,
    offset: number,
    complete: boolean,
  ): void {
    if (this.#closed) return;
    const { tell } = this.#options;
    tell({ kind: "snapshotWritten", snapshot, offset, complete });
  }

  /** Gives up old snapshots, then the part of the journal that the kept ones cover. */
  async #clearUp(): Promise<void> {
    const { directory, raft, journal } = this.#options;
    const floor = await directory.prune(raft.snapshotsInUse);
    await journal.compact(floor);
  }

  /** One access after the other, in the order they were asked for. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(() => this.#closed ? undefined : act())
      .catch((error) => this.#fail(error));
    return this.#work;
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    if (!isDiskFull(error)) {
      this.#options.failed(diskProblem(error));
      return;
    }
    this.#notBeforeMs = this.#clock.nowMs() + RETRY_MS;
    this.#warn(`no room for a snapshot: ${error.message}`);
  }

  #isOver(epoch: number): boolean {
    return this.#closed || this.#epoch !== epoch;
  }

  #pause(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#pauses.delete(wake);
        resolve();
      };
      this.#pauses.add(wake);
      this.#timers.after(ms, wake);
    });
  }

  #warn(message: string): void {
    this.#log.write("warn", message);
  }
}
