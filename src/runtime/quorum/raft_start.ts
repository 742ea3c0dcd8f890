/** Consensus as the monitors run it: its timing and sizes, and what it starts from. */

import type { Random } from "../../platform/mod.ts";
import { type Configuration, Raft, type Snapshot } from "../../raft/mod.ts";
import type { RecoveredLog, SnapshotDirectory } from "../journal/mod.ts";

/** The shortest election timeout; all monitors must agree on it. */
export const ELECTION_TICKS_MIN = 10;

/** Election after 0.5-1 s of silence at 50 ms a tick, a heartbeat each tick. */
const SIZES = {
  electionTicksMin: ELECTION_TICKS_MIN,
  heartbeatTicks: 1,
  appendBytesMax: 1024 * 1024,
  inFlightMax: 64,
  snapshotChunkBytes: 512 * 1024,
};

/**
 * How long a lease is, where leases are used. A shortest election timeout is
 * ten ticks: no monitor's clock may run 1.8 times as fast as another's.
 */
export const LEASE_TICKS = 5;

/** What was found on disk, and who the monitor is. */
export interface RaftStart {
  readonly name: string;
  readonly incarnation: string;
  readonly founding: Configuration;
  readonly recovered: RecoveredLog;
  readonly snapshot: Snapshot | null;
  readonly incoming: SnapshotDirectory["incoming"];
  readonly leaseTicks: number;
}

/** The machine of one monitor. */
export function startRaft(random: Random, start: RaftStart): Raft {
  const { name, incarnation, founding, recovered, snapshot, incoming } = start;
  const seed = random.bytes(4);
  return new Raft({
    ...SIZES,
    name,
    incarnation,
    voters: [],
    founding,
    hardState: recovered.hardState,
    entries: recovered.entries,
    ...(snapshot === null ? {} : { snapshot }),
    leaseTicks: start.leaseTicks,
    ...(incoming === null ? {} : { partialSnapshot: incoming }),
    seed: new DataView(seed.buffer, seed.byteOffset).getUint32(0),
  });
}
