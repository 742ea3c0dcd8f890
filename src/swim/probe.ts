/**
 * Failure detection (SWIM §3): each interval one member is pinged, in turn
 * one's neighbour on a ring and whoever is next in order; if it does
 * not answer, others are asked to ping it and its stream port is tried; if it
 * does not answer at all by the end of the interval, it is probed once more,
 * and only then suspected.
 */

import { type Claim, isLive, isSameAddress } from "./claim.ts";
import { giveUp, learn, learnAll } from "./learning.ts";
import type { Entry } from "./keeping.ts";
import { accuses } from "./refutation.ts";
import {
  claimOf,
  isOverwhelmed,
  type Look,
  nextSequence,
  type Probe,
  selfClaim,
  sendDatagram,
  sendFrame,
  type SwimState,
} from "./state.ts";
import type { MemberAddress, MemberName } from "./step.ts";
import type { Datagram } from "./wire.ts";

/** Probes under way for oneself; each interval adds one and lasts no longer, so more is a fault. */
const PROBES_MAX = 256;

/**
 * So much longer lasts the second look: whoever stands still for a second is
 * busy, and each accusation is news for all, and so is its refutation.
 */
const SECOND_LOOK_INTERVALS = 3;
/** Bad health makes no more of it: where a whole zone is gone, all are in bad health. */
const SECOND_LOOK_STRETCH = 3;

/** A last look waits for as long as a probe that tries all other ways. */
const LAST_LOOK_TIMEOUTS = 3;

/**
 * Who watches over a member slows down no more than so: where all are in bad
 * health together, as after a death of many, nobody else comes by for seconds.
 */
const WATCH_STRETCH = 2;

/**
 * Moves every probe on, and starts the next ones. Every other one is the
 * successor's: so each member is probed at least once in two intervals, where
 * chance alone lets one in a hundred wait for five.
 */
export function tickProbes(state: SwimState): void {
  for (const probe of state.probes.values()) {
    if (state.now >= probe.deadlineTick) conclude(state, probe);
    else {
      if (state.now >= probe.indirectTick) askOthers(state, probe);
      tryStream(state, probe);
    }
  }
  const { due, now, options, awareness } = state;
  const periodTicks = 2 * options.probeIntervalTicks;
  if (now >= due.successorsProbe) {
    due.successorsProbe = now + awareness.stretch(periodTicks, WATCH_STRETCH);
    const successor = state.successor.among(state.table.live());
    if (successor !== null && !isProbed(state, successor.name)) {
      startProbe(state, successor);
    }
  }
  if (now >= due.probe) {
    due.probe = now + awareness.stretch(periodTicks);
    const name = state.order.next();
    if (name !== null) startProbe(state, state.table.get(name)!);
  }
}

function isProbed(state: SwimState, name: MemberName): boolean {
  for (const { target } of state.probes.values()) {
    if (target === name) return true;
  }
  return false;
}

/** Pings a member, telling it of any accusation against it (Lifeguard, buddy system); false when too many probes are under way. */
export function startProbe(
  state: SwimState,
  entry: Entry,
  look: Look = "first",
  refused = false,
): boolean {
  if (state.probes.size >= PROBES_MAX) return false;
  const { awareness, now } = state;
  const { probeTimeoutTicks } = state.options;
  const timeoutTicks = state.roundTrip.timeoutTicks(probeTimeoutTicks);
  const again = look === "second";
  const sequence = nextSequence(state);
  const probe: Probe = {
    sequence,
    target: entry.name,
    address: entry.address,
    incarnation: entry.incarnation,
    startTick: now,
    indirectTick: now + awareness.stretch(timeoutTicks),
    overdueTick: again ? now : now + timeoutTicks,
    streamTick: now +
      (again
        ? timeoutTicks
        : awareness.stretch(timeoutTicks + probeTimeoutTicks)),
    deadlineTick: now + lookTicks(state, look, timeoutTicks),
    indirect: !asksOthers(look),
    streamed: !asksOthers(look),
    nacksWanted: 0,
    nacks: 0,
    refused,
    look,
  };
  if (refused) shorten(state, probe);
  state.probes.set(sequence, probe);
  sendDatagram(
    state,
    entry.address,
    {
      kind: "ping",
      sequence,
      from: state.self.name,
      to: entry.name,
      claims: [],
    },
    accusation(state, entry),
  );
  return true;
}

