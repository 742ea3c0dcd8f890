/**
 * Comparison of whole tables over streams (push/pull, the remedy for updates
 * that gossip lost, and the way in for newcomers), at a cost that follows the
 * difference: first one hash a bucket of members, then only the rows of the
 * buckets that differ.
 *
 *     asker → digest(own row, hashes)   other → rows(of differing buckets)
 *     asker → push(rows newer here)     other → rows(newer still, there)
 */

import { LIMITS } from "../base/mod.ts";
import { type Claim, isLive, ruling } from "./claim.ts";
import { isForgettable, learn, learnAll } from "./learning.ts";
import { mix } from "./membership.ts";
import { onRefused, onStreamPong } from "./probe.ts";
import {
  claimOf,
  hastenExchange,
  sameAddress,
  selfClaim,
  sendFrame,
  type SwimState,
} from "./state.ts";
import type { MemberAddress, SwimEvent } from "./step.ts";
import {
  BUCKETS_MAX,
  claimBytesMax,
  decodeMessage,
  encodeMessage,
  type Frame,
} from "./wire.ts";

/** Members that share one hash of a digest, on average. */
const BUCKET_MEMBERS = 16;

/** How many seeds are asked at a time, and how often while one is alone. */
const SEEDS_AT_ONCE = 3;
const JOIN_RETRY_TICKS = 10;

/** Addresses kept for joining. */
const SEEDS_MAX = 64;

/** What a frame's envelope takes at most: kinds, numbers, 256 bucket numbers. */
const ENVELOPE_BYTES = 2_048;

/** Compares tables with someone when it is due; asks seeds while alone. */
export function tickExchange(state: SwimState): void {
  if (state.table.liveCount === 0 && state.now >= state.due.join) {
    askSeeds(state, state.seeds);
  }
  if (state.now < state.due.exchange) return;
  state.returns = 0;
  // Tables that differ are compared again soon; those that agree, ever more seldom.
  state.due.exchange = state.now +
    state.prng.between(Math.ceil(state.exchangePace / 2), state.exchangePace);
  state.exchangePace = Math.min(
    2 * state.exchangePace,
    state.options.exchangeIntervalTicks,
  );
  for (const partner of state.table.pickLive(state.prng, 1)) {
    startExchange(state, partner.address);
  }
}

/** Members to ask for the table; those known to be alive there are left out. */
export function onSeeds(
  state: SwimState,
  addresses: readonly MemberAddress[],
): void {
  const known = new Set([keyOf(state.self.address)]);
  for (const entry of state.table.entries()) {
    if (isLive(entry.state)) known.add(keyOf(entry.address));
  }
  state.seeds = addresses.filter((address) =>
    !sameAddress(address, state.self.address)
  ).slice(0, SEEDS_MAX);
  askSeeds(state, addresses.filter((address) => !known.has(keyOf(address))));
}

/** Sends a digest of the table. */
export function startExchange(state: SwimState, to: MemberAddress): void {
  const count = Math.min(
    BUCKETS_MAX,
    2 ** Math.ceil(Math.log2(Math.max(1, state.table.size / BUCKET_MEMBERS))),
  );
  sendFrame(state, to, {
    kind: "digest",
    self: selfClaim(state),
    buckets: digestOf(state, count),
  });
}

/** The reply to an earlier stream request, or the news that there is none. */
export function onExchanged(
  state: SwimState,
  event: SwimEvent & { kind: "exchanged" },
): void {
  if (event.refused) return onRefused(state, event.with);
  if (event.reply === null) return;
  const reply = decodeMessage(event.reply);
  if (reply?.kind === "streamPong") {
    onStreamPong(state, reply.name, event.with);
  } else if (reply?.kind === "rows") {
    onRows(state, reply, event.with);
  } else {
    state.counters.malformed++;
  }
}

/** Serves another's stream request; null when it is not one. */
export function onExchangeRequest(
  state: SwimState,
  bytes: Uint8Array,
): Uint8Array | null {
  const request = decodeMessage(bytes);
  const reply = request === null ? null : replyTo(state, request as Frame);
  if (reply === null) {
    state.counters.malformed++;
    return null;
  }
  return encodeMessage(reply);
}

function replyTo(state: SwimState, request: Frame): Frame | null {
  switch (request.kind) {
    case "streamPing": {
      const { name, incarnation } = state.self;
      return { kind: "streamPong", name, incarnation };
    }
    case "digest": {
      learn(state, request.self, "exchange", "asked for the table");
      return differenceFrom(state, request.buckets);
    }
    case "push": {
      learnAll(state, request.claims, "exchange", "an exchange");
      const { claims } = fit(newerThan(state, request.claims));
      return {
        kind: "rows",
        claims,
        more: false,
        bucketCount: 0,
        differing: [],
      };
    }
    default:
      return null;
  }
}

