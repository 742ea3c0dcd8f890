/**
 * Consensus as a machine: one event in, one batch of effects out. This file
 * is the gate every message passes, where terms are compared once for all
 * (thesis §3.3), and the dispatch to the rules, a file each.
 */

import { unreachable } from "../base/mod.ts";
import { receiveAppendRequest, refuseStaleAppend } from "./append_request.ts";
import { receiveAppendResponse } from "./append_response.ts";
import { receiveCommitNotice } from "./commit_notice.ts";
import { becomeFollower } from "./follower.ts";
import type { Entry, Message, MonitorName } from "./message.ts";
import { receivePersisted, takePersistBatch } from "./persistence.ts";
import { receiveProposals } from "./proposal.ts";
import { receiveRead } from "./read_index.ts";
import { sendCommitNotices } from "./replication.ts";
import { RaftState } from "./state.ts";
import type { Effects, RaftEvent, RaftOptions, Standing } from "./step.ts";
import { receiveTick } from "./tick.ts";
import { receiveVoteRequest } from "./vote_request.ts";
import { receiveVoteResponse } from "./vote_response.ts";

/** What a leader knows of one follower, for people and metrics. */
export interface FollowerView {
  readonly name: MonitorName;
  readonly state: "probe" | "replicate";
  /** The last index known to be durable there. */
  readonly matchIndex: number;
  /** The next index to be sent. */
  readonly nextIndex: number;
  /** Ticks since its latest answer. */
  readonly silentTicks: number;
}

/**
 * One monitor's consensus. It starts as a follower from what its journal
 * holds; committed entries are handed out again from the first one on.
 */
export class Raft {
  readonly #state: RaftState;
  #standing: Standing;

  /** Throws AssertionFailure when the options or the journal contradict themselves. */
  constructor(options: RaftOptions) {
    this.#state = new RaftState(options);
    this.#standing = standingOf(this.#state);
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

  /** The followers while leading, in the order of the voters; else none. */
  get followers(): FollowerView[] {
    const leadership = this.#state.leadership;
    if (leadership === null) return [];
    return [...leadership.progress.values()].map((progress) => ({
      name: progress.name,
      state: progress.state,
      matchIndex: progress.matchIndex,
      nextIndex: progress.nextIndex,
      silentTicks: leadership.ticks - progress.contactTick,
    }));
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
      case "message":
        receiveMessage(state, event.message);
        break;
      case "persisted":
        receivePersisted(state, event.sequence);
        break;
      case "propose":
        receiveProposals(state, event.proposals);
        break;
      case "read":
        receiveRead(state, event.id);
        break;
      // Membership change and leader transfer will be events of their own.
      default:
        unreachable(event);
    }
    if (state.leadership !== null) sendCommitNotices(state, state.leadership);
    return state.effects.take(takePersistBatch(state), this.#newStanding());
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

/**
 * The gate (thesis §3.3): a later term makes a follower, an earlier one is
 * turned away. Vote requests pass in any term, for a pre-vote asks about a
 * term without starting it (§9.6), and who hears a leader ignores even a later
 * term (§4.2.3); so does a granted pre-vote, which names the term asked about.
 */
function receiveMessage(state: RaftState, message: Message): void {
  if (message.to !== state.name) return;
  if (!state.others.includes(message.from)) return;
  if (message.kind === "voteRequest") {
    receiveVoteRequest(state, message);
    return;
  }
  if (message.term > state.term && !isGrantedPreVote(message)) {
    becomeFollower(state, message.term);
  }
  if (message.term < state.term) {
    // A leader left behind must learn of the later term; all else is just late.
    if (message.kind === "appendRequest") refuseStaleAppend(state, message);
    return;
  }
  dispatch(state, message);
}

function dispatch(
  state: RaftState,
  message: Exclude<Message, { kind: "voteRequest" }>,
): void {
  switch (message.kind) {
    case "voteResponse":
      return receiveVoteResponse(state, message);
    case "appendRequest":
      return receiveAppendRequest(state, message);
    case "appendResponse":
      return receiveAppendResponse(state, message);
    case "commitNotice":
      return receiveCommitNotice(state, message);
    // Chunks of snapshots and leader transfer will be messages of their own.
    default:
      return unreachable(message);
  }
}

function isGrantedPreVote(message: Message): boolean {
  return message.kind === "voteResponse" && message.preVote && message.granted;
}

function standingOf(state: RaftState): Standing {
  return { role: state.role, term: state.term, leader: state.leader };
}
