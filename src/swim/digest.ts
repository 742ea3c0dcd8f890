/**
 * Hashes of a table, kept up to date with every change of a row: equal tables
 * have equal digests, and of different ones nearly always the buckets differ
 * whose rows do. A row's bucket follows from its name.
 */

import { crc32c, utf8 } from "../base/mod.ts";
import { isLive } from "./claim.ts";
import type { Member, MemberName } from "./step.ts";
import { BUCKETS_MAX } from "./wire.ts";

/** What a digest sees of a row. */
export interface Marked {
  readonly nameHash: number;
  readonly mark: number;
}

/** One sum a bucket, so that the order of rows does not matter. */
export class Digest {
  readonly #sums = new Uint32Array(BUCKETS_MAX);

  add({ nameHash, mark }: Marked): void {
    this.#sums[bucketOf(nameHash, BUCKETS_MAX)]! += mark;
  }

  remove({ nameHash, mark }: Marked): void {
    this.#sums[bucketOf(nameHash, BUCKETS_MAX)]! -= mark;
  }

  /** The sums of `count` buckets, a power of two. */
  fold(count: number): number[] {
    const buckets = new Array<number>(count).fill(0);
    this.#sums.forEach((sum, bucket) => {
      const at = bucketOf(bucket, count);
      buckets[at] = (buckets[at]! + sum) >>> 0;
    });
    return buckets;
  }
}

/**
 * How many buckets a digest of `rows` rows has: about √rows, as that makes the
 * hashes and the marks of one differing bucket together the fewest.
 */
export function bucketCountFor(rows: number): number {
  const exponent = Math.ceil(Math.log2(Math.max(1, rows)) / 2);
  return Math.min(BUCKETS_MAX, 2 ** exponent);
}

/** The bucket of a name among `count`, a power of two. Every row is asked for it at once: a division would take most of a comparison. */
export function bucketOf(nameHash: number, count: number): number {
  return nameHash & (count - 1);
}

/** A well-mixed 32-bit hash of a name. */
export function nameHash(name: MemberName): number {
  return mix(crc32c(utf8(name)));
}

/** The hash of a row. A suspicion is not part of it: it travels by gossip, and ends soon. */
export function rowMark(
  nameHash: number,
  { state, incarnation, machine }: Pick<
    Member,
    "state" | "incarnation" | "machine"
  >,
): number {
  const standing = isLive(state) ? 0 : state === "failed" ? 1 : 2;
  const low = incarnation >>> 0;
  const high = Math.floor(incarnation / 2 ** 32);
  return mix(nameHash ^ mix(low ^ mix(high * 4 + standing + 1 ^ mix(machine))));
}

/** A bijection of 32-bit words without CRC's linearity (MurmurHash3's finalizer, Appleby). */
function mix(word: number): number {
  let hash = word >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
