/** How slow a simulated disk is, and how much of what was not synced it loses. */

/** How slow the disk is, and how it tears. */
export interface DiskOptions {
  readonly accessMs: number;
  readonly syncMinMs: number;
  readonly syncMeanMs: number;
  /** A sync that takes `stallMs` more. */
  readonly stallChance: number;
  readonly stallMs: number;
  /** On loss of power: chances that an unsynced write is kept whole, or torn; else it is lost. */
  readonly keepChance: number;
  readonly tearChance: number;
  /** A read gives less than was asked for. */
  readonly shortReadChance: number;
}

/** A disk that neither stalls nor keeps anything unsynced. */
export const PLAIN_DISK: DiskOptions = {
  accessMs: 0.05,
  syncMinMs: 0.2,
  syncMeanMs: 0.2,
  stallChance: 0,
  stallMs: 0,
  keepChance: 0,
  tearChance: 0,
  shortReadChance: 0,
};
