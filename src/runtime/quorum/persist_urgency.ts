/** Who waits for this monitor's disk, and so how much it hurries. */

import type { PersistBatch, Raft, Standing } from "../../raft/mod.ts";
import type { Urgency } from "../journal/mod.ts";

/**
 * A follower's leader waits for it. A leader's own disk is one of many: where
 * its followers suffice, nobody waits for it, and the processor that a sync
 * costs goes to them. Term and vote always hurry.
 */
export function urgencyOf(
  standing: Standing,
  raft: Pick<Raft, "followersSuffice">,
  batch: PersistBatch,
): Urgency {
  if (standing.role !== "leader") return "atOnce";
  const nobodyWaits = raft.followersSuffice && batch.hardState === null;
  return nobodyWaits ? "lazily" : "soon";
}
