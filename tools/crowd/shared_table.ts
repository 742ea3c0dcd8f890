/**
 * A membership table that keeps only what differs from the roster, and an order
 * of probing that is computed instead of kept: a member of a crowd costs what
 * it has seen change, not the crowd's size. The rules of `src/swim` cannot tell
 * it from their own table (`test/crowd/shared_table_test.ts` compares the two).
 */

import { present, type Prng } from "../../src/base/mod.ts";
import { type Claim, isLive, isSameAddress } from "../../src/swim/claim.ts";
import {
  blankRow,
  fillRow,
  type MutableEntry,
} from "../../src/swim/membership.ts";
import type {
  Entry,
  Keeping,
  MemberAddress,
  Order,
  Table,
} from "../../src/swim/mod.ts";
import { finestBucketOf, type Roster } from "./roster.ts";

/** Where a member of the crowd keeps the others. */
export function keepingOf(roster: Roster, own: string, prng: Prng): Keeping {
  const table = new SharedTable(roster, own);
  return { table, order: new SharedOrder(roster, own, prng, table) };
}

/** The roster, without oneself, and what became of it. */
export class SharedTable implements Table {
  readonly #roster: Roster;
  readonly #own: string;
  /** Rows that differ from the roster's, and strangers to it; null for the forgotten. */
  readonly #changed = new Map<string, MutableEntry | null>();
  /** Where the roster does not hold, ascending; oneself included. */
  readonly #differing: number[];
  /** Strangers to the roster, in order of first appearance. */
  #strangers: string[] = [];
  /** What differing rows add to the roster's sums, by bucket. */
  readonly #sums = new Map<number, number>();
  readonly #failed = new Set<string>();
  readonly #left = new Set<string>();
  #size: number;

  constructor(roster: Roster, own: string) {
    this.#roster = roster;
    this.#own = own;
    this.#size = roster.rows.length - 1;
    const place = present(roster.placeOf(own), own);
    this.#differing = [place];
    this.#sum(roster.rows[place]!, -1);
  }

  get size(): number {
    return this.#size;
  }

  get liveCount(): number {
    return this.#size - this.#failed.size - this.#left.size;
  }

  get failedCount(): number {
    return this.#failed.size;
  }

  /** True while nobody differs from the roster. */
  get isPlain(): boolean {
    return this.#changed.size === 0;
  }

