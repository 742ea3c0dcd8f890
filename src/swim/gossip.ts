/** What is sent without being asked: gossip rounds, and knocks at the doors of the failed. */

import { startProbe } from "./probe.ts";
import { clusterSize, sendDatagram, type SwimState } from "./state.ts";

/** Sends waiting updates to a few members (SWIM §4.1 piggybacks only; this is memberlist's remedy for quiet times). */
export function tickGossip(state: SwimState): void {
  if (state.now < state.due.gossip) return;
  // What one has no time to read from others, others may not have from one.
  state.due.gossip = state.now +
    state.options.gossipIntervalTicks * (1 + state.awareness.lateness);
  const { dissemination, options } = state;
  if (dissemination.size === 0) return;
  // In a storm of news comparisons of tables do most of the work, and cheaper.
  const fanout = dissemination.isCrowded ? 1 : options.gossipFanout;
  for (const target of state.table.pickLive(state.prng, fanout)) {
    if (dissemination.size === 0) return;
    sendDatagram(state, target.address, { kind: "gossip", claims: [] });
  }
}

/**
 * Now and then pings a failed member with the claim that it failed. If it
 * lives (the partition is over, the verdict was wrong) it refutes. The chance
 * of failed / living bounds the whole cluster's knocks by its failures.
 */
export function tickKnock(state: SwimState): void {
  if (state.now < state.due.knock) return;
  state.due.knock = state.now + state.options.knockIntervalTicks;
  const { failedCount } = state.table;
  if (failedCount === 0) return;
  if (!state.prng.chance(Math.min(1, failedCount / clusterSize(state)))) return;
  const failed = state.table.pickFailed(state.prng);
  if (failed !== undefined) startProbe(state, failed, "knock");
}
