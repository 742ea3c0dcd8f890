/**
 * What a member does with a claim, wherever it came from: rule on it, change
 * the table, start or end a suspicion, pass it on, and report the change.
 */

import { type Claim, isLive, ruling } from "./claim.ts";
import type { Entry } from "./keeping.ts";
import { refute } from "./refutation.ts";
import {
  claimOf,
  clusterSize,
  hastenExchange,
  memberOf,
  type SwimState,
} from "./state.ts";
import type { Suspicion } from "./suspicion.ts";

/**
 * Where claims come from. `gossip`: a datagram. `exchange`: another's table,
 * perhaps long out of date. `self`: this member's own observation.
 */
export type Source = "gossip" | "exchange" | "self";

/** Tombstones older than this are old news: kept, but not passed on. */
const NEWS_TICKS_MAX = 600;

/** The evidence for a suspicion without an accuser; see `soften`. */
const HEARSAY = "failed by another's table";

/** One's own silent relay bears a suspicion out for so many probe intervals. */
const WITNESS_INTERVALS = 2;

/** What an exchange brings of living members is left to further exchanges when it is more than this. */
const ALIVE_TO_SPREAD_MAX = 16;

/**
 * So many that returned since the last exchange bring the next one forward: at
 * least so many, and in large clusters a share, as of few gossip alone tells all.
 */
const HEALING_RETURNS_MIN = 3;
const HEALING_SHARE = 1 / 16;

/** Learns claims one after another; answers how many of them changed the table. */
export function learnAll(
  state: SwimState,
  claims: readonly Claim[],
  source: Source,
  from: string,
): number {
  // A newcomer's first table is news to nobody but itself.
  const spreads = source !== "exchange" || state.table.liveCount > 0;
  // Tables that differ much meet again soon, and a row of one costs far less than a rumour.
  const bulk = source === "exchange" && claims.length > ALIVE_TO_SPREAD_MAX;
  let changed = 0;
  for (const claim of claims) {
    const spread = spreads && !(bulk && claim.state === "alive");
    if (learn(state, claim, source, evidenceOf(claim, from), spread)) {
      changed++;
    }
  }
  return changed;
}

/** Learns one claim; true when it changed the table. `evidence` is for people. */
export function learn(
  state: SwimState,
  claim: Claim,
  source: Source,
  evidence: string,
  spread = true,
): boolean {
  if (claim.name === state.self.name) {
    refute(state, claim);
    return false;
  }
  const held = state.table.get(claim.name);
  if (isForgettable(state, claim)) return false;
  if (held === undefined) return take(state, claim, evidence, spread);
  const news = soften(held, claim, source);
  switch (ruling(held, news)) {
    case "accept":
      return take(state, news, news === claim ? evidence : HEARSAY, spread);
    case "confirm":
      // Every accuser that shortens the wait is news again (Lifeguard, LHA-Suspicion).
      if (state.suspicions.confirm(news.name, news.by, state.now)) {
        state.dissemination.queue(news, held.state);
      }
      return false;
    case "conflict":
      state.counters.nameConflicts++;
      return false;
    case "ignore":
      // Whoever is short of CPU leaves the rest to those that were quicker.
      if (state.awareness.lateness > 0 && isSameNews(held, news)) {
        state.dissemination.heard(news.name);
      }
      return false;
  }
}

/** Gives up on a suspect whose time is over (SWIM §4.2). */
export function giveUp(state: SwimState, suspicion: Suspicion): void {
  const held = state.table.get(suspicion.name)!;
  const claim: Claim = {
    ...claimOf(state, held),
    state: "failed",
    by: state.self.name,
  };
  const accusers = [...suspicion.accusers].sort().join(", ");
  learn(state, claim, "self", `no refutation; suspected by ${accusers}`);
}

function take(
  state: SwimState,
  claim: Claim,
  evidence: string,
  spread: boolean,
): boolean {
  const before = state.table.get(claim.name)?.state ?? null;
  const travels = !isForgettable(state, claim);
  const entry = state.table.put(claim, state.now, travels);
  if (entry === null) {
    state.counters.refusedMembers++;
    return false;
  }
  if (isLive(claim.state)) {
    state.order.add(claim.name);
    state.successor.consider(entry);
    if (before === "failed") noteReturn(state);
  } else {
    state.successor.drop(entry);
  }
  if (claim.state === "suspect") {
    state.suspicions.start(
      claim.name,
      claim.incarnation,
      claim.by,
      state.now,
      clusterSize(state),
      state.prng,
    );
  } else {
    state.suspicions.cancel(claim.name);
  }
  if (spread && claim.ageTicks <= NEWS_TICKS_MAX) {
    state.dissemination.queue(claim, before);
  }
  state.effects.changes.push({ member: memberOf(entry), evidence });
  if (claim.state === "suspect" && isWitness(state, claim)) {
    confirm(state, claim);
  }
  return true;
}

function isSameNews(held: Entry, news: Claim): boolean {
  return held.incarnation === news.incarnation && held.state === news.state;
}

/** True when this member has just pinged the suspect for another, in vain. */
function isWitness(state: SwimState, claim: Claim): boolean {
  const since = state.now -
    WITNESS_INTERVALS * state.options.probeIntervalTicks;
  for (const { target, nacked, nackTick } of state.relays.values()) {
    if (target === claim.name && nacked && nackTick >= since) return true;
  }
  return false;
}

function confirm(state: SwimState, claim: Claim): void {
  const by = state.self.name;
  if (state.suspicions.confirm(claim.name, by, state.now)) {
    state.dissemination.queue({ ...claim, by }, claim.state);
  }
}

/**
 * A table may tell of a failure that was a partition long healed. So another's
 * `failed` of a member held to live is taken as an accusation, which the member
 * can refute. Hearsay has no accuser of its own (it names the suspect), lest
 * the many tables of a healed half pass for independent confirmations.
 */
function soften(held: Entry, claim: Claim, source: Source): Claim {
  if (source !== "exchange" || claim.state !== "failed") return claim;
  if (!isLive(held.state)) return claim;
  return { ...claim, state: "suspect", by: claim.name, ageTicks: 0 };
}

/** Many members that return together are a healed partition: compare tables soon. */
function noteReturn(state: SwimState): void {
  state.returns++;
  const healing = Math.max(
    HEALING_RETURNS_MIN,
    Math.ceil(HEALING_SHARE * clusterSize(state)),
  );
  if (state.returns === healing) hastenExchange(state);
}

/** From this age on a tombstone does not travel: half a lifetime before it is forgotten, lest it go round for ever. */
export function silentTicks(state: SwimState): number {
  return state.options.tombstoneTicks / 2;
}

/** True for a tombstone that does not travel any more. */
export function isForgettable(state: SwimState, claim: Claim): boolean {
  return !isLive(claim.state) &&
    claim.ageTicks >= silentTicks(state);
}

function evidenceOf(claim: Claim, from: string): string {
  switch (claim.state) {
    case "alive":
      return `heard of through ${from}`;
    case "suspect":
      return claim.by === claim.name ? HEARSAY : `suspected by ${claim.by}`;
    case "failed":
      return `pronounced failed by ${claim.by}`;
    case "left":
      return "said goodbye";
  }
}
