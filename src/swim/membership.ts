/**
 * The membership table of the others: what is held of each, who is live, and
 * tombstones of those that failed or left, kept a while so that old gossip
 * cannot raise the dead. Bounded: at the limit the oldest tombstone gives way.
 */

import { crc32c, type Prng, utf8 } from "../base/mod.ts";
import { type Claim, isLive } from "./claim.ts";
import type { Member, MemberName } from "./step.ts";

/** A member as held; `tick` is when it took its state. */
export interface Entry extends Member {
  readonly by: MemberName;
  readonly sinceTick: number;
  /** Of the name, for digests. */
  readonly nameHash: number;
}

/** The table; it only stores. Which claims enter is decided in `learning.ts`. */
export class Membership {
  readonly #entries = new Map<MemberName, Entry>();
  readonly #live = new Roster();
  readonly #failed = new Roster();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Everybody in the table, tombstones included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Others that are alive or suspect. */
  get liveCount(): number {
    return this.#live.size;
  }

  /** Others that failed and are still remembered. */
  get failedCount(): number {
    return this.#failed.size;
  }

  /** What is held of a member. */
  get(name: MemberName): Entry | undefined {
    return this.#entries.get(name);
  }

  /** Everybody, in order of first appearance. */
  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** Takes a claim over; null when the table is full of living members. */
  put(claim: Claim, now: number): Entry | null {
    const held = this.#entries.get(claim.name);
    if (held === undefined && this.#entries.size >= this.#limit) {
      if (!this.#evictOldestTombstone()) return null;
    }
    const entry: Entry = {
      name: claim.name,
      address: claim.address,
      incarnation: claim.incarnation,
      state: claim.state,
      tag: claim.tag,
      by: claim.by,
      sinceTick: now - claim.ageTicks,
      nameHash: held?.nameHash ?? nameHash(claim.name),
    };
    this.#entries.set(claim.name, entry);
    if (isLive(claim.state)) this.#live.add(claim.name);
    else this.#live.remove(claim.name);
    if (claim.state === "failed") this.#failed.add(claim.name);
    else this.#failed.remove(claim.name);
    return entry;
  }

  /** Up to `count` different live members that `wanted` accepts, at random. */
  pickLive(
    prng: Prng,
    count: number,
    wanted: (entry: Entry) => boolean = () => true,
  ): Entry[] {
    const chosen = new Set<Entry>();
    // Drawing with a bound on tries beats shuffling a table of thousands.
    for (let tries = 0; tries < 4 * count + 8; tries++) {
      if (chosen.size >= Math.min(count, this.#live.size)) break;
      const entry = this.#entries.get(this.#live.pick(prng)!)!;
      if (wanted(entry)) chosen.add(entry);
    }
    return [...chosen];
  }

  /** A failed member at random. */
  pickFailed(prng: Prng): Entry | undefined {
    const name = this.#failed.pick(prng);
    return name === undefined ? undefined : this.#entries.get(name);
  }

  /** Forgets those that failed or left `tombstoneTicks` ago or earlier. */
  reap(now: number, tombstoneTicks: number): void {
    for (const entry of this.#entries.values()) {
      if (isLive(entry.state)) continue;
      if (now - entry.sinceTick >= tombstoneTicks) this.#remove(entry.name);
    }
  }

  #evictOldestTombstone(): boolean {
    let oldest: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (isLive(entry.state)) continue;
      if (oldest === null || entry.sinceTick < oldest.sinceTick) oldest = entry;
    }
    if (oldest === null) return false;
    this.#remove(oldest.name);
    return true;
  }

  #remove(name: MemberName): void {
    this.#entries.delete(name);
    this.#live.remove(name);
    this.#failed.remove(name);
  }
}

/** A well-mixed 32-bit hash of a name. */
export function nameHash(name: MemberName): number {
  return mix(crc32c(utf8(name)));
}

/** A bijection of 32-bit words without CRC's linearity (MurmurHash3's finalizer, Appleby). */
export function mix(word: number): number {
  let hash = word >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A set of names from which one can be drawn at random in O(1). */
class Roster {
  readonly #names: MemberName[] = [];
  readonly #places = new Map<MemberName, number>();

  get size(): number {
    return this.#names.length;
  }

  add(name: MemberName): void {
    if (this.#places.has(name)) return;
    this.#places.set(name, this.#names.length);
    this.#names.push(name);
  }

  remove(name: MemberName): void {
    const place = this.#places.get(name);
    if (place === undefined) return;
    this.#places.delete(name);
    const last = this.#names.pop()!;
    if (last === name) return;
    this.#names[place] = last;
    this.#places.set(last, place);
  }

  pick(prng: Prng): MemberName | undefined {
    if (this.#names.length === 0) return undefined;
    return this.#names[prng.below(this.#names.length)];
  }
}
