/**
 * The replicated state of one monitor as a service: commit, read, watch, and
 * say who belongs to the quorum. Composes data directory, journal, transport
 * and Raft loop.
 */

import { Problem } from "../../base/mod.ts";
import {
  type Change,
  type ClusterState,
  type Command,
  type TransactionResult,
} from "../../cluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import {
  type Configuration,
  type Entry,
  type Raft,
  type Snapshot,
  type Standing,
} from "../../raft/mod.ts";
import { type DataDirectory, openDataDirectory } from "../data_directory.ts";
import { Journal, type RecoveredLog } from "../journal/mod.ts";
import { beginBackup } from "./backup.ts";
import { ClusterBinding } from "./cluster_binding.ts";
import { checkCompany } from "./company.ts";
import { monitorRemoved } from "./departure.ts";
import { checkFounders, configurationsOnDisk, foundingOf } from "./founding.ts";
import { FullDisk } from "./full_disk.ts";
import { bearable } from "./journal_pressure.ts";
import { ownPlaceOf } from "./member_place.ts";
import { QuorumContact } from "./quorum_contact.ts";
import { QuorumMembership } from "./quorum_membership.ts";
import { Listeners } from "../listeners.ts";
import { RaftLoop } from "./raft_loop.ts";
import { startRaft } from "./raft_start.ts";
import { RaftTransport } from "./raft_transport.ts";
import { ReplicatedState } from "./replicated_state.ts";
import { SnapshotKeeper, TAIL_ENTRIES } from "./snapshot_keeper.ts";
import type {
  Backup,
  FollowerProgress,
  MemberChange,
  Membership,
  Store,
  StoreOptions,
} from "./store_contract.ts";
import { recoverStore, type StoreRecovery } from "./store_recovery.ts";
import { logLost, requireJournal } from "./store_refusals.ts";

/**
 * Opens the data directory, reads the journal back and joins the quorum.
 * Rejects with the problems `invalid-config`, `data-directory-in-use`,
 * `identity-mismatch`, `monitor-removed`, `journal-damaged`,
 * `snapshot-damaged`, `journal-format`, `disk-failed` and `address-in-use`,
 * leaving nothing open.
 */
