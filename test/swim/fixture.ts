/** Short ways to members, claims and messages for the tests of single rules. */

import {
  type MemberAddress,
  type MemberState,
  Swim,
  SWIM_DEFAULTS,
  type SwimEffects,
  type SwimOptions,
} from "../../src/swim/mod.ts";
import type { Claim } from "../../src/swim/claim.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
} from "../../src/swim/wire.ts";

/** The address of member `wN`. */
export function addressOf(name: string): MemberAddress {
  return { host: `10.0.0.${name.slice(1)}`, port: 24012 };
}

/** A claim about a member at its usual address. */
export function claim(
  name: string,
  state: MemberState,
  incarnation: number,
  rest: Partial<Claim> = {},
): Claim {
  return {
    name,
    address: addressOf(name),
    incarnation,
    machine: machineOf(name),
    state,
    tag: "zone=a",
    by: state === "alive" ? name : "w9",
    ageTicks: 0,
    ...rest,
  };
}

/** The machine of member `wN`. */
export function machineOf(name: string): number {
  return 1_000 + Number(name.slice(1));
}

/** Member `w1` of incarnation 10, which knows the given claims. */
export function memberKnowing(
  claims: readonly Claim[],
  options: Partial<SwimOptions> = {},
): Swim {
  const swim = new Swim({
    ...SWIM_DEFAULTS,
    seed: 7,
    self: {
      name: "w1",
      address: addressOf("w1"),
      incarnation: 10,
      machine: machineOf("w1"),
      tag: "zone=a",
      established: true,
    },
    ...options,
  });
  if (claims.length > 0) give(swim, { kind: "gossip", claims }, "w9");
  return swim;
}

/** Hands a datagram from a member over. */
export function give(swim: Swim, message: Message, from: string): SwimEffects {
  const bytes = encodeMessage(message);
  return swim.step({ kind: "datagram", bytes, from: addressOf(from) });
}

/** What a batch of effects sends, decoded, with the receiver's name (`w` and the last part of its host). */
export function sent(
  effects: SwimEffects,
): { to: string; message: Message }[] {
  return effects.send.map(({ to, bytes }) => {
    const message = decodeMessage(bytes);
    if (message === null) throw new Error("sent a malformed datagram");
    return { to: `w${to.host.split(".")[3]}`, message };
  });
}

/** The message in bytes, which must be of the given kind. */
export function decoded<K extends Message["kind"]>(
  bytes: Uint8Array,
  kind: K,
): Message & { kind: K } {
  const message = decodeMessage(bytes);
  if (message?.kind !== kind) throw new Error(`no ${kind}: ${message?.kind}`);
  return message as Message & { kind: K };
}

/** All effects of so many ticks, in one. */
export function ticks(swim: Swim, count: number): SwimEffects {
  const send = [];
  const exchange = [];
  const changes = [];
  for (let tick = 0; tick < count; tick++) {
    const effects = swim.step({ kind: "tick" });
    send.push(...effects.send);
    exchange.push(...effects.exchange);
    changes.push(...effects.changes);
  }
  return { send, exchange, exchangeReply: null, changes, dispute: null };
}

/** Ticks until a message of a kind goes out; answers it with the effects of that tick. */
export function ticksUntil<K extends Message["kind"]>(
  swim: Swim,
  kind: K,
): { to: string; message: Message & { kind: K }; effects: SwimEffects } {
  for (let tick = 0; tick < 1_000; tick++) {
    const effects = swim.step({ kind: "tick" });
    for (const { to, message } of sent(effects)) {
      if (message.kind === kind) {
        return { to, message: message as Message & { kind: K }, effects };
      }
    }
  }
  throw new Error(`no ${kind} in a thousand ticks`);
}
