/** What the loop around a `Raft` stands on: the world as it needs it. */

import type { Problem } from "../../base/mod.ts";
import type { Clock } from "../../platform/mod.ts";
import type { Urgency } from "../journal/mod.ts";
import type {
  ConfigurationInForce,
  Entry,
  Message,
  PersistBatch,
  Raft,
  Snapshot,
  SnapshotRead,
  SnapshotWrite,
  Standing,
} from "../../raft/mod.ts";

/** What the loop stands on; `T` is what applying an entry answers. */
export interface RaftLoopOptions<T> {
  readonly clock: Clock;
  readonly raft: Pick<Raft, "step" | "followersSuffice">;
  readonly standing: Standing;
  /**
   * Set when the machine serves reads by leases: a leader's ticks must keep to
   * the clock then, and all voters must be known to keep leases. Else null.
   */
  readonly leases: { readonly areKept: () => boolean } | null;
  readonly send: (messages: readonly Message[]) => void;
  readonly persist: (batch: PersistBatch, urgency: Urgency) => void;
  /** Called once for each committed entry, in order. */
  readonly apply: (entry: Entry) => T;
  readonly standingChanged: (standing: Standing) => void;
  /** Another configuration is in force, or it is committed by now: called before anything is sent by it. */
  readonly configurationChanged: (configuration: ConfigurationInForce) => void;
  readonly snapshots: SnapshotDuties;
  /** Up to where the state was restored from a snapshot. */
  readonly appliedIndex: number;
  /** Called once; the loop does nothing any more. */
  readonly failed: (problem: Problem) => void;
}

/** What is done about snapshots; answers come as events to {@link RaftLoop.tell}. */
export interface SnapshotDuties {
  read(request: SnapshotRead): void;
  write(request: SnapshotWrite): void;
  /** At once: the state is that of the snapshot when it returns. */
  restore(snapshot: Snapshot): void;
}
