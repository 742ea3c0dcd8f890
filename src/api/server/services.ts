/** What the API needs from the monitor that it speaks for. */

import type {
  BriefCheckIn,
  Change,
  CheckIn,
  CheckInAnswer,
  ClusterState,
  Command,
  TransactionResult,
} from "../../cluster/mod.ts";
import type { CheckInLedger } from "../../planner/mod.ts";
import type { BriefRelay } from "./brief_relay.ts";
import type { DesiredWatch } from "./desired_watch.ts";
import type { EventHistory } from "./event_history.ts";
import type { Ports } from "../../platform/mod.ts";
import type { Standing } from "../../raft/mod.ts";
import type { Membership } from "../../runtime/mod.ts";

/** The part of the runtime's store that the API uses. */
export interface ApiStore extends Membership {
  readonly state: ClusterState;
  readonly standing: Standing;
  /** Rejects with Problem `no-leader`, `overloaded` or `outcome-unknown`. */
  commit(command: Command): Promise<TransactionResult>;
  /** A linearizable read point; rejects with `no-leader` unless this monitor leads. */
  readBarrier(): Promise<void>;
  /** How long ago this monitor last knew itself level with the quorum; null for never. */
  contactAgeMs(): number | null;
  /** After each applied transaction that changed something; answers how to stop. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  onStanding(listener: (standing: Standing) => void): () => void;
}

/** Everything behind the API. */
export interface ApiServices {
  readonly ports: Pick<Ports, "clock" | "random" | "http" | "log">;
  readonly store: ApiStore;
  /** Filled on the leader only. */
  readonly ledger: CheckInLedger;
  readonly monitor: {
    readonly name: string;
    readonly version: string;
  };
  /** The leader's duty; null when nothing of the answer before has changed. Throws Problems such as `name-taken`. */
  receiveCheckIn(
    checkIn: CheckIn | BriefCheckIn,
  ): Promise<CheckInAnswer | null>;
}

/** The services, and what the API keeps for all its requests together. */
export interface ApiContext extends ApiServices {
  readonly briefs: BriefRelay;
  readonly desired: DesiredWatch;
  readonly events: EventHistory;
}

/** True when this monitor leads, as far as it knows. */
export function leads(services: ApiServices): boolean {
  return services.store.standing.role === "leader";
}
