/** Consensus as the monitors run it: its timing and sizes, and what it starts from. */

import type { Random } from "../../platform/mod.ts";
import { type Configuration, Raft, type Snapshot } from "../../raft/mod.ts";
import type { RecoveredLog, SnapshotDirectory } from "../journal/mod.ts";

/**
 * Election after 0.5-1 s of silence at 50 ms a tick, a heartbeat each tick.
 * All monitors must agree on the shortest election timeout.
 */
const SIZES = {
  electionTicksMin: 10,
  heartbeatTicks: 1,
  appendBytesMax: 1024 * 1024,
  inFlightMax: 64,
  snapshotChunkBytes: 512 * 1024,
};

/** What was found on disk, and who the monitor is. */
export interface RaftStart {
  readonly name: string;
  readonly incarnation: string;
  readonly founding: Configuration;
  readonly recovered: RecoveredLog;
  readonly snapshot: Snapshot | null;
  readonly incoming: SnapshotDirectory["incoming"];
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
    ...(incoming === null ? {} : { partialSnapshot: incoming }),
    seed: new DataView(seed.buffer, seed.byteOffset).getUint32(0),
  });
}
