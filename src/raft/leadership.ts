/** What a monitor knows only while it leads, and how it comes to lead (thesis §3.4, §3.5). */

import { assert } from "../base/mod.ts";
import { followMembers } from "./followers.ts";
import type { RoundStart } from "./lease.ts";
import type { MonitorName } from "./message.ts";
import type { Progress } from "./progress.ts";
import { appendOwnEntry } from "./proposal.ts";
import { replicate } from "./replication.ts";
import type { RaftState } from "./state.ts";
import type { Transfer } from "./transfer.ts";

/** A leader's volatile state; made anew in each term it leads. */
export interface Leadership {
  /** The followers: voters, learners, and for a while those that were removed. */
  readonly progress: Map<MonitorName, Progress>;
  /** Ticks since it began to lead. */
  ticks: number;
  heartbeatElapsedTicks: number;
  /** Counts rounds of AppendEntries; each message carries the latest (thesis §6.4). */
  round: number;
  /** When the latest rounds began; kept only with leases (thesis §6.4.1). */
  roundStarts: RoundStart[];
  /** Set once somebody was asked to campaign: nobody is bound to this leader any more (§6.4.1). */
  leaseIsVoid: boolean;
  /** Reads that no round has been started for. */
  waitingReads: PendingRead[];
  /** Reads whose round is under way. */
  askedReads: AskedReads | null;
  /** Bytes of this term's entries that are not committed. */
  uncommittedBytes: number;
  /** The hand-over under way (thesis §3.10). */
  transfer: Transfer | null;
}

/** A read of this monitor's own, or one that a follower asked for. */
export interface PendingRead {
  readonly id: number;
  /** Null for an own one. */
  readonly from: MonitorName | null;
}

/** Reads that wait for a majority to echo `round`. */
export interface AskedReads {
  readonly reads: readonly PendingRead[];
  readonly index: number;
  readonly round: number;
}

const NO_DATA = new Uint8Array(0);

/**
 * Takes the lead: assumes that every follower's log equals its own, and starts
 * its term with an empty entry, as entries of earlier terms are committed
 * only together with one of its own (thesis §3.6.2, §6.4).
 */
export function becomeLeader(state: RaftState): void {
  assert(state.role === "candidate", "only a candidate becomes leader");
  assert(state.votedFor === state.name, "a leader has voted for itself");
  state.role = "leader";
  state.leader = state.name;
  state.campaign = null;
  state.leadership = {
    progress: new Map(),
    ticks: 0,
    heartbeatElapsedTicks: 0,
    round: 1,
    roundStarts: [{ round: 1, tick: 0 }],
    leaseIsVoid: false,
    waitingReads: [],
    askedReads: null,
    uncommittedBytes: 0,
    transfer: null,
  };
  followMembers(state, state.leadership);
  appendOwnEntry(state, state.leadership, "noop", NO_DATA);
  replicate(state, state.leadership);
}
