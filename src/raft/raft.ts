/**
 * Consensus as a machine: one event in, one batch of effects out. Messages go
 * on to `gate.ts`, all else to the rules from here.
 */

import { present, unreachable } from "../base/mod.ts";
import { receiveSnapshotTaken } from "./compaction.ts";
import type { ConfigurationInForce } from "./configuration.ts";
import { memberOf } from "./configuration.ts";
import { followersSuffice, forgetContacts } from "./followers.ts";
import { receiveMessage } from "./gate.ts";
import { receiveGone } from "./leader_gone.ts";
import { receiveConfigurationChange } from "./membership_change.ts";
import type { Entry, MonitorName, Snapshot } from "./message.ts";
import { receivePersisted, takePersistBatch } from "./persistence.ts";
import { receiveProposals } from "./proposal.ts";
import { receiveRead } from "./read_index.ts";
import { sendCommitNotices } from "./replication.ts";
import { receiveSnapshotWritten } from "./snapshot_receipt.ts";
import { receiveSnapshotRead } from "./snapshot_sending.ts";
import { RaftState } from "./state.ts";
import type { Effects, RaftEvent, RaftOptions, Standing } from "./step.ts";
import { receiveTick } from "./tick.ts";
import { receiveTransfer, stepDownIfRemoved } from "./transfer.ts";

/** What a leader knows of one follower, for people and metrics. */
export interface FollowerView {
  readonly name: MonitorName;
  readonly state: "probe" | "replicate" | "snapshot";
  /** The last index known to be durable there. */
  readonly matchIndex: number;
  /** How many entries of the leader's log stand behind that. */
  readonly lagEntries: number;
  /** The next index to be sent. */
  readonly nextIndex: number;
  /** Ticks since its latest answer. */
  readonly silentTicks: number;
  /** False for learners, and for those that are being removed. */
  readonly voter: boolean;
  /** True for a learner that could be made a voter now. */
  readonly caughtUp: boolean;
}

/**
 * One monitor's consensus. It starts as a follower from what its journal
 * holds; committed entries are handed out again from the first one on.
 */
export class Raft {
  readonly #state: RaftState;
  #standing: Standing;
  #configuration: ConfigurationInForce;

  /** Throws AssertionFailure when the options or the journal contradict themselves. */
  constructor(options: RaftOptions) {
    this.#state = new RaftState(options);
    this.#standing = standingOf(this.#state);
    this.#configuration = configurationOf(this.#state);
  }

  /** Role, term and leader as of the latest step. */
  get standing(): Standing {
    return this.#standing;
  }

  /** The last committed index, all of it handed out to be applied. */
  get commitIndex(): number {
    return this.#state.commitIndex;
  }

  /** The last index in the log, committed or not. */
  get lastIndex(): number {
    return this.#state.log.lastIndex;
  }

  /** The last index known to be durable here. */
  get persistedIndex(): number {
    return this.#state.persistedIndex;
  }

  /** The index before the first one that the log still has. */
  get baseIndex(): number {
    return this.#state.log.baseIndex;
  }

  /** The configuration in force as of the latest step. */
  get configuration(): ConfigurationInForce {
    return this.#configuration;
  }

  /** The latest snapshot of the own state, or null. */
  get snapshot(): Snapshot | null {
    return this.#state.snapshot;
  }

  /**
   * What a snapshot of everything applied up to `index` must say besides the
   * state. Fails where the log has nothing at `index` (any more).
   */
  snapshotHead(
    index: number,
  ): Pick<Snapshot, "index" | "term" | "configuration"> {
    const { log, membership } = this.#state;
    const term = present(log.termAt(index), "an entry at a snapshot's index");
    return { index, term, configuration: membership.at(index) };
  }

  /** The snapshots that must not be deleted: the latest, and those being sent. */
  get snapshotsInUse(): number[] {
    const { snapshot, leadership } = this.#state;
    const indexes = new Set<number>();
    if (snapshot !== null) indexes.add(snapshot.index);
    for (const { transfer } of leadership?.progress.values() ?? []) {
      if (transfer !== null) indexes.add(transfer.snapshot.index);
    }
    return [...indexes];
  }

  /** The followers while leading, in the order of the members; else none. */
  get followers(): FollowerView[] {
    const { leadership, log, membership, options } = this.#state;
    if (leadership === null) return [];
    return [...leadership.progress.values()].map((progress) => ({
      name: progress.name,
      state: progress.state,
      matchIndex: progress.matchIndex,
      lagEntries: log.lastIndex - progress.matchIndex,
      nextIndex: progress.nextIndex,
      silentTicks: leadership.ticks - progress.contactTick,
      voter: memberOf(membership.configuration, progress.name)?.voter ?? false,
      caughtUp: progress.catchUp.isDone(
        leadership.ticks,
        options.electionTicksMin,
      ),
    }));
  }

  /**
   * True while leading, when the voters among the followers that were heard
   * lately are a majority without this monitor: nothing then waits for its disk.
   */
  get followersSuffice(): boolean {
    return followersSuffice(this.#state);
  }

  /** The entry at an index, or null where the log has none. */
  entryAt(index: number): Entry | null {
    return this.#state.log.entryAt(index);
  }

  /**
   * Takes one event and answers what must be done about it. After an
   * AssertionFailure the machine is undefined and must not be used again.
   */
  step(event: RaftEvent): Effects {
    const state = this.#state;
    switch (event.kind) {
      case "tick":
        receiveTick(state);
        break;
      case "stoodStill":
        forgetContacts(state);
        break;
      case "message":
        receiveMessage(state, event.message);
        break;
      case "persisted":
        receivePersisted(state, event.sequence);
        break;
      case "gone":
        receiveGone(state, event.name);
        break;
      case "propose":
        receiveProposals(state, event.proposals);
        break;
      case "read":
        receiveRead(state, event.id);
        break;
      case "leasesKept":
        state.leasesAreKept = event.byAll;
        break;
      case "changeConfiguration":
        receiveConfigurationChange(state, event.id, event.change);
        break;
      case "transfer":
        receiveTransfer(state, event.id, event.to);
        break;
      case "snapshotTaken":
        receiveSnapshotTaken(state, event);
        break;
      case "snapshotRead":
        receiveSnapshotRead(state, event);
        break;
      case "snapshotWritten":
        receiveSnapshotWritten(state, event);
        break;
      default:
        unreachable(event);
    }
    if (state.leadership !== null) {
      sendCommitNotices(state, state.leadership);
      stepDownIfRemoved(state, state.leadership);
    }
    this.#tellConfiguration();
    return state.effects.take(takePersistBatch(state), this.#newStanding());
  }

  #tellConfiguration(): void {
    const { membership, commitIndex, effects } = this.#state;
    const { configuration, committed } = this.#configuration;
    if (
      configuration === membership.configuration &&
      committed === membership.index <= commitIndex
    ) return;
    this.#configuration = configurationOf(this.#state);
    effects.configure(this.#configuration);
  }

  #newStanding(): Standing | null {
    const { role, term, leader } = this.#state;
    const known = this.#standing;
    if (
      known.role === role && known.term === term && known.leader === leader
    ) return null;
    this.#standing = standingOf(this.#state);
    return this.#standing;
  }
}

function standingOf(state: RaftState): Standing {
  return { role: state.role, term: state.term, leader: state.leader };
}

function configurationOf(state: RaftState): ConfigurationInForce {
  const { configuration, index } = state.membership;
  return { index, configuration, committed: index <= state.commitIndex };
}
