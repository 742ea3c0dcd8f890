/**
 * Everything that one member knows and plans, and the effects of the step under
 * way. The rules (`probe.ts`, `learning.ts`, …) are functions over this.
 */

import { assert, LIMITS, Prng, utf8 } from "../base/mod.ts";
import { Awareness } from "./awareness.ts";
import type { Claim } from "./claim.ts";
import { Dissemination, retransmitLimit } from "./dissemination.ts";
import { nameHash } from "./digest.ts";
import type { Entry, Keeping, Order, Table } from "./keeping.ts";
import { Membership } from "./membership.ts";
import { ProbeOrder } from "./probe_order.ts";
import type {
  Dispute,
  Member,
  MemberAddress,
  MemberChange,
  MemberName,
  SwimEffects,
  SwimOptions,
} from "./step.ts";
import { RoundTrip } from "./round_trip.ts";
import { Successor } from "./successor.ts";
import { Suspicions } from "./suspicion.ts";
import {
  type Datagram,
  encodeClaim,
  encodeMessage,
  envelopeBytesMax,
  type Frame,
  INCARNATION_MAX,
} from "./wire.ts";

/** The quickest that exchanges follow one another, in ticks. */
const EXCHANGE_PACE_MIN = 10;

/** In a large table they follow one another no quicker than this many rows a tick. */
const EXCHANGE_ROWS_A_TICK = 50;

/** What a probe or its answer carries of more news than gossip can bear. */
const CROWDED_PROBE_BYTES = 128;

/**
 * Why a member is probed: it is its turn; it did not answer the first time; its
 * suspicion ends; or it failed (see `gossip.ts`), and silence proves nothing new.
 */
export type Look = "first" | "second" | "last" | "knock";

/** One probe under way (SWIM §3.1). */
export interface Probe {
  readonly sequence: number;
  readonly target: MemberName;
  readonly address: MemberAddress;
  /** Only this life of the member is on trial. */
  readonly incarnation: number;
  readonly startTick: number;
  /** When to ask others, unless `indirect` already; then when to give up. */
  readonly indirectTick: number;
  /**
   * From then on the answer is late, in whatever health this member is; at a
   * second look, from its start.
   */
  readonly overdueTick: number;
  /** When to try the stream port, unless `streamed` already: a stream costs more than all these datagrams. */
  readonly streamTick: number;
  deadlineTick: number;
  indirect: boolean;
  streamed: boolean;
  nacksWanted: number;
  nacks: number;
  /** The member's stream port refused: its process is gone. */
  refused: boolean;
  readonly look: Look;
}

/** A probe made for someone else (SWIM §3.1, ping-req). */
export interface Relay {
  readonly target: MemberName;
  readonly origin: MemberAddress;
  readonly originSequence: number;
  readonly nackTick: number;
  nacked: boolean;
  readonly forgetTick: number;
}

/** The mutable heart of {@link import("./swim.ts").Swim}. */
export interface SwimState {
  readonly options: SwimOptions;
  readonly prng: Prng;
  readonly self: {
    readonly name: MemberName;
    readonly nameHash: number;
    readonly address: MemberAddress;
    readonly machine: number;
    readonly tag: string;
    incarnation: number;
    /** This machine has the right to its name; see `rivalry.ts`. */
    established: boolean;
    standing: "present" | "leaving" | "silent";
  };
  /** Ticks since the start. */
  now: number;
  readonly table: Table;
  readonly order: Order;
  readonly successor: Successor;
  readonly dissemination: Dissemination;
  readonly suspicions: Suspicions;
  readonly awareness: Awareness;
  readonly roundTrip: RoundTrip;
  readonly probes: Map<number, Probe>;
  readonly relays: Map<number, Relay>;
  sequence: number;
  /** When each periodic duty is due next. */
  readonly due: {
    probe: number;
    successorsProbe: number;
    gossip: number;
    exchange: number;
    knock: number;
    join: number;
    seeds: number;
    reap: number;
    silence: number;
    dispute: number;
    establishment: number;
  };
  /** Where a rival is said to be, and how often it will still be called. */
  rivalry: { to: MemberAddress; calls: number } | null;
  /** The rival last told of, by machine and place. */
  knownRival: string;
  /** How often another life of this machine was outbid in this one. */
  outbids: number;
  /** Ticks between exchanges now; see `exchange.ts`. */
  exchangePace: number;
  /** Members that came back from failure since the last exchange. */
  returns: number;
  seeds: readonly MemberAddress[];
  readonly counters: {
    malformed: number;
    probesFailed: number;
    refutations: number;
    nameConflicts: number;
    refusedMembers: number;
  };
  effects: {
    send: { to: MemberAddress; bytes: Uint8Array }[];
    exchange: { to: MemberAddress; bytes: Uint8Array }[];
    exchangeReply: Uint8Array | null;
    changes: MemberChange[];
    dispute: Dispute | null;
  };
}

