/**
 * What the rules ask of where the others are kept. They know no more of it, so
 * that a simulation of tens of thousands can keep what all hold alike once.
 */

import type { Prng } from "../base/mod.ts";
import type { Claim } from "./claim.ts";
import type { Member, MemberAddress, MemberName } from "./step.ts";

/** Where one member keeps the others. */
export interface Keeping {
  readonly table: Table;
  readonly order: Order;
}

/** A member as held, now: rows change in place. `sinceTick` is when it took its state. */
export interface Entry extends Member {
  readonly by: MemberName;
  readonly sinceTick: number;
  /** Of the name, for digests and the ring. */
  readonly nameHash: number;
  /** Of everything that exchanges compare. */
  readonly mark: number;
  /** False for tombstones so old that they are kept but not spoken of. */
  readonly travels: boolean;
}

/** The membership table of the others. */
export interface Table {
  /** Everybody in the table, tombstones included. */
  readonly size: number;
  /** Others that are alive or suspect. */
  readonly liveCount: number;
  /** Others that failed and are still remembered. */
  readonly failedCount: number;
  /** What is held of a member. */
  get(name: MemberName): Entry | undefined;
  /** True for another that is alive or suspect. */
  isLive(name: MemberName): boolean;
  /** Everybody, in no order that matters. */
  entries(): Iterable<Entry>;
  /** Others that are alive or suspect, in no order. */
  live(): Iterable<Entry>;
  /** One of them by its address. */
  liveAt(address: MemberAddress): Entry | undefined;
  /** The hashes of so many buckets (a power of two), over the rows that travel. */
  digest(bucketCount: number): number[];
  /** Takes a claim over; null when the table is full of living members. */
  put(claim: Claim, now: number, travels: boolean): Entry | null;
  /** Up to `count` different live members that `wanted` accepts, at random. */
  pickLive(
    prng: Prng,
    count: number,
    wanted?: (entry: Entry) => boolean,
  ): Entry[];
  /** A failed member at random. */
  pickFailed(prng: Prng): Entry | undefined;
  /** Silences tombstones of `silentTicks`, and forgets those of `tombstoneTicks`. */
  reap(now: number, silentTicks: number, tombstoneTicks: number): void;
}

/** Whom to probe next. */
export interface Order {
  /** Adds a member; one that is listed stays where it is. */
  add(name: MemberName): void;
  /** The next wanted member, or null when there is none. */
  next(): MemberName | null;
}
