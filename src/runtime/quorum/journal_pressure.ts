/** What a monitor takes in while its disk is full. */

import type { Message } from "../../raft/mod.ts";

/** Entries from the leader are passed over while so much waits to be written. */
const WAITING_BYTES = 64 * 1024 * 1024;

/** The messages without the entries that could not be kept at present: the leader sends them again. */
export function bearable(
  messages: readonly Message[],
  waitingBytes: number,
): readonly Message[] {
  if (waitingBytes < WAITING_BYTES) return messages;
  return messages.filter((message) =>
    message.kind !== "appendRequest" || message.entries.length === 0
  );
}