/** A member that has just started, and knows only itself unless `keeping` says more. */
export function createState(
  options: SwimOptions,
  keeping: Keeping | null,
): SwimState {
  checkOptions(options);
  const prng = new Prng(options.seed);
  const { name, address, machine, tag, incarnation, established } =
    options.self;
  const hash = nameHash(name);
  const table = keeping?.table ?? new Membership(options.membersMax);
  // Members that start together must not act together.
  const firstProbe = prng.between(1, options.probeIntervalTicks);
  return {
    options,
    prng,
    self: {
      name,
      nameHash: hash,
      address,
      machine,
      tag,
      incarnation,
      established,
      standing: "present",
    },
    now: 0,
    table,
    order: keeping?.order ?? new ProbeOrder(
      prng,
      options.membersMax,
      (name) => table.isLive(name),
    ),
    successor: new Successor(hash, table.liveCount === 0),
    dissemination: new Dissemination(options.membersMax + 1),
    suspicions: new Suspicions(name, options),
    awareness: new Awareness(options.awarenessMax),
    roundTrip: new RoundTrip(),
    probes: new Map(),
    relays: new Map(),
    sequence: prng.next(),
    due: {
      probe: firstProbe,
      successorsProbe: firstProbe + options.probeIntervalTicks,
      gossip: prng.between(1, options.gossipIntervalTicks),
      exchange: 0,
      knock: prng.between(1, options.knockIntervalTicks),
      join: 0,
      seeds: 0,
      reap: 0,
      silence: 0,
      dispute: 0,
      establishment: Infinity,
    },
    rivalry: null,
    knownRival: "",
    outbids: 0,
    exchangePace: EXCHANGE_PACE_MIN,
    returns: 0,
    seeds: [],
    counters: {
      malformed: 0,
      probesFailed: 0,
      refutations: 0,
      nameConflicts: 0,
      refusedMembers: 0,
    },
    effects: noEffects(),
  };
}

function noEffects(): SwimState["effects"] {
  return {
    send: [],
    exchange: [],
    exchangeReply: null,
    changes: [],
    dispute: null,
  };
}

/** Takes the effects of this step and makes room for the next one's. */
export function takeEffects(state: SwimState): SwimEffects {
  const { effects } = state;
  state.effects = noEffects();
  return effects;
}

/** Living members, oneself included: the `n` of every formula. */
export function clusterSize(state: SwimState): number {
  return state.table.liveCount + 1;
}

/** A number for the next probe; unique among those under way. */
export function nextSequence(state: SwimState): number {
  do state.sequence = (state.sequence + 1) >>> 0; while (
    state.probes.has(state.sequence) || state.relays.has(state.sequence)
  );
  return state.sequence;
}

/** What this member says of itself. */
export function selfClaim(state: SwimState): Claim {
  const { name, address, machine, tag, incarnation, standing } = state.self;
  const gone = standing !== "present";
  return {
    name,
    address,
    incarnation,
    machine,
    state: gone ? "left" : "alive",
    tag,
    by: name,
    ageTicks: 0,
  };
}

