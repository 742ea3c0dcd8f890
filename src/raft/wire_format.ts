/** What both directions of the wire agree on; numbers are never given another meaning. */

import type { Entry, Message } from "./message.ts";

/** The version of frames; a message kind or a trailing field may be added without another. */
export const VERSION = 1;

/** Stands for the kind of a message. */
export const TAGS = {
  voteRequest: 0,
  voteResponse: 1,
  appendRequest: 2,
  appendResponse: 3,
  commitNotice: 4,
  snapshotChunk: 5,
  snapshotResponse: 6,
  timeoutNow: 7,
  readRequest: 8,
  readResponse: 9,
} as const satisfies Record<Message["kind"], number>;

/** An entry's kind is its place here. */
export const ENTRY_KINDS: readonly Entry["kind"][] = [
  "command",
  "noop",
  "configuration",
];

/** Bytes that are no messages of this version: a stranger's, or damaged. */
export class MalformedMessages extends Error {
  override readonly name = "MalformedMessages";
}

/** Refuses what cannot be a message. */
export function refuse(why: string): never {
  throw new MalformedMessages(`Raft messages are malformed: ${why}`);
}
