/** Backups and data directories in memory, for tests of what is done to them while no monitor runs. */

import { Prng } from "../../src/base/mod.ts";
import {
  ClusterState,
  encodeSnapshot,
  encodeTransaction,
  KEYS,
  type Transaction,
} from "../../src/cluster/mod.ts";
import type { Ports } from "../../src/platform/mod.ts";
import type { Entry, HardState } from "../../src/raft/mod.ts";
import { openDataDirectory } from "../../src/runtime/mod.ts";
import { Journal, SnapshotWriter } from "../../src/runtime/journal/mod.ts";
import { FakeClock } from "./fake_ports.ts";
import type { MemoryDisk } from "./memory_disk.ts";
import { cluster, put, write } from "./store_quorum.ts";

/** The cluster's identifier. */
export const CLUSTER = "c".repeat(36);

/** Three monitors. */
export const MONITORS = ["m1", "m2", "m3"].map((name, at) => ({
  name,
  address: `10.0.0.${at + 1}`,
  apiPort: 24010,
  raftPort: 24011,
}));

/** Ports of which only the disk does something. */
export function portsOf(
  disk: MemoryDisk,
): Pick<Ports, "disk" | "clock" | "random" | "log" | "bricks"> {
  const random = new Prng(7);
  return {
    disk,
    clock: new FakeClock(),
    random: { bytes: (length) => random.bytes(length) },
    log: { write: () => {} },
    bricks: {} as Ports["bricks"],
  };
}

/** What a cluster did: founded by three monitors, then `count` keys; a role, too. */
export function transactions(count: number): Transaction[] {
  return [
    cluster(CLUSTER),
    ...MONITORS.map((monitor) => write(KEYS.monitor(monitor.name), monitor)),
    write(KEYS.role("leader", "v1/0"), {
      kind: "leader",
      scope: "v1/0",
      candidates: ["w1", "w2"],
      holder: "w1",
      fence: 5,
      sinceMs: 0,
    }),
    write(KEYS.role("job", "nightly"), {
      kind: "job",
      scope: "nightly",
      candidates: ["w1", "w2"],
      holder: "w2",
      holderId: "id-2",
      exclusive: true,
      fence: 6,
      sinceMs: 0,
    }),
    ...Array.from({ length: count }, (_, at) => put(`k${at}`, `value ${at}`)),
  ];
}

/** The state after these. */
export function stateAfter(done: readonly Transaction[]): ClusterState {
  const state = new ClusterState();
  for (const transaction of done) state.apply(transaction);
  return state;
}

/** A backup of a state as a file. */
export async function putBackup(
  disk: MemoryDisk,
  path: string,
  state: ClusterState,
): Promise<Uint8Array> {
  const head = { index: 90, term: 4, configuration: [] };
  const writer = await SnapshotWriter.begin(disk, path, head);
  for (const part of encodeSnapshot(state)) await writer.write([part]);
  await writer.finish();
  return disk.files.get(path)!.current;
}

/** The data directory of a founder that has these in its journal, and nothing else. */
export async function putMonitor(
  disk: MemoryDisk,
  directory: string,
  name: string,
  done: readonly Transaction[],
): Promise<void> {
  const ports = portsOf(disk);
  const data = await openDataDirectory(ports, directory, {
    role: "monitor",
    name,
  });
  const entries = done.map((transaction, at): Entry => ({
    index: at + 1,
    term: 2,
    kind: "command",
    data: encodeTransaction(transaction),
  }));
  const hardState = { term: 3, votedFor: "m2" };
  await journalOf(disk, directory, hardState, entries);
  await data.setClusterId(CLUSTER);
  await data.release();
}

/** A journal with one record. */
export async function journalOf(
  disk: MemoryDisk,
  directory: string,
  hardState: HardState,
  entries: readonly Entry[] = [],
): Promise<void> {
  const { journal } = await Journal.open(portsOf(disk), {
    directory: `${directory}/journal`,
    durable: () => {},
    failed: (problem) => {
      throw problem;
    },
    layOutBytes: 512,
  });
  journal.append({ sequence: 1, hardState, entries });
  await journal.settled();
  await journal.close();
}
