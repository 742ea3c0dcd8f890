/**
 * The replicated state of one monitor as a service: commit, read, watch.
 * Composes data directory, journal, transport and Raft loop.
 */

import { asProblem, crc32c, Problem } from "../../base/mod.ts";
import {
  type Change,
  type ClusterDocument,
  ClusterState,
  type Command,
  COMMAND_VERSION_MAX,
  decodeTransaction,
  encodeTransaction,
  KEYS,
  type TransactionResult,
} from "../../cluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import {
  type Entry,
  type Message,
  Raft,
  type Snapshot,
  type Standing,
} from "../../raft/mod.ts";
import {
  clusterMismatch,
  type DataDirectory,
  openDataDirectory,
} from "../data_directory.ts";
import {
  isDiskFull,
  Journal,
  type RecoveredLog,
  type SnapshotDirectory,
} from "../journal/mod.ts";
import { Timers } from "../timers.ts";
import { QuorumContact } from "./quorum_contact.ts";
import { RaftLoop } from "./raft_loop.ts";
import { RaftTransport } from "./raft_transport.ts";
import { SnapshotKeeper, TAIL_ENTRIES } from "./snapshot_keeper.ts";
import type { Store, StoreOptions } from "./store_contract.ts";
import { recoverStore, type StoreRecovery } from "./store_recovery.ts";
import { checkPeers, requireJournal, tooOld } from "./store_refusals.ts";

/** Election after 0.5-1 s of silence at 50 ms a tick, a heartbeat each tick. */
const ELECTION_TICKS_MIN = 10;
const HEARTBEAT_TICKS = 1;
const APPEND_BYTES = 1024 * 1024;
const APPENDS_IN_FLIGHT = 64;
const SNAPSHOT_CHUNK_BYTES = 512 * 1024;

/** Entries from the leader are passed over while so much waits for a full disk. */
const JOURNAL_WAITING_BYTES = 64 * 1024 * 1024;

/** The identity is written again after this when the disk was full. */
const BINDING_RETRY_MS = 1_000;

/**
 * Opens the data directory, reads the journal back and joins the quorum.
 * Rejects with the problems `invalid-config`, `data-directory-in-use`,
 * `identity-mismatch`, `journal-damaged`, `snapshot-damaged`, `journal-format`,
 * `disk-failed` and `address-in-use`, leaving nothing open.
 */
