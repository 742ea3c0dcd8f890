/** What is sent without being asked: gossip rounds, and knocks at the doors of the failed. */

import { startProbe } from "./probe.ts";
import { clusterSize, sendDatagram, type SwimState } from "./state.ts";

/**
 * So many datagrams of their own does the news of a whole cluster get in one
 * round: each update is sent equally often in all, and what does not hurry rides
 * on probes, which are sent anyway.
 */
const ROUND_DATAGRAMS = 192;
/** Each member's share of them is not below this, so that news outruns suspicion at any size. */
const FANOUT_MIN = 0.5;

/** Sends waiting updates to a few members (SWIM §4.1 piggybacks only; this is memberlist's remedy for quiet times). */
export function tickGossip(state: SwimState): void {
  if (state.now < state.due.gossip) return;
  // What one has no time to read from others, others may not have from one.
  state.due.gossip = state.now +
    state.options.gossipIntervalTicks * (1 + state.awareness.lateness);
  const { dissemination } = state;
  if (dissemination.size === 0) return;
  for (const target of state.table.pickLive(state.prng, drawFanout(state))) {
    if (dissemination.size === 0) return;
    sendDatagram(state, target.address, { kind: "gossip", claims: [] });
  }
}

function drawFanout(state: SwimState): number {
  const { dissemination, options, prng } = state;
  const share = Math.max(FANOUT_MIN, ROUND_DATAGRAMS / clusterSize(state));
  // In a storm of news comparisons of tables do most of the work, and cheaper.
  const most = dissemination.isCrowded ? 1 : options.gossipFanout;
  const fanout = Math.min(share, most);
  const whole = Math.floor(fanout);
  return whole + (prng.chance(fanout - whole) ? 1 : 0);
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
