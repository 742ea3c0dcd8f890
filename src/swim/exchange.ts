/**
 * Comparison of whole tables over streams (push/pull, the remedy for updates
 * that gossip lost, and the way in for newcomers), at a cost that follows the
 * difference: first one hash a bucket of members, then a mark for each row of
 * the buckets that differ, then only the rows that differ.
 *
 *     asker → digest(own row, hashes)      other → marks(differing buckets)
 *     asker → push(rows, marks wanted)     other → rows(wanted, or newer there)
 *
 * A newcomer is answered with the rows at once.
 */

import { LIMITS } from "../base/mod.ts";
import { type Claim, isSameAddress, ruling } from "./claim.ts";
import { bucketCountFor, bucketOf, type Marked, rowMark } from "./digest.ts";
import { CROWD } from "./dissemination.ts";
import { learn, learnAll } from "./learning.ts";
import { onRefused, onStreamPong } from "./probe.ts";
import {
  claimOf,
  hastenExchange,
  quickestPace,
  selfClaim,
  sendFrame,
  type SwimState,
} from "./state.ts";
import type { MemberAddress, SwimEvent } from "./step.ts";
import {
  decodeMessage,
  encodeClaim,
  encodeMessage,
  type Frame,
} from "./wire.ts";

/** How many unknown seeds are asked at a time by a member in company. */
const SEEDS_AT_ONCE = 3;

/** Who is alone asks one seed after another: each would answer with the whole table. */
const JOIN_RETRY_TICKS = 10;

/** Addresses kept for joining. */
const SEEDS_MAX = 64;

/** What is left of a frame for claims, beside as many marks as may be wanted. */
const CLAIMS_BYTES_MAX = LIMITS.swimFrameBytes - 5 * LIMITS.swimMembers;

/** One asked by another who knows less than this share of what differs answers with rows. */
const NEWCOMER_SHARE = 0.5;

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
  const others = addresses.filter((address) =>
    !isSameAddress(address, state.self.address)
  );
  state.seeds = others.slice(0, SEEDS_MAX);
  // Where many are unknown, or wrongly failed, every answer names some of them.
  if (state.table.liveCount > 0 && state.now < state.due.seeds) return;
  const unknown = state.seeds.filter((seed) =>
    state.table.liveAt(seed) === undefined
  );
  askSeeds(state, unknown);
}