export async function openStore(
  ports: Ports,
  options: StoreOptions,
): Promise<Store> {
  const { name, dataDirectory, founders } = options;
  checkFounders(founders);
  const directory = await openDataDirectory(ports, dataDirectory, {
    role: "monitor",
    name,
    joins: founders.length === 0,
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
  readonly failed: Promise<Problem>;
  readonly #fail: (problem: Problem) => void;
  readonly #ports: Ports;
  readonly #options: StoreOptions;
  readonly #directory: DataDirectory;
  readonly #replicated: ReplicatedState;
  readonly #standings = new Listeners<Standing>();
  readonly #contact: QuorumContact;
  #raft: Raft | null = null;
  #journal: Journal | null = null;
  #keeper: SnapshotKeeper | null = null;
  #transport: RaftTransport | null = null;
  #membership: QuorumMembership | null = null;
  #binding: ClusterBinding | null = null;
  #fullDisk: FullDisk | null = null;
  #loop: RaftLoop<TransactionResult> | null = null;
  #closing: Promise<void> | null = null;

  constructor(ports: Ports, options: StoreOptions, directory: DataDirectory) {
    this.#ports = ports;
    this.#options = options;
    this.#directory = directory;
    this.#replicated = new ReplicatedState(options.observe);
    this.#contact = new QuorumContact(
      ports.clock,
      () => this.#membership?.members.voters ?? [],
    );
    const { promise, resolve } = Promise.withResolvers<Problem>();
    this.failed = promise;
    this.#fail = resolve;
  }

  async open(): Promise<void> {
    const founding = foundingOf(this.#directory, this.#options);
    const { journal, recovered, directory, loaded } = await this.#recover();
    const snapshot = loaded?.snapshot ?? null;
    const isEmpty = recovered.hardState === null && snapshot === null;
    // Before anything is said that cannot be taken back.
    await checkCompany(this.#ports, this.#directory, this.#options, isEmpty);
    const membership = this.#openMembership(founding, recovered, snapshot);
    this.#binding = this.#openBinding(journal, membership);
    if (loaded !== null) {
      const changes = this.state.become(loaded.state);
      this.#replicated.restored(loaded.snapshot, changes);
    }
    const raft = startRaft(this.#ports.random, {
      name: this.#options.name,
      incarnation: this.incarnation,
      leaseTicks: this.#leaseTicks,
      founding,
      recovered,
      snapshot,
      incoming: directory.incoming,
    });
    this.#raft = raft;
    const keeper = new SnapshotKeeper(this.#ports, {
      directory,
      journal,
      raft,
      state: this.state,
      loaded: snapshot,
      sizes: this.#options.snapshots ?? {},
      tell: (event) => this.#loop?.tell(event),
      restored: (snapshot, changes) => {
        membership.applied(snapshot.index, snapshot.configuration);
        this.#replicated.restored(snapshot, changes);
      },
      failed: (problem) => this.#stop(problem),
    });
    this.#keeper = keeper;
    const loop = new RaftLoop<TransactionResult>({
      clock: this.#ports.clock,
      raft,
      standing: raft.standing,
      leases: this.#leaseTicks > 0
        ? { areKept: () => membership.leasesAreKept }
        : null,
      send: (messages) => this.#transport?.send(messages),
      persist: (batch, urgency) => journal.append(batch, urgency),
      apply: (entry) => this.#apply(entry),
      standingChanged: (standing) => this.#tellStanding(standing),
      configurationChanged: (inForce) => membership.changed(inForce),
      snapshots: keeper,
      appliedIndex: snapshot?.index ?? 0,
      failed: (problem) => this.#stop(problem),
    });
    this.#loop = loop;
    this.#fullDisk = new FullDisk(this.#ports.clock, raft, loop);
    this.#transport = await this.#openTransport(loop, membership);
    loop.start();
  }

  get state(): ClusterState {
    return this.#replicated.state;
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
      const wallMs = this.#ports.clock.wallMs();
      return loop.propose(this.#replicated.encode(command, wallMs));
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
    return this.#replicated.changes.add(listener);
  }

  onStanding(listener: (standing: Standing) => void): () => void {
    return this.#standings.add(listener);
  }

  get incarnation(): string {
    return this.#directory.identity.incarnation;
  }

  get quorumId(): string | null {
    return this.#directory.identity.clusterId;
  }

  get members(): Membership["members"] {
    const { list, inForce } = this.#belonging.members;
    return { members: list, committed: inForce.committed };
  }

  onMembers(listener: () => void): () => void {
    return this.#belonging.members.onChange(listener);
  }

  async changeMembers(change: MemberChange): Promise<void> {
    await this.#belonging.changes.changeMembers(change);
  }

  async transferLead(to: string | null): Promise<string> {
    return await this.#belonging.changes.transferLead(to);
  }

  get followers(): readonly FollowerProgress[] {
    return this.#belonging.changes.followers;
  }

  backup(): Backup {
    return beginBackup(this.state, this.#raft!, this.#running().appliedIndex);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#loop?.stop();
    this.#membership?.close();
    await this.#transport?.close();
    await this.#binding?.close();
    await Promise.all([this.#keeper?.close(), this.#journal?.close()]);
    this.#fullDisk?.stop();
    await this.#directory.release();
  }

  /** Falls silent at once; who watches `failed` closes the rest, once `last` is on disk if it can be. */
  #stop(problem: Problem, last = Promise.resolve()): void {
    const { code, message, remedy } = problem;
    this.#ports.log.write("error", message, { code, remedy });
    this.#loop?.stop();
    this.#membership?.close();
    void this.#transport?.close();
    void last.catch(() => {}).then(() => this.#fail(problem));
  }

  get #leaseTicks(): number {
    return this.#options.leaseTicks ?? 0;
  }

  #running(): RaftLoop<TransactionResult> {
    if (this.#loop === null) throw new Problem("no-leader", "not open yet");
    return this.#loop;
  }

  get #belonging(): QuorumMembership {
    if (this.#membership === null) {
      throw new Problem("no-leader", "not open yet");
    }
    return this.#membership;
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
      fullChanged: (problem) => this.#fullDisk?.changed(problem !== null),
    });
    this.#journal = opened.journal;
    return opened;
  }

  /** Throws Problem `monitor-removed`. */
  #openMembership(
    founding: Configuration,
    recovered: RecoveredLog,
    snapshot: Snapshot | null,
  ): QuorumMembership {
    const { name, founders } = this.#options;
    const membership = new QuorumMembership({
      ...this.#ports,
      name,
      directory: this.#directory,
      ownPlace: ownPlaceOf(this.#options),
      hints: founders,
      known: configurationsOnDisk(founding, snapshot, recovered),
      loop: {
        standing: () => this.standing,
        change: (change) => this.#running().change(change),
        transfer: (to) => this.#running().transfer(to),
      },
      raft: () => this.#raft,
      state: this.state,
      inForce: (inForce) => this.#options.observe?.configuration?.(inForce),
      keepsLeases: this.#leaseTicks > 0,
      follow: () => this.#transport?.follow(),
      failed: (problem) => this.#stop(problem),
    });
    this.#membership = membership;
    if (membership.members.belonging === "removed") {
      throw monitorRemoved(name, null);
    }
    return membership;
  }

  #openBinding(
    journal: Journal,
    { members }: QuorumMembership,
  ): ClusterBinding {
    const binding = new ClusterBinding({
      clock: this.#ports.clock,
      directory: this.#directory,
      path: this.#options.dataDirectory,
      founders: this.#options.founders,
      journal,
      voters: () => members.voters,
      bound: () => this.#transport?.recheckClusters(),
      failed: (problem) => this.#stop(problem),
    });
    this.subscribe((changes) => binding.changed(changes, this.state));
    return binding;
  }

  #openTransport(
    loop: RaftLoop<TransactionResult>,
    membership: QuorumMembership,
  ): Promise<RaftTransport> {
    const { name, raftAddress } = this.#options;
    return RaftTransport.open(this.#ports, {
      name,
      address: raftAddress,
      peers: membership.peers,
      clusterId: () => this.#directory.identity.clusterId,
      receive: (messages) => {
        loop.receive(bearable(messages, this.#journal?.waitingBytes ?? 0));
        for (const message of messages) {
          this.#contact.heard(message, loop.standing);
          membership.heard(message, loop.standing);
        }
      },
      gone: (peer) => loop.tell({ kind: "gone", name: peer }),
      foreignCluster: (peer, clusterId) => this.#binding?.meet(peer, clusterId),
      disowned: (by) => membership.disowned(by),
      forgetful: (by) =>
        this.#stop(logLost(name, by), this.#directory.setLost()),
    });
  }

  #apply(entry: Entry): TransactionResult {
    const result = this.#replicated.apply(entry);
    this.#membership?.appliedEntry(entry);
    this.#contact.applied(entry);
    this.#keeper?.applied(entry);
    this.#replicated.observed(entry);
    return result;
  }

  #tellStanding(standing: Standing): void {
    this.#membership?.standingChanged(standing);
    this.#options.observe?.standing?.(standing);
    this.#standings.tell(standing);
  }
}