  get(name: string): Entry | undefined {
    if (name === this.#own) return undefined;
    const changed = this.#changed.get(name);
    if (changed !== undefined) return changed ?? undefined;
    const place = this.#roster.placeOf(name);
    return place === undefined ? undefined : this.#roster.rows[place];
  }

  isLive(name: string): boolean {
    if (this.#failed.has(name) || this.#left.has(name)) return false;
    return this.get(name) !== undefined;
  }

  *entries(): Generator<Entry> {
    const { rows } = this.#roster;
    const differing = [...this.#differing];
    let next = 0;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at]!;
      if (at !== differing[next]) {
        yield row;
        continue;
      }
      next++;
      const held = this.get(row.name);
      if (held !== undefined) yield held;
    }
    for (const name of this.#strangers) {
      const held = this.get(name);
      if (held !== undefined) yield held;
    }
  }

  *live(): Generator<Entry> {
    for (const entry of this.entries()) {
      if (isLive(entry.state)) yield entry;
    }
  }

  liveAt(address: MemberAddress): Entry | undefined {
    const here = (name: string | undefined): Entry | undefined => {
      const held = name === undefined ? undefined : this.get(name);
      const isThere = held !== undefined && isLive(held.state) &&
        isSameAddress(held.address, address);
      return isThere ? held : undefined;
    };
    const first = here(this.#roster.memberOn(address.host)?.name);
    if (first !== undefined) return first;
    for (const name of this.#changed.keys()) {
      const other = here(name);
      if (other !== undefined) return other;
    }
    return undefined;
  }

  digest(bucketCount: number): number[] {
    const buckets = [...this.#roster.fold(bucketCount)];
    for (const [bucket, sum] of this.#sums) {
      const at = bucket % bucketCount;
      buckets[at] = (buckets[at]! + sum) >>> 0;
    }
    return buckets;
  }

  put(claim: Claim, now: number, travels: boolean): Entry {
    const row = this.#changed.get(claim.name) ?? this.#add(claim);
    if (row.travels) this.#sum(row, -1);
    fillRow(row, claim, now, travels);
    if (travels) this.#sum(row, 1);
    this.#failed.delete(row.name);
    this.#left.delete(row.name);
    if (row.state === "failed") this.#failed.add(row.name);
    if (row.state === "left") this.#left.add(row.name);
    return row;
  }

  pickLive(
    prng: Prng,
    count: number,
    wanted: (entry: Entry) => boolean = () => true,
  ): Entry[] {
    const { rows } = this.#roster;
    const most = Math.min(count, this.liveCount);
    const chosen: Entry[] = [];
    for (let tries = 0; tries < 4 * count + 8; tries++) {
      if (chosen.length >= most) break;
      const at = prng.below(rows.length + this.#strangers.length);
      const name = rows[at]?.name ?? this.#strangers[at - rows.length]!;
      const entry = this.get(name);
      if (entry === undefined || !isLive(entry.state)) continue;
      if (wanted(entry) && !chosen.includes(entry)) chosen.push(entry);
    }
    return chosen;
  }

  pickFailed(prng: Prng): Entry | undefined {
    if (this.#failed.size === 0) return undefined;
    return this.get(prng.pick([...this.#failed]));
  }

  reap(now: number, silentTicks: number, tombstoneTicks: number): void {
    for (const name of [...this.#failed, ...this.#left]) {
      const row = this.#changed.get(name)!;
      const ageTicks = now - row.sinceTick;
      if (row.travels && ageTicks >= silentTicks) {
        row.travels = false;
        this.#sum(row, -1);
      }
      if (ageTicks >= tombstoneTicks) this.#forget(name);
    }
  }

  #add({ name, address }: Claim): MutableEntry {
    const known = this.get(name);
    if (known === undefined) this.#size++;
    const place = this.#roster.placeOf(name);
    if (place === undefined) {
      if (!this.#strangers.includes(name)) this.#strangers.push(name);
    } else if (!this.#differing.includes(place)) {
      this.#differing.push(place);
      this.#differing.sort((a, b) => a - b);
    }
    const row = known === undefined ? blankRow(name, address) : { ...known };
    this.#changed.set(name, row);
    return row;
  }

  #forget(name: string): void {
    this.#changed.set(name, null);
    this.#failed.delete(name);
    this.#left.delete(name);
    this.#size--;
  }

  #sum(row: Pick<Entry, "nameHash" | "mark">, sign: 1 | -1): void {
    const bucket = finestBucketOf(row);
    const sum = (this.#sums.get(bucket) ?? 0) + sign * row.mark;
    this.#sums.set(bucket, sum);
  }
}

/** Every round another walk through the roster, `a·i + b mod n` with a coprime to n; strangers come last. */
export class SharedOrder implements Order {
  readonly #roster: Roster;
  readonly #own: string;
  readonly #prng: Prng;
  readonly #table: Table;
  #strangers: string[] = [];
  #step = 1;
  #offset = 0;
  #next = 0;

  constructor(roster: Roster, own: string, prng: Prng, table: Table) {
    this.#roster = roster;
    this.#own = own;
    this.#prng = prng;
    this.#table = table;
    this.#startRound();
  }

  add(name: string): void {
    if (this.#roster.placeOf(name) !== undefined) return;
    if (!this.#strangers.includes(name)) this.#strangers.push(name);
  }

  next(): string | null {
    const { rows } = this.#roster;
    const count = rows.length + this.#strangers.length;
    // Two rounds: the rest of this one, and a whole one.
    for (let tries = 0; tries < 2 * count; tries++) {
      if (this.#next >= count) this.#startRound();
      const at = this.#next++;
      const name = at < rows.length
        ? rows[(this.#step * at + this.#offset) % rows.length]!.name
        : this.#strangers[at - rows.length]!;
      if (name !== this.#own && this.#table.isLive(name)) return name;
    }
    return null;
  }

  #startRound(): void {
    const count = this.#roster.rows.length;
    do this.#step = this.#prng.between(1, Math.max(1, count - 1)); while (
      divisor(this.#step, count) !== 1
    );
    this.#offset = this.#prng.below(count);
    this.#next = 0;
    this.#strangers = this.#strangers.filter((name) =>
      this.#table.isLive(name)
    );
  }
}

/** The greatest common one (Euclid). */
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
