/** Every port and limit of gmon in one place, with the relations among them. */

import { assert } from "./assert.ts";

/** Default ports; none collides with glusterd's peers (24008) or bricks (49152+). */
export const PORTS = {
  api: 24010,
  raft: 24011,
  swim: 24012,
  volfile: 24007,
  brickFirst: 49152,
  brickLast: 60999,
} as const;

/** Sizes in bytes, counts in items, times in milliseconds: units come last. */
export const LIMITS = {
  nameLength: 64,
  pathLength: 1024,
  documentKeyLength: 2048,
  configKeyLength: 512,
  configValueBytes: 1024 * 1024,
  configTransactionOperations: 128,
  /** What a cluster's users may keep unless its document says otherwise. It takes part in deciding writes: it may never change. */
  configQuotaBytes: 512 * 1024 * 1024,
  configQuotaBytesMax: 4 * 1024 * 1024 * 1024,
  /** What each key counts beside its own bytes and its value's; part of deciding writes, too. */
  configEntryBytes: 128,
  transactionOperations: 4096,
  commandBytes: 8 * 1024 * 1024,
  bricksPerVolume: 1024,
  raftFrameBytes: 16 * 1024 * 1024,
  requestBodyBytes: 8 * 1024 * 1024,
  pageBytes: 4 * 1024 * 1024,
  watchBufferBytes: 1024 * 1024,
  datagramBytes: 1400,
  swimMembers: 65_536,
  /** Incarnations of one start of a worker: its refutations stay below the next start's. */
  incarnationsPerStart: 65_536,
  swimTagBytes: 64,
  swimFrameBytes: 1024 * 1024,
  swimStreams: 256,
  rpcRecordBytes: 16 * 1024 * 1024,
  changeFeedEvents: 10_000,
  idempotencyKeys: 10_000,
  tombstones: 10_000,
  endedOperations: 1_000,
  pendingProposals: 10_000,
  pendingReads: 10_000,
  uncommittedEntries: 20_000,
  uncommittedBytes: 64 * 1024 * 1024,
  monitors: 7,
} as const;

/** Of two hosts' clocks, the faster gains at most this share on the other: three minutes an hour. */
export const CLOCK_DRIFT_MAX = 0.05;

/** Periods of the daemons in milliseconds. */
export const PERIODS = {
  raftTickMs: 50,
  swimTickMs: 100,
  checkInMs: 2_000,
  leaseIntervals: 3,
} as const;

assert(
  "bricks/".length + LIMITS.nameLength + 1 + LIMITS.pathLength <
    LIMITS.documentKeyLength,
  "a brick's key fits",
);
assert(LIMITS.configValueBytes < LIMITS.commandBytes, "a value fits a command");
assert(
  LIMITS.configTransactionOperations <= LIMITS.transactionOperations,
  "a user's transaction fits a command",
);
assert(LIMITS.configValueBytes < LIMITS.pageBytes, "a value fits a page");
assert(LIMITS.commandBytes < LIMITS.raftFrameBytes, "a command fits a frame");
assert(
  LIMITS.pendingProposals < LIMITS.uncommittedEntries,
  "the log has room for every proposal that waits",
);
assert(PORTS.brickFirst < PORTS.brickLast, "there are ports for bricks");
