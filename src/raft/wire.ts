/**
 * Messages as bytes: MessagePack arrays behind a version number. A reader
 * trusts nothing: what is malformed, it refuses whole. But a message of a kind
 * that it does not know is a newer monitor's, and passed over.
 *
 *   frame          [1, message, …]
 *   message        [tag, sender, to, term, field, …] with the fields as listed below
 *   sender         name, or [name, incarnation]
 *   entries        [term, kind, data, term, kind, data, …], following `previousIndex`
 *   snapshot       [index, term, bytes, digest] and in chunks the encoded configuration
 */

import { decode, encode, unreachable } from "../base/mod.ts";
import { encodeConfiguration } from "./configuration.ts";
import type { Entry, Message, SnapshotIdentity } from "./message.ts";
import {
  ENTRY_KINDS,
  MalformedMessages,
  refuse,
  TAGS,
  VERSION,
} from "./wire_format.ts";
import { messageFrom } from "./wire_read.ts";

/** The bytes of messages, in their order. */
export function encodeMessages(messages: readonly Message[]): Uint8Array {
  const frame: unknown[] = [VERSION];
  for (const message of messages) frame.push(toList(message));
  return encode(frame);
}

/**
 * The messages of bytes. Throws {@link MalformedMessages}. Entry data are
 * views into `bytes`, which must not be changed afterwards.
 */
export function decodeMessages(bytes: Uint8Array): Message[] {
  let frame: unknown;
  try {
    frame = decode(bytes);
  } catch (cause) {
    throw new MalformedMessages("Raft messages are not MessagePack", { cause });
  }
  if (!Array.isArray(frame)) refuse("they are no list");
  if (frame[0] !== VERSION) {
    refuse(`version ${String(frame[0])} is unknown, ${VERSION} is known`);
  }
  const messages: Message[] = [];
  for (let at = 1; at < frame.length; at++) {
    const message = messageFrom(frame[at]);
    if (message !== null) messages.push(message);
  }
  return messages;
}

function toList(message: Message): unknown[] {
  const m = message;
  const sender = m.incarnation === undefined ? m.from : [m.from, m.incarnation];
  const envelope = [TAGS[m.kind], sender, m.to, m.term];
  switch (m.kind) {
    case "voteRequest":
      return [
        ...envelope,
        m.preVote,
        m.lastIndex,
        m.lastTerm,
        ...(m.transfer === undefined ? [] : [true]),
      ];
    case "voteResponse":
      return [...envelope, m.preVote, m.granted];
    case "appendRequest":
      return [
        ...envelope,
        m.previousIndex,
        m.previousTerm,
        entriesToList(m.entries),
        m.commitIndex,
        m.round,
      ];
    case "appendResponse":
      return [
        ...envelope,
        m.accepted,
        m.matchIndex,
        m.hintIndex,
        m.hintTerm,
        m.round,
      ];
    case "commitNotice":
      return [...envelope, m.commitIndex];
    case "snapshotChunk":
      return [
        ...envelope,
        [
          ...identityToList(m.snapshot),
          encodeConfiguration(m.snapshot.configuration),
        ],
        m.offset,
        m.data,
        m.round,
      ];
    case "snapshotResponse":
      return [
        ...envelope,
        identityToList(m.snapshot),
        m.offset,
        m.writing,
        m.round,
      ];
    case "timeoutNow":
      return envelope;
    case "readRequest":
      return [...envelope, m.number];
    case "readResponse":
      return [...envelope, m.number, m.index];
    default:
      return unreachable(m);
  }
}

function entriesToList(entries: readonly Entry[]): unknown[] {
  const list: unknown[] = [];
  for (const entry of entries) {
    list.push(entry.term, ENTRY_KINDS.indexOf(entry.kind), entry.data);
  }
  return list;
}

function identityToList(snapshot: SnapshotIdentity): unknown[] {
  return [snapshot.index, snapshot.term, snapshot.bytes, snapshot.digest];
}
