/** What all members of a settled crowd hold alike, kept once. */

import type { Entry, Member } from "../../src/swim/mod.ts";
import { bucketOf, Digest, nameHash, rowMark } from "../../src/swim/digest.ts";
import { BUCKETS_MAX } from "../../src/swim/wire.ts";

/** Everybody, alive, sorted by name. */
export class Roster {
  readonly rows: readonly Entry[];
  readonly #at = new Map<string, number>();
  /** Each has a host of its own. */
  readonly #hosts = new Map<string, number>();
  readonly #digest = new Digest();
  readonly #folds = new Map<number, readonly number[]>();

  constructor(members: readonly Member[]) {
    this.rows = members.toSorted((a, b) => a.name < b.name ? -1 : 1)
      .map((member) => entryOf(member));
    this.rows.forEach((row, at) => {
      this.#at.set(row.name, at);
      this.#hosts.set(row.address.host, at);
      this.#digest.add(row);
    });
  }

  /** Where a member stands; undefined for a stranger. */
  placeOf(name: string): number | undefined {
    return this.#at.get(name);
  }

  /** Who began on a host. */
  memberOn(host: string): Entry | undefined {
    const place = this.#hosts.get(host);
    return place === undefined ? undefined : this.rows[place];
  }

  /** The hashes of so many buckets over all rows. */
  fold(count: number): readonly number[] {
    const known = this.#folds.get(count);
    if (known !== undefined) return known;
    const made = this.#digest.fold(count);
    this.#folds.set(count, made);
    return made;
  }
}

/** The bucket of a row in the finest digest. */
export function finestBucketOf(
  { nameHash }: Pick<Entry, "nameHash">,
): number {
  return bucketOf(nameHash, BUCKETS_MAX);
}

function entryOf(member: Member): Entry {
  const hash = nameHash(member.name);
  return {
    ...member,
    by: member.name,
    sinceTick: 0,
    nameHash: hash,
    mark: rowMark(hash, member),
    travels: true,
  };
}