export async function openStore(
  ports: Ports,
  options: StoreOptions,
): Promise<Store> {
  checkPeers(options);
  const { name, dataDirectory } = options;
  const directory = await openDataDirectory(ports, dataDirectory, {
    role: "monitor",
    name,
  });
  const store = new QuorumStore(ports, options, directory);
  try {
    await store.open();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

class QuorumStore implements Store {
  readonly state = new ClusterState();
  readonly failed: Promise<Problem>;
  readonly #fail: (problem: Problem) => void;
  readonly #ports: Ports;
  readonly #options: StoreOptions;
  readonly #directory: DataDirectory;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #standingListeners = new Set<(standing: Standing) => void>();
  /** The voters that belong to another cluster. */
  readonly #foreign = new Set<string>();
  readonly #contact: QuorumContact;
  #journal: Journal | null = null;
  #keeper: SnapshotKeeper | null = null;
  #transport: RaftTransport | null = null;
  #loop: RaftLoop<TransactionResult> | null = null;
  #binding: Promise<void> = Promise.resolve();
  #giveUpBinding: (() => void) | null = null;
  readonly #timers: Timers;
  #closing: Promise<void> | null = null;

  constructor(ports: Ports, options: StoreOptions, directory: DataDirectory) {
    this.#ports = ports;
    this.#options = options;
    this.#directory = directory;
    this.#timers = new Timers(ports.clock);
    this.#contact = new QuorumContact(ports.clock, () => options.peers.length);
    const { promise, resolve } = Promise.withResolvers<Problem>();
    this.failed = promise;
    this.#fail = resolve;
  }

  async open(): Promise<void> {
    const { journal, recovered, directory, loaded } = await this.#recover();
    const snapshot = loaded?.snapshot ?? null;
    if (loaded !== null) {
      const changes = this.state.become(loaded.state);
      this.#tellRestored(loaded.snapshot, changes);
    }
    const raft = this.#makeRaft(recovered, snapshot, directory);
    const keeper = new SnapshotKeeper(this.#ports, {
      directory,
      journal,
      raft,
      state: this.state,
      loaded: snapshot,
      sizes: this.#options.snapshots ?? {},
      tell: (event) => this.#loop?.tell(event),
      restored: (snapshot, changes) => this.#tellRestored(snapshot, changes),
      failed: (problem) => this.#stop(problem),
    });
    this.#keeper = keeper;
    const loop = new RaftLoop<TransactionResult>({
      clock: this.#ports.clock,
      raft,
      standing: raft.standing,
      send: (messages) => this.#transport?.send(messages),
      persist: (batch) => journal.append(batch),
      apply: (entry) => this.#apply(entry),
      standingChanged: (standing) => this.#tellStanding(standing),
      snapshots: keeper,
      appliedIndex: snapshot?.index ?? 0,
      failed: (problem) => this.#stop(problem),
    });
    this.#loop = loop;
    this.#transport = await this.#openTransport(loop);
    loop.start();
  }

  get standing(): Standing {
    return this.#loop?.standing ??
      { role: "follower", term: 0, leader: null };
  }

  commit(command: Command): Promise<TransactionResult> {
    try {
      const loop = this.#running();
      const full = this.#journal?.full ?? null;
      if (full !== null && loop.standing.role === "leader") throw full;
      return loop.propose(encodeTransaction(command));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  contactAgeMs(): number | null {
    return this.#contact.ageMs(this.standing);
  }

  readBarrier(): Promise<void> {
    return this.#running().readBarrier();
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onStanding(listener: (standing: Standing) => void): () => void {
    this.#standingListeners.add(listener);
    return () => this.#standingListeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#loop?.stop();
    await this.#transport?.close();
    this.#timers.close();
    this.#giveUpBinding?.();
    await this.#binding;
    await Promise.all([this.#keeper?.close(), this.#journal?.close()]);
    await this.#directory.release();
  }

  /** Falls silent at once; who watches `failed` closes the rest. */
  #stop(problem: Problem): void {
    this.#ports.log.write("error", problem.message, {
      code: problem.code,
      remedy: problem.remedy,
    });
    this.#loop?.stop();
    void this.#transport?.close();
    this.#fail(problem);
  }

  #running(): RaftLoop<TransactionResult> {
    if (this.#loop === null) throw new Problem("no-leader", "not open yet");
    return this.#loop;
  }

  #recover(): Promise<StoreRecovery> {
    const { dataDirectory, snapshots } = this.#options;
    return recoverStore(this.#ports, {
      directory: dataDirectory,
      tailEntries: snapshots?.tailEntries ?? TAIL_ENTRIES,
      openJournal: (covered) => this.#openJournal(covered),
      check: (recovered, hasSnapshot) =>
        requireJournal(this.#directory, dataDirectory, recovered, hasSnapshot),
    });
  }

  async #openJournal(
    covered: number,
  ): Promise<{ journal: Journal; recovered: RecoveredLog }> {
    const opened = await Journal.open(this.#ports, {
      ...this.#options.journal,
      directory: `${this.#options.dataDirectory}/journal`,
      covered,
      durable: (sequence) => this.#loop?.durable(sequence),
      failed: (problem) => this.#stop(problem),
      // Others may have room: where they do, writes go on with one of them.
      fullChanged: (problem) => problem && this.#loop?.handOver(),
    });
    this.#journal = opened.journal;
    return opened;
  }

  #makeRaft(
    recovered: RecoveredLog,
    snapshot: Snapshot | null,
    directory: SnapshotDirectory,
  ): Raft {
    const { name, peers } = this.#options;
    const random = this.#ports.random.bytes(4);
    const { incoming } = directory;
    return new Raft({
      name,
      voters: peers.map((peer) => peer.name),
      hardState: recovered.hardState,
      entries: recovered.entries,
      ...(snapshot === null ? {} : { snapshot }),
      ...(incoming === null ? {} : { partialSnapshot: incoming }),
      snapshotChunkBytes: SNAPSHOT_CHUNK_BYTES,
      electionTicksMin: ELECTION_TICKS_MIN,
      heartbeatTicks: HEARTBEAT_TICKS,
      appendBytesMax: APPEND_BYTES,
      inFlightMax: APPENDS_IN_FLIGHT,
      seed: new DataView(random.buffer, random.byteOffset).getUint32(0),
    });
  }

  #openTransport(loop: RaftLoop<TransactionResult>): Promise<RaftTransport> {
    const { name, peers, raftAddress } = this.#options;
    return RaftTransport.open(this.#ports, {
      name,
      address: raftAddress,
      peers: peers.filter((peer) => peer.name !== name),
      clusterId: () => this.#directory.identity.clusterId,
      receive: (messages) => {
        loop.receive(this.#bearable(messages));
        for (const message of messages) {
          this.#contact.heard(message, loop.standing);
        }
      },
      foreignCluster: (peer, clusterId) => this.#meet(peer, clusterId),
    });
  }

  /** Without the entries that could not be kept at present: the leader sends them again. */
  #bearable(messages: readonly Message[]): readonly Message[] {
    const waiting = this.#journal?.waitingBytes ?? 0;
    if (waiting < JOURNAL_WAITING_BYTES) return messages;
    return messages.filter((message) =>
      message.kind !== "appendRequest" || message.entries.length === 0
    );
  }

  #apply(entry: Entry): TransactionResult {
    const { state } = this;
    let result: TransactionResult = {
      kind: "unknown",
      revision: state.revision,
    };
    const transaction = entry.kind === "command"
      ? decodeTransaction(entry.data)
      : null;
    if (transaction !== null) {
      const applied = state.apply(transaction);
      result = applied.result;
      if (applied.changes.length > 0) this.#tellChanges(applied.changes);
    }
    this.#contact.applied(entry);
    this.#keeper?.applied(entry);
    this.#options.observe?.applied?.({
      index: entry.index,
      term: entry.term,
      digest: crc32c(entry.data),
      stateHash: state.hash(),
      entry,
    });
    return result;
  }

  #tellChanges(changes: readonly Change[]): void {
    if (changes.some(({ key }) => key === KEYS.cluster)) this.#bindToCluster();
    for (const listener of [...this.#listeners]) listener(changes);
  }

  #tellRestored(snapshot: Snapshot, changes: readonly Change[]): void {
    const { index, term } = snapshot;
    const stateHash = this.state.hash();
    this.#options.observe?.restored?.({ index, term, stateHash });
    if (changes.length > 0) this.#tellChanges(changes);
  }

  #tellStanding(standing: Standing): void {
    this.#options.observe?.standing?.(standing);
    for (const listener of [...this.#standingListeners]) listener(standing);
  }

  /** Ties the data directory to the cluster that the quorum turned out to be. */
  #bindToCluster(): void {
    const document = this.state.get<ClusterDocument>(KEYS.cluster);
    if (document === null) return;
    const { id, commandVersion = 1 } = document.value;
    if (commandVersion > COMMAND_VERSION_MAX) {
      return this.#stop(tooOld(commandVersion));
    }
    this.#binding = this.#binding
      .then(() => this.#setClusterId(id))
      .catch((error) => this.#stop(asProblem(error)));
  }

  async #setClusterId(id: string): Promise<void> {
    // Never before the journal itself: a directory of a cluster without one
    // counts as damaged.
    if (!await this.#journal?.settled()) return;
    while (true) {
      try {
        await this.#directory.setClusterId(id);
        this.#transport?.recheckClusters();
        return;
      } catch (error) {
        if (!isDiskFull(asProblem(error).cause)) throw error;
      }
      if (this.#closing !== null) return;
      await new Promise<void>((resolve) => {
        this.#giveUpBinding = resolve;
        this.#timers.after(BINDING_RETRY_MS, resolve);
      });
    }
  }

  /**
   * A voter belongs to another cluster. One stray must not stop a quorum; but
   * where so many differ that no quorum is left, the stray is this monitor.
   */
  #meet(peer: string, clusterId: string | null): void {
    if (clusterId === null) {
      this.#foreign.delete(peer);
      return;
    }
    this.#foreign.add(peer);
    const { peers, dataDirectory } = this.#options;
    const left = peers.length - this.#foreign.size;
    if (left > peers.length / 2) return;
    const known = this.#directory.identity.clusterId ?? "";
    this.#stop(clusterMismatch(dataDirectory, known, clusterId));
  }
}
