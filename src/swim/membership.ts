/**
 * The membership table of the others: what is held of each, who is live, and
 * tombstones of those that failed or left, kept a while so that old gossip
 * cannot raise the dead. Bounded: at the limit the oldest tombstone gives way.
 * Nothing that is done at every tick or exchange takes time with its size.
 */

import type { Prng } from "../base/mod.ts";
import { type Claim, isLive, isSameAddress } from "./claim.ts";
import { Digest, nameHash, rowMark } from "./digest.ts";
import type { Entry, Table } from "./keeping.ts";
import type { MemberAddress, MemberName } from "./step.ts";

/** An entry that may be changed. */
export type MutableEntry = { -readonly [Field in keyof Entry]: Entry[Field] };

/** A row of which nothing but the name is known yet. */
export function blankRow(
  name: MemberName,
  address: MemberAddress,
): MutableEntry {
  return {
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
  };
}

/** Writes a claim into a row. */
export function fillRow(
  row: MutableEntry,
  claim: Claim,
  now: number,
  travels: boolean,
): void {
  row.address = claim.address;
  row.incarnation = claim.incarnation;
  row.machine = claim.machine;
  row.state = claim.state;
  row.tag = claim.tag;
  row.by = claim.by;
  row.sinceTick = now - claim.ageTicks;
  row.mark = rowMark(row.nameHash, row);
  row.travels = travels;
}

type Standing = "live" | "failed" | "left";

/** A row and its place among those of its standing. */
type Row =
  & MutableEntry
  & { standing: Standing; place: number };

/** The table; it only stores. Which claims enter is decided in `learning.ts`. */
export class Membership implements Table {
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

  get size(): number {
    return this.#rows.size;
  }

  get liveCount(): number {
    return this.#rosters.live.length;
  }

  get failedCount(): number {
    return this.#rosters.failed.length;
  }

  get(name: MemberName): Entry | undefined {
    return this.#rows.get(name);
  }

  isLive(name: MemberName): boolean {
    return this.#rows.get(name)?.standing === "live";
  }

  /** In order of first appearance. */
  entries(): IterableIterator<Entry> {
    return this.#rows.values();
  }

  live(): readonly Entry[] {
    return this.#rosters.live;
  }

  liveAt(address: MemberAddress): Entry | undefined {
    return this.#rosters.live.find((row) =>
      isSameAddress(row.address, address)
    );
  }

  digest(bucketCount: number): number[] {
    return this.#digest.fold(bucketCount);
  }

  put(claim: Claim, now: number, travels: boolean): Entry | null {
    const row = this.#rows.get(claim.name) ?? this.#add(claim);
    if (row === null) return null;
    if (row.travels) this.#digest.remove(row);
    fillRow(row, claim, now, travels);
    if (travels) this.#digest.add(row);
    const standing = standingOf(claim);
    if (row.standing !== standing || row.place < 0) {
      this.#unlist(row);
      row.standing = standing;
      this.#list(row);
    }
    return row;
  }

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

  pickFailed(prng: Prng): Entry | undefined {
    const { failed } = this.#rosters;
    return failed.length === 0 ? undefined : prng.pick(failed);
  }

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
      ...blankRow(name, address),
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

/** Which of the three lists a state belongs to. */
function standingOf({ state }: Claim): Standing {
  return isLive(state) ? "live" : state === "failed" ? "failed" : "left";
}
