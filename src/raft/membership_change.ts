/**
 * Changes of the members, one at a time (thesis §4.1, §4.2): by request, and
 * the steps that the configuration itself says are to follow.
 */

import {
  type Configuration,
  encodeConfiguration,
  memberOf,
} from "./configuration.ts";
import {
  changeConfiguration,
  type ConfigurationChange,
  type Declined,
} from "./configuration_change.ts";
import { followMembers, isResponsive } from "./followers.ts";
import type { Leadership } from "./leadership.ts";
import type { Entry } from "./message.ts";
import { appendOwnEntry } from "./proposal.ts";
import { majorityOf } from "./quorum.ts";
import { hasCommittedInTerm } from "./read_index.ts";
import { replicate } from "./replication.ts";
import type { RaftState } from "./state.ts";

/** Takes a request for a change: it is in the log, or declined. */
export function receiveConfigurationChange(
  state: RaftState,
  id: number,
  change: ConfigurationChange,
): void {
  const { leadership } = state;
  const outcome = leadership === null
    ? "not-leader"
    : tryChange(state, leadership, change);
  if (typeof outcome === "string") state.effects.decline(id, outcome);
  else state.effects.accept(id, outcome.index, outcome.term);
}

/**
 * The next step that the configuration asks for: a learner that has caught up
 * becomes a voter (thesis §4.2.1), and whom it replaces goes. As the intention
 * is in the log, it outlives the leader that was asked.
 */
export function advanceMembership(
  state: RaftState,
  leadership: Leadership,
): void {
  if (notNow(state, leadership) !== null) return;
  for (
    const { name, voter, promote, replaces } of state.membership.configuration
  ) {
    const change: ConfigurationChange | null = !voter && promote
      ? { kind: "promote", name }
      : voter && replaces !== null
      ? { kind: "remove", name: replaces }
      : null;
    if (change === null) continue;
    if (typeof tryChange(state, leadership, change) !== "string") return;
  }
}

function tryChange(
  state: RaftState,
  leadership: Leadership,
  change: ConfigurationChange,
): Entry | Declined {
  const known = state.membership.configuration;
  const outcome = changeConfiguration(known, change);
  const reason = notNow(state, leadership) ??
    (typeof outcome === "string"
      ? outcome
      : objection(state, leadership, change, outcome));
  if (reason !== null) return reason;
  const data = encodeConfiguration(outcome as Configuration);
  const entry = appendOwnEntry(state, leadership, "configuration", data);
  followMembers(state, leadership);
  replicate(state, leadership);
  return entry;
}

/** Why no change at all can be made at present. */
function notNow(state: RaftState, leadership: Leadership): Declined | null {
  if (leadership.transfer !== null) return "transfer-pending";
  // The bug of single-server changes, found after the thesis (Ongaro,
  // raft-dev, 10 July 2015): without an entry of its own term committed, a
  // leader's change may rival one that an earlier leader left uncommitted.
  if (!hasCommittedInTerm(state)) return "term-not-committed";
  // §4.1: majorities of two changes at once need not overlap.
  if (state.membership.index > state.commitIndex) return "change-pending";
  return null;
}

/** Why this change, sound on paper, is not made with the followers as they are. */
function objection(
  state: RaftState,
  leadership: Leadership,
  change: ConfigurationChange,
  next: Configuration,
): Declined | null {
  const { name } = change;
  if (change.kind === "replace" && name === state.name) return "is-leader";
  if (change.kind === "promote") {
    const isDone = leadership.progress.get(name)?.catchUp.isDone(
      leadership.ticks,
      state.options.electionTicksMin,
    );
    if (isDone !== true) return "not-caught-up";
  }
  const before = memberOf(state.membership.configuration, name);
  const votersChange = (before?.voter ?? false) !==
    (memberOf(next, name)?.voter ?? false);
  return votersChange && losesQuorum(state, leadership, next)
    ? "would-lose-quorum"
    : null;
}

/** §4.2: the voters now heard would be no majority of the voters to come. */
function losesQuorum(
  state: RaftState,
  leadership: Leadership,
  next: Configuration,
): boolean {
  const voters = next.filter(({ voter }) => voter);
  const heard = voters.filter(({ name }) => {
    if (name === state.name) return true;
    const progress = leadership.progress.get(name);
    return progress !== undefined && isResponsive(state, leadership, progress);
  });
  return heard.length < majorityOf(voters.length);
}
