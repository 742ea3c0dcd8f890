/**
 * The replicated state of one monitor as a service: commit, read, watch.
 * Composes data directory, journal, transport and Raft loop.
 */

import { asProblem, crc32c, LIMITS, Problem } from "../../base/mod.ts";
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
import type { Address, Ports } from "../../platform/mod.ts";
import { type Entry, Raft, type Standing } from "../../raft/mod.ts";
import {
  clusterMismatch,
  type DataDirectory,
  openDataDirectory,
} from "../data_directory.ts";
import { Journal, type RecoveredLog } from "../journal/mod.ts";
import { QuorumContact } from "./quorum_contact.ts";
import type { Peer } from "./raft_link.ts";
import { RaftLoop } from "./raft_loop.ts";
import { RaftTransport } from "./raft_transport.ts";

/** Election after 0.5-1 s of silence at 50 ms a tick, a heartbeat each tick. */
const ELECTION_TICKS_MIN = 10;
const HEARTBEAT_TICKS = 1;
const APPEND_BYTES = 1024 * 1024;
const APPENDS_IN_FLIGHT = 64;

/** What a monitor's other parts see of the quorum. */
export interface Store {
  /** The state as applied here. */
  readonly state: ClusterState;
  /** Role, term and leader. */
  readonly standing: Standing;
  /** Rejects with the problems `no-leader`, `overloaded`, `outcome-unknown`, `too-large`. */
  commit(command: Command): Promise<TransactionResult>;
  /** A linearizable read point, on the leader only. Rejects with `no-leader`, `overloaded`. */
  readBarrier(): Promise<void>;
  /** How long ago this monitor last knew itself level with the quorum; null for never. */
  contactAgeMs(): number | null;
  /** Calls after each applied transaction that changed something; answers how to end it. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  /** Calls after each change of the standing; answers how to end it. */
  onStanding(listener: (standing: Standing) => void): () => void;
  close(): Promise<void>;
  /** Resolves when the monitor must stop (disk failure, wrong cluster, broken invariant). */
  readonly failed: Promise<Problem>;
}

/** What a store is opened with. */
export interface StoreOptions {
  readonly name: string;
  readonly dataDirectory: string;
  /** Where to listen for the other monitors. */
  readonly raftAddress: Address;
  /** All voters, this one included; the same on all. */
  readonly peers: readonly Peer[];
  readonly observe?: StoreObserver;
  /** Sizes of the journal; small ones suit simulations. */
  readonly journal?: {
    readonly segmentBytes?: number;
    readonly layOutBytes?: number;
  };
}

/** What the simulator's oracles see; each call is within the step that did it. */
export interface StoreObserver {
  applied?(record: AppliedRecord): void;
  standing?(standing: Standing): void;
}

/** One applied entry, and the state after it. */
export interface AppliedRecord {
  readonly index: number;
  readonly term: number;
  /** CRC32C of the entry's data. */
  readonly digest: number;
  readonly stateHash: number;
  readonly entry: Entry;
}

/**
 * Opens the data directory, reads the journal back and joins the quorum.
 * Rejects with the problems `invalid-config`, `data-directory-in-use`,
 * `identity-mismatch`, `journal-damaged`, `journal-format`, `disk-failed` and
 * `address-in-use`, leaving nothing open.
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
  #transport: RaftTransport | null = null;
  #loop: RaftLoop<TransactionResult> | null = null;
  #binding: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(ports: Ports, options: StoreOptions, directory: DataDirectory) {
    this.#ports = ports;
    this.#options = options;
    this.#directory = directory;
    this.#contact = new QuorumContact(ports.clock, () => options.peers.length);
    const { promise, resolve } = Promise.withResolvers<Problem>();
    this.failed = promise;
    this.#fail = resolve;
  }

  async open(): Promise<void> {
    const { dataDirectory } = this.#options;
    const { journal, recovered } = await Journal.open(this.#ports, {
      ...this.#options.journal,
      directory: `${dataDirectory}/journal`,
      durable: (sequence) => this.#loop?.durable(sequence),
      failed: (problem) => this.#stop(problem),
    });
    this.#journal = journal;
    requireJournal(this.#directory, dataDirectory, recovered);
    const raft = this.#makeRaft(recovered);
    const loop = new RaftLoop<TransactionResult>({
      clock: this.#ports.clock,
      raft,
      standing: raft.standing,
      send: (messages) => this.#transport?.send(messages),
      persist: (batch) => journal.append(batch),
      apply: (entry) => this.#apply(entry),
      standingChanged: (standing) => this.#tellStanding(standing),
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
    return new Promise((resolve) => {
      resolve(this.#running().propose(encodeTransaction(command)));
    });
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
    await this.#binding;
    await this.#journal?.close();
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

  #makeRaft(recovered: RecoveredLog): Raft {
    const { name, peers } = this.#options;
    const random = this.#ports.random.bytes(4);
    return new Raft({
      name,
      voters: peers.map((peer) => peer.name),
      hardState: recovered.hardState,
      entries: recovered.entries,
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
        loop.receive(messages);
        for (const message of messages) {
          this.#contact.heard(message, loop.standing);
        }
      },
      foreignCluster: (peer, clusterId) => this.#meet(peer, clusterId),
    });
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
    await this.#directory.setClusterId(id);
    this.#transport?.recheckClusters();
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

/** What the others apply this monitor would have to pass over: it must not go on. */
function tooOld(commandVersion: number): Problem {
  return new Problem(
    "version-too-old",
    `the quorum uses version ${commandVersion} of commands, and this program knows ${COMMAND_VERSION_MAX}`,
    "run the version of gmon that the other monitors run",
  );
}

/** A monitor that knows its cluster has voted: without its journal it might vote again. */
function requireJournal(
  directory: DataDirectory,
  path: string,
  recovered: RecoveredLog,
): void {
  if (directory.identity.clusterId === null) return;
  if (recovered.hardState !== null) return;
  throw new Problem(
    "journal-damaged",
    `the journal is missing from ${path}, though this monitor has been part of a cluster`,
    "restore the directory as it was; a monitor that forgot its votes must not take part",
  );
}

function checkPeers(options: StoreOptions): void {
  const { name, peers } = options;
  const names = peers.map((peer) => peer.name);
  const remedy = "give --monitors the same list on all monitors";
  if (!names.includes(name)) {
    const message = `the monitor ${name} is not in the list of monitors`;
    throw new Problem("invalid-config", message, remedy);
  }
  if (new Set(names).size !== names.length) {
    const message = "two monitors in the list have the same name";
    throw new Problem("invalid-config", message, remedy);
  }
  if (names.length > LIMITS.monitors) {
    const message =
      `there are ${names.length} monitors in the list, the limit is ${LIMITS.monitors}`;
    throw new Problem("invalid-config", message, "use 1, 3 or 5 monitors");
  }
}
