/**
 * Handing over the lead (thesis §3.10): take nothing new, bring the successor
 * up to date, ask it to campaign at once, and go on as before if nothing comes
 * of it within an election timeout.
 */

import { memberOf } from "./configuration.ts";
import type { Declined } from "./configuration_change.ts";
import { startElection } from "./election.ts";
import { becomeFollower } from "./follower.ts";
import { isResponsive } from "./followers.ts";
import type { Leadership } from "./leadership.ts";
import type { MonitorName } from "./message.ts";
import type { Progress } from "./progress.ts";
import { sendCommitNotices } from "./replication.ts";
import type { RaftState } from "./state.ts";

/** A hand-over under way. */
export interface Transfer {
  readonly id: number;
  readonly to: MonitorName;
  readonly startTick: number;
  /** True once the successor has been asked to campaign. */
  asked: boolean;
}

/** Begins to hand over, to the follower that is furthest if none is named. */
export function receiveTransfer(
  state: RaftState,
  id: number,
  to: MonitorName | null,
): void {
  const { leadership } = state;
  const successor = to ?? (leadership && furthest(state, leadership));
  const reason = obstacle(state, leadership, successor);
  if (leadership === null || successor === null || reason !== null) {
    state.effects.decline(id, reason ?? "not-responsive");
    return;
  }
  const startTick = leadership.ticks;
  leadership.transfer = { id, to: successor, startTick, asked: false };
  advanceTransfer(state, leadership);
}

/** Asks the successor to campaign once it has all that this leader has. */
export function advanceTransfer(
  state: RaftState,
  leadership: Leadership,
): void {
  const { transfer } = leadership;
  if (transfer === null || transfer.asked || state.leadership === null) return;
  const progress = leadership.progress.get(transfer.to);
  if (progress?.matchIndex !== state.log.lastIndex) return;
  transfer.asked = true;
  askToCampaign(state, leadership, transfer.to);
}

/** §3.10: after an election timeout the leader takes requests again. */
export function tickTransfer(state: RaftState, leadership: Leadership): void {
  const { transfer } = leadership;
  if (transfer === null) return;
  const age = leadership.ticks - transfer.startTick;
  if (age >= state.options.electionTicksMin) {
    leadership.transfer = null;
    state.effects.decline(transfer.id, "timed-out");
  } else if (transfer.asked) askToCampaign(state, leadership, transfer.to);
}

/** This monitor leads no more: that ends a hand-over. */
export function endTransfer(state: RaftState, leadership: Leadership): void {
  if (leadership.transfer !== null) {
    state.effects.handOver(leadership.transfer.id);
  }
  leadership.transfer = null;
}

/**
 * §4.2.2: a leader that is no voter any more steps down once that is committed,
 * not before, and has the others elect without a timeout.
 */
export function stepDownIfRemoved(
  state: RaftState,
  leadership: Leadership,
): void {
  const { isVoter, index } = state.membership;
  if (isVoter || index > state.commitIndex) return;
  sendCommitNotices(state, leadership);
  const successor = furthest(state, leadership);
  if (successor !== null) askToCampaign(state, leadership, successor);
  becomeFollower(state, state.term);
}

/** The leader asks this monitor to campaign: at once, without a pre-vote. */
export function receiveTimeoutNow(state: RaftState): void {
  if (state.role !== "follower" || !state.membership.isVoter) return;
  startElection(state, true);
}

function obstacle(
  state: RaftState,
  leadership: Leadership | null,
  successor: MonitorName | null,
): Declined | null {
  if (leadership === null) return "not-leader";
  if (leadership.transfer !== null) return "transfer-pending";
  if (successor === null) return "not-responsive";
  if (successor === state.name) return "is-leader";
  const member = memberOf(state.membership.configuration, successor);
  if (member === null) return "unknown-name";
  if (!member.voter) return "not-a-voter";
  const progress = leadership.progress.get(successor);
  return progress !== undefined && isResponsive(state, leadership, progress)
    ? null
    : "not-responsive";
}

/** The responsive voter with the longest log, for it needs the least time. */
function furthest(
  state: RaftState,
  leadership: Leadership,
): MonitorName | null {
  let best: Progress | null = null;
  for (const name of state.membership.otherVoters) {
    const progress = leadership.progress.get(name);
    if (progress === undefined) continue;
    if (!isResponsive(state, leadership, progress)) continue;
    if (best === null || progress.matchIndex > best.matchIndex) best = progress;
  }
  return best?.name ?? null;
}

/** From here on voters need not stick to this leader, so that no lease holds (§6.4.1). */
function askToCampaign(
  state: RaftState,
  leadership: Leadership,
  to: MonitorName,
): void {
  leadership.leaseIsVoid = true;
  state.effects.sendNow({
    kind: "timeoutNow",
    from: state.name,
    to,
    term: state.term,
  });
}