/** What this member would say of another now. */
export function claimOf(state: SwimState, entry: Entry): Claim {
  const ageTicks = entry.state === "failed" || entry.state === "left"
    ? state.now - entry.sinceTick
    : 0;
  return { ...memberOf(entry), by: entry.by, ageTicks };
}

/** The public view of a row. */
export function memberOf(
  { name, address, incarnation, machine, state, tag }: Member,
): Member {
  return { name, address, incarnation, machine, state, tag };
}

/**
 * So short of CPU amid a storm of news that the answers of others lie unread:
 * no witness against anybody. Lateness alone proves less: whole pools live with it.
 */
export function isOverwhelmed(
  { awareness, dissemination }: SwimState,
): boolean {
  return awareness.starved && dissemination.isCrowded;
}

/**
 * Sends a datagram, filled up with news to the byte (SWIM §4.1). `first` goes
 * before all else: what the receiver in particular must hear (Lifeguard,
 * the buddy system).
 */
export function sendDatagram(
  state: SwimState,
  to: MemberAddress,
  message: Datagram,
  first: readonly Claim[] = [],
): void {
  const rows = first.map(encodeClaim);
  if (state.dissemination.size > 0) {
    const { isCrowded } = state.dissemination;
    let room = state.options.datagramBytesMax - envelopeBytesMax(message);
    // In a storm of news probes stay as light as they are needed.
    if (isCrowded && message.kind !== "gossip") {
      room = Math.min(room, CROWDED_PROBE_BYTES);
    }
    for (const row of rows) room -= row.length;
    rows.push(...state.dissemination.take(
      room,
      retransmitLimit(state.options.retransmitMargin, clusterSize(state)),
    ));
  }
  const bytes = encodeMessage(message, rows);
  assert(
    bytes.length <= state.options.datagramBytesMax,
    "a datagram keeps to its budget",
  );
  state.effects.send.push({ to, bytes });
}

/** Asks the driver for a stream with one request and one reply. */
export function sendFrame(
  state: SwimState,
  to: MemberAddress,
  frame: Frame,
): void {
  state.effects.exchange.push({ to, bytes: encodeMessage(frame) });
}

/**
 * Brings the next comparison of tables forward, as this one differed or many
 * members returned. What one costs grows with the table, so in a storm of
 * arrivals the larger the table the more of them each has to carry.
 */
export function hastenExchange(state: SwimState): void {
  state.exchangePace = quickestPace(state);
  const soon = state.prng.between(
    Math.ceil(state.exchangePace / 2),
    state.exchangePace,
  );
  state.due.exchange = Math.min(state.due.exchange, state.now + soon);
}

/** The least pause between two comparisons of a table as large as this one, in ticks. */
export function quickestPace(state: SwimState): number {
  const quickest = Math.max(
    EXCHANGE_PACE_MIN,
    Math.ceil(state.table.liveCount / EXCHANGE_ROWS_A_TICK),
  );
  return Math.min(quickest, state.options.exchangeIntervalTicks);
}

function checkOptions(options: SwimOptions): void {
  const { name, address, machine, tag, incarnation } = options.self;
  const nameBytes = utf8(name).length;
  assert(
    nameBytes >= 1 && nameBytes <= LIMITS.nameLength,
    "a member's name has 1 to 64 bytes",
  );
  assert(
    utf8(tag).length <= LIMITS.swimTagBytes,
    "a member's tag has at most 64 bytes",
  );
  assert(address.host !== "" && address.port > 0, "a member has an address");
  assert(
    Number.isInteger(incarnation) && incarnation >= 0 &&
      incarnation < INCARNATION_MAX,
    "an incarnation is a natural number",
  );
  assert(
    options.probeTimeoutTicks >= 1 &&
      options.probeTimeoutTicks < options.probeIntervalTicks,
    "there is time left for indirect probes",
  );
  assert(
    machine === machine >>> 0,
    "a machine is known by 32 bits",
  );
  // The longest envelope and two of the longest claims.
  assert(options.datagramBytesMax >= 1_300, "a datagram has room for news");
}
