/** What a monitor knows only while it leads, and how it comes to lead (thesis §3.4, §3.5). */

import { assert } from "../base/mod.ts";
import { InFlight } from "./in_flight.ts";
import type { MonitorName } from "./message.ts";
import { Progress } from "./progress.ts";
import { appendOwnEntry } from "./proposal.ts";
import { replicate } from "./replication.ts";
import type { RaftState } from "./state.ts";

/** A leader's volatile state; made anew in each term it leads. */
export interface Leadership {
  /** The followers. Learners will have a progress too, but no say. */
  readonly progress: ReadonlyMap<MonitorName, Progress>;
  /** Ticks since it began to lead. */
  ticks: number;
  heartbeatElapsedTicks: number;
  /** Counts rounds of AppendEntries; each message carries the latest (thesis §6.4). */
  round: number;
  /** Reads that no round has been started for. */
  waitingReads: number[];
  /** Reads whose round is under way. */
  askedReads: AskedReads | null;
  /** Bytes of this term's entries that are not committed. */
  uncommittedBytes: number;
}

/** Reads that wait for a majority to echo `round`. */
export interface AskedReads {
  readonly ids: readonly number[];
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
  const { inFlightMax, appendBytesMax } = state.options;
  const bytesMax = state.options.inFlightBytesMax ?? 4 * appendBytesMax;
  const progress = new Map<MonitorName, Progress>();
  for (const name of state.others) {
    const window = new InFlight(inFlightMax, bytesMax);
    progress.set(name, new Progress(name, state.log.lastIndex + 1, window));
  }
  state.role = "leader";
  state.leader = state.name;
  state.campaign = null;
  state.leadership = {
    progress,
    ticks: 0,
    heartbeatElapsedTicks: 0,
    round: 1,
    waitingReads: [],
    askedReads: null,
    uncommittedBytes: 0,
  };
  appendOwnEntry(state, state.leadership, "noop", NO_DATA);
  replicate(state, state.leadership);
}