/** Sends a digest of the table. */
export function startExchange(state: SwimState, to: MemberAddress): void {
  const rows = state.table.size + 1;
  sendFrame(state, to, {
    kind: "digest",
    rows,
    buckets: digestOf(state, bucketCountFor(rows)),
    claims: [selfClaim(state)],
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
  switch (reply?.kind) {
    case "streamPong":
      return onStreamPong(state, reply.name, event.with);
    case "marks":
      return onMarks(state, reply, event.with);
    case "rows":
      return onRows(state, reply, event.with);
    default:
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
      learn(state, request.claims[0]!, "exchange", "asked for the table");
      return differenceFrom(state, request);
    }
    case "push": {
      learnAll(state, request.claims, "exchange", "an exchange");
      const wanted = new Set(request.wanted);
      const rows = rowsWhere(state, ({ mark }) => wanted.has(mark));
      const told = new Set(rows.map(({ name }) => name));
      const others = request.claims.filter(({ name }) => !told.has(name));
      return rowsOf([...rows, ...newerThan(state, others)]);
    }
    default:
      return null;
  }
}

function onMarks(
  state: SwimState,
  { bucketCount, differing, marks }: Frame & { kind: "marks" },
  partner: MemberAddress,
): void {
  // By far most tables agree; to look through one takes its length.
  if (differing.length === 0) return;
  const differs = inBuckets(differing, bucketCount);
  const wanted = new Set(marks);
  const claims = rowsWhere(
    state,
    (row) => differs(row) && !wanted.delete(row.mark),
  );
  if (claims.length === 0 && wanted.size === 0) return;
  sendFrame(state, partner, {
    kind: "push",
    wanted: [...wanted],
    claims: fit(claims).claims,
  });
}

function onRows(
  state: SwimState,
  rows: Frame & { kind: "rows" },
  partner: MemberAddress,
): void {
  const before = state.self.incarnation;
  const underWay = state.dissemination.size;
  const learned = learnAll(state, rows.claims, "exchange", "an exchange");
  // What gossip is spreading anyway is no sign of tables that differ; a crowd
  // of news it does not carry all.
  if (learned > Math.min(underWay, CROWD)) hastenExchange(state);
  // Only when this round taught something is there hope in another.
  if (rows.more && learned > 0) startExchange(state, partner);
  else if (state.self.incarnation !== before) {
    // Its table spoke of an earlier life: it is the first to hear of this one.
    const claims = [selfClaim(state)];
    sendFrame(state, partner, { kind: "push", wanted: [], claims });
  }
}

function differenceFrom(
  state: SwimState,
  theirs: Frame & { kind: "digest" },
): Frame {
  const bucketCount = theirs.buckets.length;
  const differing: number[] = [];
  digestOf(state, bucketCount).forEach((hash, bucket) => {
    if (hash !== theirs.buckets[bucket]) differing.push(bucket);
  });
  const differs = inBuckets(differing, bucketCount);
  const marks = differing.length === 0 ? [] : marksWhere(state, differs);
  return theirs.rows < NEWCOMER_SHARE * marks.length
    ? rowsOf(rowsWhere(state, differs))
    : { kind: "marks", bucketCount, differing, marks };
}

/** Tells whether a row is in one of these of `count` buckets. */
function inBuckets(
  buckets: readonly number[],
  count: number,
): (row: Marked) => boolean {
  const isWanted = new Uint8Array(count);
  for (const bucket of buckets) isWanted[bucket] = 1;
  return ({ nameHash }) => isWanted[bucketOf(nameHash, count)] === 1;
}

function digestOf(state: SwimState, count: number): number[] {
  const buckets = state.table.digest(count);
  const own = bucketOf(state.self.nameHash, count);
  buckets[own] = (buckets[own]! + ownMark(state)) >>> 0;
  return buckets;
}

function ownMark(state: SwimState): number {
  return rowMark(state.self.nameHash, selfClaim(state));
}

/** Marks of the rows that travel, one's own included, where `wanted` says so. */
function marksWhere(
  state: SwimState,
  wanted: (row: Marked) => boolean,
): number[] {
  const marks: number[] = [];
  const own = { nameHash: state.self.nameHash, mark: ownMark(state) };
  if (wanted(own)) marks.push(own.mark);
  for (const entry of state.table.entries()) {
    if (entry.travels && wanted(entry)) marks.push(entry.mark);
  }
  return marks;
}

/** The rows themselves, likewise. */
function rowsWhere(
  state: SwimState,
  wanted: (row: Marked) => boolean,
): Claim[] {
  const claims: Claim[] = [];
  const own = { nameHash: state.self.nameHash, mark: ownMark(state) };
  if (wanted(own)) claims.push(selfClaim(state));
  for (const entry of state.table.entries()) {
    if (entry.travels && wanted(entry)) claims.push(claimOf(state, entry));
  }
  return claims;
}

/** What is held of the members that the claims are about, where it is newer. */
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

/** A rival of the holder of a name hears of the holder, too. */
function supersedes(own: Claim, their: Claim): boolean {
  const rule = ruling(their, own);
  return rule === "accept" || rule === "conflict";
}

function rowsOf(claims: readonly Claim[]): Frame {
  return { kind: "rows", ...fit(claims) };
}

function fit(claims: readonly Claim[]): { claims: Claim[]; more: boolean } {
  let room = CLAIMS_BYTES_MAX;
  const fitting: Claim[] = [];
  for (const claim of claims) {
    room -= encodeClaim(claim).length;
    if (room < 0) return { claims: fitting, more: true };
    fitting.push(claim);
  }
  return { claims: fitting, more: false };
}

function askSeeds(
  state: SwimState,
  addresses: readonly MemberAddress[],
): void {
  if (addresses.length === 0) return;
  const count = state.table.liveCount === 0 ? 1 : SEEDS_AT_ONCE;
  state.due.join = state.now + JOIN_RETRY_TICKS;
  state.due.seeds = state.now + quickestPace(state);
  for (const seed of state.prng.shuffle(addresses).slice(0, count)) {
    startExchange(state, seed);
  }
}