/** How long an answer is waited for. */
function lookTicks(
  state: SwimState,
  look: Look,
  timeoutTicks: number,
): number {
  if (look === "last") return lastLookTicks(state);
  const { probeIntervalTicks, probeTimeoutTicks } = state.options;
  const patienceTicks = timeoutTicks - probeTimeoutTicks;
  return look === "second"
    ? state.awareness.stretch(
      patienceTicks + SECOND_LOOK_INTERVALS * probeIntervalTicks,
      SECOND_LOOK_STRETCH,
    )
    : state.awareness.stretch(patienceTicks + probeIntervalTicks);
}

/** Answers a ping, unless it was meant for another that lived at this address. */
export function onPing(
  state: SwimState,
  ping: Datagram & { kind: "ping" },
  from: MemberAddress,
): void {
  learnAll(state, ping.claims, "gossip", ping.from);
  if (ping.to !== state.self.name) return;
  const first: Claim[] = [];
  // An outdated accusation means that the answer to it was lost.
  if (accuses(state, ping.claims)) first.push(selfClaim(state));
  const pinger = state.table.get(ping.from);
  if (pinger !== undefined) first.push(...accusation(state, pinger));
  sendDatagram(
    state,
    from,
    { kind: "ack", sequence: ping.sequence, claims: [] },
    first,
  );
}

/** Ends the probe that an ack answers; answers the probe, or null for a stranger's ack or one that came after the end. */
export function onAck(
  state: SwimState,
  ack: Datagram & { kind: "ack" | "nack" },
  from: MemberAddress,
): Probe | null {
  learnAll(state, ack.claims, "gossip", "an answer");
  const probe = state.probes.get(ack.sequence);
  if (probe === undefined) return null;
  const isDirect = isSameAddress(probe.address, from);
  if (isDirect) state.roundTrip.note(state.now - probe.startTick);
  // Not lost but late: who asks others about the slow makes all slower still.
  const late = isDirect && probe.indirect && asksOthers(probe.look);
  if (late) delay(state, probe);
  else succeed(state, probe);
  return probe;
}

/** A helper could not reach the target either, but is there (Lifeguard, LHA-Probe). */
export function onNack(
  state: SwimState,
  nack: Datagram & { kind: "ack" | "nack" },
): void {
  learnAll(state, nack.claims, "gossip", "an answer");
  const probe = state.probes.get(nack.sequence);
  if (probe === undefined) return;
  probe.nacks++;
  tryStream(state, probe);
}

/** The member's stream port answered: its datagrams may be lost, but it lives. */
export function onStreamPong(
  state: SwimState,
  name: string,
  address: MemberAddress,
): void {
  for (const probe of state.probes.values()) {
    if (probe.target === name && isSameAddress(probe.address, address)) {
      succeed(state, probe);
    }
  }
}

/**
 * A stream port refused: the host is up, the process gone. With an unanswered
 * ping that is proof enough, so no suspicion is needed. A port that refuses
 * outside a probe starts one.
 */
export function onRefused(state: SwimState, address: MemberAddress): void {
  let probed = false;
  for (const probe of state.probes.values()) {
    if (!isSameAddress(probe.address, address)) continue;
    probe.refused = true;
    probed = true;
    shorten(state, probe);
  }
  if (probed) return;
  const entry = state.table.liveAt(address);
  if (entry !== undefined) startProbe(state, entry, "first", true);
}

/**
 * A refusal came all the way back, as an answer to the ping would have, so there
 * is nothing to wait for once that is overdue. What has arrived is read first.
 */
function shorten(state: SwimState, probe: Probe): void {
  const endTick = Math.max(state.now, probe.overdueTick) + 1;
  probe.deadlineTick = Math.min(probe.deadlineTick, endTick);
}

function succeed(state: SwimState, probe: Probe): void {
  state.probes.delete(probe.sequence);
  if (probe.look !== "knock") state.awareness.succeed();
  // It lives, whether or not its refutation came along.
  if (probe.look === "last") state.suspicions.prolong(probe.target, state.now);
}

/** Ends a probe well whose answer took longer than an answer may. */
function delay(state: SwimState, probe: Probe): void {
  state.probes.delete(probe.sequence);
  if (probe.look !== "knock") state.awareness.doubt(1);
}

