/**
 * The gate of membership: every event comes in here and is handed to its rule.
 * Driven by `runtime/gossip.ts` and by the simulator; it owns no clock and no
 * socket, and whatever comes from the network can neither stop it nor make it throw.
 */

import { unreachable } from "../base/mod.ts";
import {
  onExchanged,
  onExchangeRequest,
  onSeeds,
  startExchange,
  tickExchange,
} from "./exchange.ts";
import { onFinding } from "./finding.ts";
import { tickGossip, tickKnock } from "./gossip.ts";
import { learnAll, silentTicks } from "./learning.ts";
import { tickLastLooks } from "./last_look.ts";
import { leave } from "./leaving.ts";
import { onAck, onNack, onPing, tickProbes } from "./probe.ts";
import { raiseIncarnation } from "./refutation.ts";
import { onPingRequest, relayAck, tickRelays } from "./relay.ts";
import { onDispute, tickRivalry } from "./rivalry.ts";
import type { Keeping } from "./keeping.ts";
import {
  createState,
  memberOf,
  selfClaim,
  type SwimState,
  takeEffects,
} from "./state.ts";
import type {
  Member,
  MemberAddress,
  MemberName,
  SwimEffects,
  SwimEvent,
  SwimOptions,
  SwimStatistics,
} from "./step.ts";
import { type Datagram, decodeMessage } from "./wire.ts";

/** How often tombstones are looked through. */
const REAP_INTERVAL_TICKS = 100;

/** One member's view of the cluster and its part in keeping it true. */
export class Swim {
  readonly #state: SwimState;

  /** Knows only itself, unless `keeping` says more. Throws AssertionFailure when the options break their own rules. */
  constructor(options: SwimOptions, keeping: Keeping | null = null) {
    this.#state = createState(options, keeping);
  }

  /** Takes one event and answers what the driver must do. */
  step(event: SwimEvent): SwimEffects {
    const state = this.#state;
    if (state.self.standing !== "silent") dispatch(state, event);
    return takeEffects(state);
  }

  /** How many are known, oneself and tombstones included. */
  get size(): number {
    return this.#state.table.size + 1;
  }

  /** The same, sorted by name. */
  members(): Member[] {
    const members = [...this.#state.table.entries()].map(memberOf);
    members.push(this.#self());
    return members.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** What is held of one member, or null. */
  member(name: MemberName): Member | null {
    if (name === this.#state.self.name) return this.#self();
    const entry = this.#state.table.get(name);
    return entry === undefined ? null : memberOf(entry);
  }

  /** One's own incarnation; it grows by refutation. */
  get incarnation(): number {
    return this.#state.self.incarnation;
  }

  /** True once this member has left: it sends and answers nothing any more. */
  get silent(): boolean {
    return this.#state.self.standing === "silent";
  }

  /** Counts for metrics. */
  statistics(): SwimStatistics {
    const { counters, awareness, dissemination } = this.#state;
    return {
      ...counters,
      health: awareness.score,
      rumours: dissemination.size,
    };
  }

  #self(): Member {
    return memberOf(selfClaim(this.#state));
  }
}

function dispatch(state: SwimState, event: SwimEvent): void {
  switch (event.kind) {
    case "tick":
      return tick(state, event.late ?? false);
    case "datagram":
      return onDatagram(state, event.bytes, event.from);
    case "exchanged":
      return onExchanged(state, event);
    case "exchangeRequest":
      state.effects.exchangeReply = onExchangeRequest(state, event.bytes);
      return;
    case "seeds":
      return onSeeds(state, event.addresses);
    case "raise":
      return raiseIncarnation(state, event.above, "failed");
    case "admitted":
      state.self.established = true;
      return;
    case "finding":
      return onFinding(state, event);
    case "leave":
      return leave(state);
    default:
      unreachable(event);
  }
}

function tick(state: SwimState, late: boolean): void {
  state.now++;
  state.awareness.tick(late);
  tickGossip(state);
  if (state.self.standing === "leaving") {
    if (state.now >= state.due.silence) state.self.standing = "silent";
    return;
  }
  tickRelays(state);
  tickProbes(state);
  tickLastLooks(state);
  tickKnock(state);
  tickExchange(state);
  tickRivalry(state);
  if (state.now >= state.due.reap) {
    state.due.reap = state.now + REAP_INTERVAL_TICKS;
    const { tombstoneTicks } = state.options;
    state.table.reap(state.now, silentTicks(state), tombstoneTicks);
  }
}

function onDatagram(
  state: SwimState,
  bytes: Uint8Array,
  from: MemberAddress,
): void {
  const message = bytes.length > state.options.datagramBytesMax
    ? null
    : decodeMessage(bytes) as Datagram | null;
  switch (message?.kind) {
    case "ping":
      return onPing(state, message, from);
    case "ack": {
      const probe = onAck(state, message as Datagram & { kind: "ack" }, from);
      if (probe === null) relayAck(state, message.sequence);
      else if (probe.look === "knock") reunite(state, probe.target);
      return;
    }
    case "nack":
      return onNack(state, message as Datagram & { kind: "nack" });
    case "pingRequest":
      return onPingRequest(state, message, from);
    case "gossip":
      learnAll(state, message.claims, "gossip", "gossip");
      return;
    case "dispute":
      return onDispute(state, message);
    default:
      state.counters.malformed++;
  }
}

/** A failed member answered: it may know a whole other half of the cluster. */
function reunite(state: SwimState, name: MemberName): void {
  const entry = state.table.get(name);
  if (entry !== undefined) startExchange(state, entry.address);
}
