/**
 * Everything about the members of one monitor's quorum: who they are and
 * where, changes of that, and what becomes of the monitor itself.
 */

import type { Problem } from "../../base/mod.ts";
import {
  type ClusterState,
  KEYS,
  type MonitorDocument,
} from "../../cluster/mod.ts";
import type { Clock, Log } from "../../platform/mod.ts";
import {
  type Configuration,
  type ConfigurationInForce,
  decodeConfiguration,
  type Entry,
  type Message,
  type Raft,
  type Standing,
} from "../../raft/mod.ts";
import type { DataDirectory } from "../data_directory.ts";
import type { Founder } from "../identity.ts";
import { Departure } from "./departure.ts";
import { LeaseTrust } from "./lease_trust.ts";
import { MemberChanges, type MemberChangesOptions } from "./member_changes.ts";
import { PlaceUpdates } from "./place_updates.ts";
import { type PlacedConfiguration, QuorumMembers } from "./quorum_members.ts";
import { type LogKnowledge, RaftPeers } from "./raft_peers.ts";
import type { MemberPlace } from "./store_contract.ts";

/** What the membership stands on. */
export interface QuorumMembershipOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly name: string;
  readonly directory: DataDirectory;
  readonly ownPlace: MemberPlace;
  /** As the command line names them. */
  readonly hints: readonly Founder[];
  /** Those on disk, by index ascending; the first is committed. */
  readonly known: readonly [PlacedConfiguration, ...PlacedConfiguration[]];
  readonly loop: MemberChangesOptions["loop"];
  /** Null before it stands. */
  readonly raft: () => Raft | null;
  readonly state: ClusterState;
  /** This monitor keeps leases. */
  readonly keepsLeases: boolean;
  /** Told of each configuration in force. */
  readonly inForce: (inForce: ConfigurationInForce) => void;
  /** There are others to be reached now, or others are gone. */
  readonly follow: () => void;
  /** The monitor must not go on. */
  readonly failed: (problem: Problem) => void;
}

/** The members as one monitor knows and changes them. */
export class QuorumMembership {
  readonly members: QuorumMembers;
  readonly peers: RaftPeers;
  readonly changes: MemberChanges;
  readonly #options: QuorumMembershipOptions;
  readonly #departure: Departure;
  readonly #leases: LeaseTrust;
  readonly #updates: PlaceUpdates;

  constructor(options: QuorumMembershipOptions) {
    this.#options = options;
    const { name, directory, known, loop } = options;
    const { identity } = directory;
    const hints = new Map(options.hints.map((hint) => [hint.name, hint]));
    const founders = (identity.founders ?? []).map((founder) =>
      [founder.name, founder] as const
    );
    this.members = new QuorumMembers({
      name,
      incarnation: identity.incarnation,
      places: new Map([...founders, ...hints]),
      known,
    });
    const { members } = this;
    options.inForce(members.inForce);
    this.#leases = new LeaseTrust(name, members);
    this.peers = new RaftPeers({
      ...options,
      incarnation: identity.incarnation,
      members,
      log: logOf(options),
      hints,
      moved: () => this.#updates.consider(),
      leasesTold: (peer, keepsLeases) => this.#leases.said(peer, keepsLeases),
    });
    this.changes = new MemberChanges({
      ...options,
      members,
      followers: () => options.raft()?.followers ?? [],
    });
    this.#departure = new Departure({ ...options, members });
    this.#updates = new PlaceUpdates({
      ...options,
      members,
      peers: this.peers,
      standing: () => loop.standing(),
      change: (change) => this.changes.changeMembers(change),
    });
  }

  /** True when all other voters are known to keep leases. */
  get leasesAreKept(): boolean {
    return this.#leases.isFull;
  }

  /** Another configuration is in force, or it is committed by now. */
  changed(inForce: ConfigurationInForce): void {
    this.members.changed(inForce);
    this.#options.inForce(inForce);
    this.#options.follow();
    this.#updates.consider();
  }

  /** An entry was applied; only one that is a configuration matters here. */
  appliedEntry({ kind, index, data }: Entry): void {
    const configuration = kind === "configuration"
      ? decodeConfiguration(data)
      : null;
    if (configuration !== null) this.applied(index, configuration);
  }

  /** A configuration is committed for sure: its entry, or a snapshot, was applied. */
  applied(index: number, configuration: Configuration): void {
    this.members.applied({ index, configuration });
    this.#options.follow();
    this.#departure.check();
  }

  /** Takes note of a message after consensus has seen it. */
  heard(message: Message, standing: Standing): void {
    const fromLeader = standing.leader === message.from &&
      (message.kind === "appendRequest" || message.kind === "snapshotChunk");
    if (fromLeader) this.#departure.heardLeader();
  }

  /** Role, term or leader changed. */
  standingChanged(standing: Standing): void {
    this.changes.standingChanged(standing);
    this.#updates.consider();
  }

  /** Another monitor, which knows more, says that this one is no member. */
  disowned(by: string): void {
    this.#departure.disowned(by);
  }

  /** Ends everything that waits. */
  close(): void {
    this.changes.close();
    this.#departure.close();
    this.#updates.close();
  }
}

function logOf(
  { raft, state }: Pick<QuorumMembershipOptions, "raft" | "state">,
): LogKnowledge {
  return {
    get isEmpty(): boolean {
      return (raft()?.lastIndex ?? 0) === 0;
    },
    isHolder: (name) =>
      state.get<MonitorDocument>(KEYS.monitor(name))?.value.met === true,
  };
}