function askOthers(state: SwimState, probe: Probe): void {
  if (probe.indirect) return;
  probe.indirect = true;
  const helpers = state.table.pickLive(
    state.prng,
    probe.look === "first" || isOverwhelmed(state)
      ? 1
      : state.options.indirectProbes,
    (entry) => entry.state === "alive" && entry.name !== probe.target,
  );
  probe.nacksWanted = helpers.length;
  for (const helper of helpers) {
    sendDatagram(state, helper.address, {
      kind: "pingRequest",
      sequence: probe.sequence,
      to: probe.target,
      address: probe.address,
      claims: [],
    });
  }
}

/**
 * A stream costs more than all datagrams of a probe, and where many stand still
 * for a moment, all their probers would open one. So the first look waits for a
 * helper that hears nothing either, if it asked one. At the second the prober's
 * own bad health puts it off no longer: a refusal is proof whoever hears it.
 */
function tryStream(state: SwimState, probe: Probe): void {
  if (probe.streamed || state.now < probe.streamTick) return;
  const awaitsNack = probe.look === "first" && probe.nacksWanted > 0;
  if (awaitsNack && probe.nacks === 0) return;
  probe.streamed = true;
  sendFrame(state, probe.address, { kind: "streamPing" });
}

function conclude(state: SwimState, probe: Probe): void {
  state.probes.delete(probe.sequence);
  if (probe.look === "knock") return;
  if (probe.look === "last") return endSuspicion(state, probe.target);
  state.counters.probesFailed++;
  if (!probe.refused) state.awareness.doubt(unheard(probe));
  const held = state.table.get(probe.target);
  if (held === undefined || !isLive(held.state)) return;
  // It came back in a new life, perhaps elsewhere, while the old one was probed.
  if (held.incarnation !== probe.incarnation) return;
  // The answer may lie unread, and an accusation is work for all.
  if (isOverwhelmed(state) && !probe.refused) return;
  if (mayBeBusy(held, probe)) {
    startProbe(state, held, "second");
    return;
  }
  const accused: Claim = {
    ...claimOf(state, held),
    state: probe.refused ? "failed" : "suspect",
    by: state.self.name,
  };
  const asked = `${probe.nacksWanted} indirect ${
    probe.nacksWanted === 1 ? "ping" : "pings"
  }`;
  const evidence = probe.refused
    ? `no answer to ${state.self.name}'s ping, and its port refused`
    : `no answer to ${state.self.name}'s ping, ${asked} and stream`;
  learn(state, accused, "self", evidence);
  sendDatagram(
    state,
    held.address,
    { kind: "gossip", claims: [] },
    accusation(state, state.table.get(probe.target)!),
  );
}

/** Helpers that sent not even a nack make a member doubt its own hearing; a refusal is heard. */
function unheard({ nacksWanted, nacks }: Probe): number {
  return nacksWanted === 0 ? 1 : Math.max(0, nacksWanted - nacks);
}

/** The last look was in vain. Whoever is overwhelmed has not read yet what may acquit. */
function endSuspicion(state: SwimState, name: MemberName): void {
  const suspicion = state.suspicions.get(name);
  if (suspicion === undefined || !suspicion.looked) return;
  if (isOverwhelmed(state)) state.suspicions.prolong(name, state.now);
  else giveUp(state, suspicion);
}

/** How long a last look waits for an answer. */
export function lastLookTicks(
  { awareness, options, roundTrip }: SwimState,
): number {
  const { probeTimeoutTicks } = options;
  return awareness.stretch(
    roundTrip.timeoutTicks(probeTimeoutTicks) +
      LAST_LOOK_TIMEOUTS * probeTimeoutTicks,
  );
}

/** A last look and a knock only ask for an answer: all other ways were tried in vain before. */
function asksOthers(look: Look): boolean {
  return look === "first" || look === "second";
}

/**
 * Half a second of silence is a garbage collection or a neighbour's burst more
 * often than an end. Where many live on one machine each such pause would make
 * as many accusations, refutations and so more pauses: it is looked at twice.
 * Not where another accuses already, and never where the port refuses.
 */
function mayBeBusy(held: Entry, probe: Probe): boolean {
  return !probe.refused && probe.look === "first" && held.state === "alive";
}

function accusation(state: SwimState, entry: Entry): Claim[] {
  return entry.state === "alive" ? [] : [claimOf(state, entry)];
}
