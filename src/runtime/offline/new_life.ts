/**
 * What a monitor of a quorum made anew begins with: a state that has leapt
 * over everything the lost quorum may have handed out, as a snapshot that came
 * from nowhere, with a configuration of lives that were never seen before.
 */

import {
  type ClusterState,
  encodeSnapshot,
  leapTo,
  type MonitorDocument,
} from "../../cluster/mod.ts";
import { planRestoring, revisionAfterLoss } from "../../planner/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import type { Configuration } from "../../raft/mod.ts";
import { writeIdentity } from "../data_directory.ts";
import type { Identity } from "../identity.ts";
import {
  Journal,
  type LogPosition,
  SnapshotDirectory,
} from "../journal/mod.ts";
import { encodePlace } from "../quorum/member_place.ts";

/** So much is encoded before it is written. */
const SLICE_BYTES = 1024 * 1024;

/** There is only one record. */
const LAY_OUT_BYTES = 4096;

/** The state of the successor of a lost quorum. `state` must not be used any more. */
export function stateAfterLoss(
  state: ClusterState,
  lineage: string,
  monitors: readonly MonitorDocument[],
): ClusterState {
  const leapt = leapTo(state, revisionAfterLoss(state.revision));
  leapt.apply(planRestoring(leapt, lineage, monitors));
  return leapt;
}

/** All of them voters, each in the life that `incarnationOf` says. */
export function votersOf(
  monitors: readonly MonitorDocument[],
  incarnationOf: (name: string) => string,
): Configuration {
  return monitors.map((monitor) => ({
    name: monitor.name,
    voter: true,
    data: encodePlace(monitor),
    incarnation: incarnationOf(monitor.name),
    promote: false,
    replaces: null,
  }));
}

/** Whose life begins in a data directory; `clusterId` is the quorum's (`quorumIdOf`), or null for one that joins. */
export async function writeLife(
  ports: Pick<Ports, "disk">,
  dataDirectory: string,
  life: Pick<Identity, "name" | "clusterId" | "incarnation">,
): Promise<void> {
  await writeIdentity(ports, dataDirectory, {
    ...life,
    role: "monitor",
    id: null,
    founders: null,
    removed: false,
    lost: false,
    untried: false,
  });
}

/** Puts a state into a data directory, as if a leader had sent it. Rejects with DiskError and Problem. */
export async function placeState(
  disk: Ports["disk"],
  dataDirectory: string,
  head: LogPosition & { readonly configuration: Configuration },
  state: ClusterState,
): Promise<void> {
  const snapshots = await SnapshotDirectory.open(
    disk,
    `${dataDirectory}/snapshots`,
  );
  await snapshots.dropIncoming();
  const writer = await snapshots.begin(head);
  try {
    for (const slice of slicesOf(state)) await writer.write(slice);
    await snapshots.publish(await writer.finish(), true);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** The parts of a state, some together. */
export function* slicesOf(state: ClusterState): Generator<Uint8Array[]> {
  let slice: Uint8Array[] = [];
  let bytes = 0;
  for (const part of encodeSnapshot(state)) {
    slice.push(part);
    bytes += part.length;
    if (bytes < SLICE_BYTES) continue;
    yield slice;
    slice = [];
    bytes = 0;
  }
  yield slice;
}

/** Begins a journal behind a place in the log. Rejects with Problem `disk-failed`. */
export async function beginJournal(
  ports: Pick<Ports, "clock" | "disk" | "random" | "log">,
  dataDirectory: string,
  behind: LogPosition,
): Promise<void> {
  const { index, term } = behind;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const { journal } = await Journal.open(ports, {
    directory: `${dataDirectory}/journal`,
    durable: () => {},
    failed: (problem) => failure.reject(problem),
    // A journal waits for room; a command does not.
    fullChanged: (problem) => problem && failure.reject(problem),
    layOutBytes: LAY_OUT_BYTES,
  });
  try {
    journal.append({
      sequence: 1,
      hardState: { term, votedFor: null },
      entries: [],
      restart: { index, term },
    });
    await Promise.race([journal.settled(), failure.promise]);
  } finally {
    await journal.close();
  }
}
