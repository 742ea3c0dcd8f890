/** Probing on behalf of others (SWIM §3.1, ping-req; the nack is Lifeguard, LHA-Probe). */

import { learnAll } from "./learning.ts";
import { nextSequence, sendDatagram, type SwimState } from "./state.ts";
import type { MemberAddress } from "./step.ts";
import type { Datagram } from "./wire.ts";

/** Requests served at a time; more are dropped, as datagrams may be. */
const RELAYS_MAX = 1_024;

/**
 * A nack goes out so many ticks after the request. It must reach the origin
 * before its probe ends, also when the request came just before a tick.
 */
const NACK_TICKS = 2;

/** Pings the target for another member. */
export function onPingRequest(
  state: SwimState,
  request: Datagram & { kind: "pingRequest" },
  from: MemberAddress,
): void {
  learnAll(state, request.claims, "gossip", "a ping request");
  if (state.relays.size >= RELAYS_MAX) return;
  const sequence = nextSequence(state);
  state.relays.set(sequence, {
    target: request.to,
    origin: from,
    originSequence: request.sequence,
    nackTick: state.now + NACK_TICKS,
    nacked: false,
    forgetTick: state.now +
      state.options.probeIntervalTicks * (state.options.awarenessMax + 1),
  });
  sendDatagram(state, request.address, {
    kind: "ping",
    sequence,
    from: state.self.name,
    to: request.to,
    claims: [],
  });
}

/** Hands an ack on to whoever asked; true when it was for a relay. */
export function relayAck(state: SwimState, sequence: number): boolean {
  const relay = state.relays.get(sequence);
  if (relay === undefined) return false;
  state.relays.delete(sequence);
  sendDatagram(state, relay.origin, {
    kind: "ack",
    sequence: relay.originSequence,
    claims: [],
  });
  return true;
}

/** Sends nacks where the target has been silent for long enough. */
export function tickRelays(state: SwimState): void {
  for (const [sequence, relay] of state.relays) {
    if (state.now >= relay.forgetTick) state.relays.delete(sequence);
    else if (state.now >= relay.nackTick && !relay.nacked) {
      relay.nacked = true;
      sendDatagram(state, relay.origin, {
        kind: "nack",
        sequence: relay.originSequence,
        claims: [],
      });
    }
  }
}
