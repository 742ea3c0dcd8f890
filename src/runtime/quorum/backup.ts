/** A backup: the applied state of one moment as the bytes of a snapshot's file, made while the state goes on. */

import { Problem } from "../../base/mod.ts";
import {
  type ClusterDocument,
  type ClusterState,
  encodeSnapshot,
  KEYS,
} from "../../cluster/mod.ts";
import type { Raft } from "../../raft/mod.ts";
import { SnapshotBytes } from "../journal/mod.ts";
import type { Backup } from "./store_contract.ts";

/** Begins one; `index` is the last entry applied. Throws Problem `no-leader` before the founding. */
export function beginBackup(
  state: ClusterState,
  raft: Pick<Raft, "snapshotHead">,
  index: number,
): Backup {
  const cluster = state.get<ClusterDocument>(KEYS.cluster);
  if (cluster === null) {
    throw new Problem(
      "no-leader",
      "the cluster is still being founded: there is nothing to back up yet",
      "try again in a moment",
      { retryAfterSeconds: 1 },
    );
  }
  const head = raft.snapshotHead(index);
  return {
    index,
    term: head.term,
    revision: state.revision,
    clusterId: cluster.value.id,
    chunks: new SnapshotBytes(head, encodeSnapshot(state)),
  };
}
