/**
 * The membership table of the others: what is held of each, who is live, and
 * tombstones of those that failed or left, kept a while so that old gossip
 * cannot raise the dead. Bounded: at the limit the oldest tombstone gives way.
 * Nothing that is done at every tick or exchange takes time with its size.
 */

import type { Prng } from "../base/mod.ts";
import { type Claim, isLive } from "./claim.ts";
import { Digest, nameHash, rowMark } from "./digest.ts";
import type { Member, MemberName } from "./step.ts";

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

type Standing = "live" | "failed" | "left";

/** A row and its place among those of its standing. */
type Row =
  & { -readonly [Field in keyof Entry]: Entry[Field] }
  & { standing: Standing; place: number };

/** The table; it only stores. Which claims enter is decided in `learning.ts`. */
export class Membership {
  readonly #rows = new Map<MemberName, Row>();
  readonly #rosters: Readonly<Record<Standing, Row[]>> = {
    live: [],
    failed: [],
    left: [],
  };
  readonly #digest = new Digest();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Everybody in the table, tombstones included. */
  get size(): number {
    return this.#rows.size;
  }

  /** Others that are alive or suspect. */
  get liveCount(): number {
    return this.#rosters.live.length;
  }

  /** Others that failed and are still remembered. */
  get failedCount(): number {
    return this.#rosters.failed.length;
  }

  /** What is held of a member. */
  get(name: MemberName): Entry | undefined {
    return this.#rows.get(name);
  }

  /** True for another that is alive or suspect. */
  isLive(name: MemberName): boolean {
    return this.#rows.get(name)?.standing === "live";
  }

  /** Everybody, in order of first appearance. */
  entries(): IterableIterator<Entry> {
    return this.#rows.values();
  }

  /** Others that are alive or suspect, in no order. */
  live(): readonly Entry[] {
    return this.#rosters.live;
  }

  /** The hashes of so many buckets (a power of two), over the rows that travel. */
  digest(bucketCount: number): number[] {
    return this.#digest.fold(bucketCount);
  }

  /** Takes a claim over; null when the table is full of living members. */
  put(claim: Claim, now: number, travels: boolean): Entry | null {
    const row = this.#rows.get(claim.name) ?? this.#add(claim);
    if (row === null) return null;
    if (row.travels) this.#digest.remove(row);
    row.address = claim.address;
    row.incarnation = claim.incarnation;
    row.machine = claim.machine;
    row.state = claim.state;
    row.tag = claim.tag;
    row.by = claim.by;
    row.sinceTick = now - claim.ageTicks;
    row.mark = rowMark(row.nameHash, row);
    row.travels = travels;
    if (travels) this.#digest.add(row);
    const standing = standingOf(claim);
    if (row.standing !== standing || row.place < 0) {
      this.#unlist(row);
      row.standing = standing;
      this.#list(row);
    }
    return row;
  }

  /** Up to `count` different live members that `wanted` accepts, at random. */
  pickLive(
    prng: Prng,
    count: number,
    wanted: (entry: Entry) => boolean = anybody,
  ): Entry[] {
    const { live } = this.#rosters;
    const chosen: Entry[] = [];
    // Drawing with a bound on tries beats shuffling a table of thousands.
    for (let tries = 0; tries < 4 * count + 8; tries++) {
      if (chosen.length >= Math.min(count, live.length)) break;
      const entry = prng.pick(live);
      if (wanted(entry) && !chosen.includes(entry)) chosen.push(entry);
    }
    return chosen;
  }

  /** A failed member at random. */
  pickFailed(prng: Prng): Entry | undefined {
    const { failed } = this.#rosters;
    return failed.length === 0 ? undefined : prng.pick(failed);
  }

  /** Silences tombstones of `silentTicks`, and forgets those of `tombstoneTicks`. */
  reap(now: number, silentTicks: number, tombstoneTicks: number): void {
    for (const roster of [this.#rosters.failed, this.#rosters.left]) {
      // Backwards: the last takes the place of one that is removed.
      for (let place = roster.length - 1; place >= 0; place--) {
        const row = roster[place]!;
        const ageTicks = now - row.sinceTick;
        if (row.travels && ageTicks >= silentTicks) {
          row.travels = false;
          this.#digest.remove(row);
        }
        if (ageTicks >= tombstoneTicks) this.#remove(row);
      }
    }
  }

  #add({ name, address }: Claim): Row | null {
    if (this.#rows.size >= this.#limit && !this.#evictOldestTombstone()) {
      return null;
    }
    const row: Row = {
      name,
      address,
      incarnation: 0,
      machine: 0,
      state: "alive",
      tag: "",
      by: name,
      sinceTick: 0,
      nameHash: nameHash(name),
      mark: 0,
      travels: false,
      standing: "live",
      place: -1,
    };
    this.#rows.set(name, row);
    return row;
  }

  #evictOldestTombstone(): boolean {
    let oldest: Row | null = null;
    for (const roster of [this.#rosters.failed, this.#rosters.left]) {
      for (const row of roster) {
        if (oldest === null || row.sinceTick < oldest.sinceTick) oldest = row;
      }
    }
    if (oldest === null) return false;
    this.#remove(oldest);
    return true;
  }

  #remove(row: Row): void {
    if (row.travels) this.#digest.remove(row);
    this.#rows.delete(row.name);
    this.#unlist(row);
  }

  #list(row: Row): void {
    const roster = this.#rosters[row.standing];
    row.place = roster.length;
    roster.push(row);
  }

  #unlist(row: Row): void {
    if (row.place < 0) return;
    const roster = this.#rosters[row.standing];
    const last = roster.pop()!;
    if (last !== row) {
      roster[row.place] = last;
      last.place = row.place;
    }
    row.place = -1;
  }
}

function anybody(): boolean {
  return true;
}

function standingOf({ state }: Claim): Standing {
  return isLive(state) ? "live" : state === "failed" ? "failed" : "left";
}