function onRows(
  state: SwimState,
  rows: Frame & { kind: "rows" },
  partner: MemberAddress,
): void {
  const changed = learnAll(state, rows.claims, "exchange", "an exchange");
  if (changed) hastenExchange(state);
  if (rows.more) {
    // Only when this round taught something is there hope in another.
    if (changed) startExchange(state, partner);
    return;
  }
  const differing = new Set(rows.differing);
  const theirs = new Map(rows.claims.map((claim) => [claim.name, claim]));
  const push: Claim[] = [];
  for (const [hash, claim] of travelling(state)) {
    if (!differing.has(hash % rows.bucketCount)) continue;
    const their = theirs.get(claim.name);
    if (their === undefined || supersedes(claim, their)) push.push(claim);
  }
  if (push.length > 0) {
    sendFrame(state, partner, { kind: "push", claims: fit(push).claims });
  }
}

function differenceFrom(state: SwimState, theirs: readonly number[]): Frame {
  const bucketCount = theirs.length;
  const differing: number[] = [];
  digestOf(state, bucketCount).forEach((hash, bucket) => {
    if (hash !== theirs[bucket]) differing.push(bucket);
  });
  const wanted = new Set(differing);
  const rows = differing.length === 0
    ? []
    : [...travelling(state)].filter(([hash]) => wanted.has(hash % bucketCount));
  // Bucket after bucket: what a cut-off answer brought is then equal next time.
  rows.sort(([a], [b]) => a % BUCKETS_MAX - b % BUCKETS_MAX);
  const claims = rows.map(([, claim]) => claim);
  return { kind: "rows", ...fit(claims), bucketCount, differing };
}

/** One hash a bucket: the sum of its rows' hashes, so that order does not matter. */
function digestOf(state: SwimState, count: number): number[] {
  const buckets = new Array<number>(count).fill(0);
  for (const [hash, claim] of travelling(state)) {
    const bucket = hash % count;
    buckets[bucket] = (buckets[bucket]! + rowHash(hash, claim)) >>> 0;
  }
  return buckets;
}

/** A suspicion is not part of it: it travels by gossip, and ends soon. */
function rowHash(nameHash: number, claim: Claim): number {
  const standing = isLive(claim.state) ? 0 : claim.state === "failed" ? 1 : 2;
  const low = claim.incarnation >>> 0;
  const high = Math.floor(claim.incarnation / 2 ** 32);
  return mix(nameHash ^ mix(low ^ mix(high * 4 + standing + 1)));
}

/** Every row that exchanges carry, one's own included, with the hash of its name. */
function* travelling(state: SwimState): Generator<[number, Claim]> {
  yield [state.self.nameHash, selfClaim(state)];
  for (const entry of state.table.entries()) {
    const claim = claimOf(state, entry);
    if (!isForgettable(state, claim)) yield [entry.nameHash, claim];
  }
}

function newerThan(state: SwimState, claims: readonly Claim[]): Claim[] {
  const newer: Claim[] = [];
  for (const claim of claims) {
    const held = state.table.get(claim.name);
    const own = claim.name === state.self.name
      ? selfClaim(state)
      : held === undefined
      ? null
      : claimOf(state, held);
    if (own !== null && supersedes(own, claim)) newer.push(own);
  }
  return newer;
}

function supersedes(own: Claim, their: Claim): boolean {
  return ruling(their, own) === "accept";
}

function fit(claims: readonly Claim[]): { claims: Claim[]; more: boolean } {
  let room = LIMITS.swimFrameBytes - ENVELOPE_BYTES;
  const fitting: Claim[] = [];
  for (const claim of claims) {
    room -= claimBytesMax(claim);
    if (room < 0) return { claims: fitting, more: true };
    fitting.push(claim);
  }
  return { claims: fitting, more: false };
}

function askSeeds(
  state: SwimState,
  addresses: readonly MemberAddress[],
): void {
  state.due.join = state.now + JOIN_RETRY_TICKS;
  for (const seed of state.prng.shuffle(addresses).slice(0, SEEDS_AT_ONCE)) {
    startExchange(state, seed);
  }
}

function keyOf(address: MemberAddress): string {
  return `${address.host} ${address.port}`;
}
