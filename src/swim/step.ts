/**
 * The contract between membership and its driver: one event in, one batch of
 * effects out (SWIM, Das, Gupta, Motivala 2002). No clock, no sockets: time is
 * ticks, randomness is the seed, addresses are only passed through.
 */

/** A worker's name; unique in the cluster. */
export type MemberName = string;

/** Where a member's gossip is reached. */
export interface MemberAddress {
  readonly host: string;
  readonly port: number;
}

/** What the gossip believes of a member. */
export type MemberState = "alive" | "suspect" | "failed" | "left";

/** One line of the membership table. */
export interface Member {
  readonly name: MemberName;
  readonly address: MemberAddress;
  /** Chosen anew, higher, by the member itself at every start and refutation. */
  readonly incarnation: number;
  /** A 32-bit hash of its machine's permanent identifier, the same in all its lives. */
  readonly machine: number;
  readonly state: MemberState;
  /** Opaque to gossip: the owner's own facts (zone, version), of at most 64 bytes. */
  readonly tag: string;
}

/** What may happen to the gossip of one worker. */
export type SwimEvent =
  /** `late`: by half a tick or more, so that this process is short of CPU. */
  | { readonly kind: "tick"; readonly late?: boolean }
  | {
    readonly kind: "datagram";
    readonly bytes: Uint8Array;
    readonly from: MemberAddress;
  }
  /** The answer of {@link SwimEffects.exchange}: the peer's table, or null when it could not be had. */
  | {
    readonly kind: "exchanged";
    readonly with: MemberAddress;
    readonly reply: Uint8Array | null;
    /** True when the port refused: the process is gone while the host is up. */
    readonly refused: boolean;
  }
  /** A peer's push/pull request came in by stream; answered by `exchangeReply`. */
  | { readonly kind: "exchangeRequest"; readonly bytes: Uint8Array }
  /** Members to ask for the table (the monitors' word, or configuration). */
  | { readonly kind: "seeds"; readonly addresses: readonly MemberAddress[] }
  /** Take an incarnation above the given one: a verdict `dead` has to be outlived. */
  | { readonly kind: "raise"; readonly above: number }
  /** The monitors have admitted this worker: its name is its own. */
  | { readonly kind: "admitted" }
  /**
   * What the monitors found out about a member. `dead`: it failed, in this or an
   * earlier incarnation. `answers`: suspected in this incarnation, it answered.
   */
  | {
    readonly kind: "finding";
    readonly name: MemberName;
    readonly incarnation: number;
    readonly finding: "dead" | "answers";
  }
  /** Leave in good order: tell the others, then stay silent. */
  | { readonly kind: "leave" };

/** What the driver must do after a step. */
export interface SwimEffects {
  readonly send: readonly {
    readonly to: MemberAddress;
    readonly bytes: Uint8Array;
  }[];
  /** Open a stream to each, hand over `bytes`, and report the reply as `exchanged`. */
  readonly exchange: readonly {
    readonly to: MemberAddress;
    readonly bytes: Uint8Array;
  }[];
  /** The reply to an `exchangeRequest`; null for other events or malformed requests. */
  readonly exchangeReply: Uint8Array | null;
  /** Members other than oneself whose state, incarnation, address or tag changed in this step. */
  readonly changes: readonly MemberChange[];
  /** Another machine that claims this member's name was heard itself. */
  readonly dispute: Dispute | null;
}

/** Two living machines of one name. */
export interface Dispute {
  /** The other one, as it describes itself. */
  readonly rival: Member;
  /** True when this member is the one that must go: it leaves, and stays silent. */
  readonly yields: boolean;
}

/** One observation; it becomes a report in the next check-in. */
export interface MemberChange {
  /** As it became by this change. */
  readonly member: Member;
  /** What led to it, for people: `probe failed`, `heard from w2`, `refused`, … */
  readonly evidence: string;
}

/** What a gossiping worker starts from; formulas and trade-offs stand in `swim/README.md`. */
export interface SwimOptions {
  readonly self: {
    readonly name: MemberName;
    readonly address: MemberAddress;
    readonly incarnation: number;
    readonly machine: number;
    readonly tag: string;
    /** True when the monitors once admitted this machine under this name. */
    readonly established: boolean;
  };
  /** One member is probed per interval; the interval is also the probe's deadline. */
  readonly probeIntervalTicks: number;
  /** How long the direct answer may take before others are asked; below the interval. */
  readonly probeTimeoutTicks: number;
  /** How many others are asked to probe a silent member. */
  readonly indirectProbes: number;
  /** Suspicion lasts `suspicionMultiplier · max(1, log10(n)) · probeIntervalTicks`, at least. */
  readonly suspicionMultiplier: number;
  /** Nor is it ever shorter than this, however small the cluster. */
  readonly suspicionTicksMin: number;
  /** Without any confirmation, suspicion lasts this many times as long. */
  readonly suspicionMaxMultiplier: number;
  /** So many independent confirmations shorten suspicion to the least. */
  readonly suspicionConfirmations: number;
  /** Each update is sent `ln n + retransmitMargin` times, rounded up, at most twice to each. */
  readonly retransmitMargin: number;
  readonly gossipIntervalTicks: number;
  /** How many members get a datagram of their own per gossip interval. */
  readonly gossipFanout: number;
  /** Between two comparisons of tables with one other member. */
  readonly exchangeIntervalTicks: number;
  /** Between two knocks at the door of a failed member, each with probability failed / alive. */
  readonly knockIntervalTicks: number;
  /** How long a failed or departed member is remembered. */
  readonly tombstoneTicks: number;
  /** The worst local health: intervals and timeouts stretch up to `awarenessMax + 1` times. */
  readonly awarenessMax: number;
  readonly datagramBytesMax: number;
  /** Members in the table, tombstones included. */
  readonly membersMax: number;
  readonly seed: number;
}

/** Counts since the start, for metrics; `health` and `rumours` are levels. */
export interface SwimStatistics {
  /** Datagrams and frames that were not understood. */
  readonly malformed: number;
  /** Probes that ended without any answer. */
  readonly probesFailed: number;
  /** Accusations against this member that it refuted. */
  readonly refutations: number;
  /** Claims by another machine to a name whose holder lives. */
  readonly nameConflicts: number;
  /** Claims dropped as the table was full. */
  readonly refusedMembers: number;
  /** Lifeguard's local health: 0 is well. */
  readonly health: number;
  /** Updates that wait to be passed on. */
  readonly rumours: number;
}
