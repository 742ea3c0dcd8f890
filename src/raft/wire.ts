/**
 * Messages as bytes: MessagePack arrays behind a version number. A reader
 * trusts nothing: what it does not understand whole, it refuses whole.
 *
 *   frame          [1, message, …]
 *   message        [tag, from, to, term, field, …] with the fields as listed below
 *   entries        [term, kind, data, term, kind, data, …], following `previousIndex`
 */

import { decode, encode, unreachable } from "../base/mod.ts";
import type {
  AppendRequest,
  AppendResponse,
  CommitNotice,
  Entry,
  Message,
  VoteRequest,
  VoteResponse,
} from "./message.ts";

const VERSION = 1;
const TAGS = {
  voteRequest: 0,
  voteResponse: 1,
  appendRequest: 2,
  appendResponse: 3,
  commitNotice: 4,
} as const satisfies Record<Message["kind"], number>;
const ENTRY_KINDS: readonly Entry["kind"][] = ["command", "noop"];
const ENVELOPE_FIELDS = 4;

/** Bytes that are no messages of this version: a stranger's, or damaged. */
export class MalformedMessages extends Error {
  override readonly name = "MalformedMessages";
}

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
  return frame.slice(1).map(fromList);
}

function toList(message: Message): unknown[] {
  const m = message;
  const envelope = [TAGS[m.kind], m.from, m.to, m.term];
  switch (m.kind) {
    case "voteRequest":
      return [...envelope, m.preVote, m.lastIndex, m.lastTerm];
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

function fromList(list: unknown): Message {
  if (!Array.isArray(list)) refuse("a message is no list");
  const fields = new Fields(list);
  switch (list[0]) {
    case TAGS.voteRequest:
      return voteRequestFrom(fields);
    case TAGS.voteResponse:
      return voteResponseFrom(fields);
    case TAGS.appendRequest:
      return appendRequestFrom(fields);
    case TAGS.appendResponse:
      return appendResponseFrom(fields);
    case TAGS.commitNotice:
      return commitNoticeFrom(fields);
    default:
      return refuse(`there is no message with tag ${String(list[0])}`);
  }
}

function voteRequestFrom(fields: Fields): VoteRequest {
  fields.expect(3);
  return {
    kind: "voteRequest",
    ...fields.envelope(),
    preVote: fields.boolean(4, "preVote"),
    lastIndex: fields.count(5, "lastIndex"),
    lastTerm: fields.count(6, "lastTerm"),
  };
}

function voteResponseFrom(fields: Fields): VoteResponse {
  fields.expect(2);
  return {
    kind: "voteResponse",
    ...fields.envelope(),
    preVote: fields.boolean(4, "preVote"),
    granted: fields.boolean(5, "granted"),
  };
}

function appendRequestFrom(fields: Fields): AppendRequest {
  fields.expect(5);
  const envelope = fields.envelope();
  const previousIndex = fields.count(4, "previousIndex");
  const previousTerm = fields.count(5, "previousTerm");
  return {
    kind: "appendRequest",
    ...envelope,
    previousIndex,
    previousTerm,
    entries: entriesFrom(
      fields.at(6),
      previousIndex,
      previousTerm,
      envelope.term,
    ),
    commitIndex: fields.count(7, "commitIndex"),
    round: fields.count(8, "round"),
  };
}

function appendResponseFrom(fields: Fields): AppendResponse {
  fields.expect(5);
  return {
    kind: "appendResponse",
    ...fields.envelope(),
    accepted: fields.boolean(4, "accepted"),
    matchIndex: fields.count(5, "matchIndex"),
    hintIndex: fields.count(6, "hintIndex"),
    hintTerm: fields.count(7, "hintTerm"),
    round: fields.count(8, "round"),
  };
}

function commitNoticeFrom(fields: Fields): CommitNotice {
  fields.expect(1);
  return {
    kind: "commitNotice",
    ...fields.envelope(),
    commitIndex: fields.count(4, "commitIndex"),
  };
}

/** Entries whose terms never fall and never exceed the sender's own. */
function entriesFrom(
  list: unknown,
  previousIndex: number,
  previousTerm: number,
  senderTerm: number,
): Entry[] {
  if (!Array.isArray(list) || list.length % 3 !== 0) {
    return refuse("entries are no list of triples");
  }
  const entries: Entry[] = [];
  let lowestTerm = previousTerm;
  for (let at = 0; at < list.length; at += 3) {
    const term = list[at];
    const kind = ENTRY_KINDS[list[at + 1] as number];
    const data = list[at + 2];
    if (!isCount(term) || term < lowestTerm || term > senderTerm) {
      refuse("an entry's term is out of order");
    }
    if (kind === undefined) refuse("an entry's kind is unknown");
    if (!(data instanceof Uint8Array)) refuse("an entry's data are no bytes");
    lowestTerm = term;
    entries.push({
      index: previousIndex + 1 + entries.length,
      term,
      kind,
      data,
    });
  }
  return entries;
}

/** The fields of one message, checked as they are read. */
class Fields {
  readonly #list: readonly unknown[];

  constructor(list: readonly unknown[]) {
    this.#list = list;
  }

  /** Refuses the message unless it has so many fields of its own. */
  expect(count: number): void {
    if (this.#list.length !== ENVELOPE_FIELDS + count) {
      refuse("a message has too few or too many fields");
    }
  }

  at(position: number): unknown {
    return this.#list[position];
  }

  envelope(): { from: string; to: string; term: number } {
    return {
      from: this.#name(1, "from"),
      to: this.#name(2, "to"),
      term: this.count(3, "term"),
    };
  }

  boolean(position: number, field: string): boolean {
    const value = this.#list[position];
    return typeof value === "boolean" ? value : refuse(`${field} is no truth`);
  }

  count(position: number, field: string): number {
    const value = this.#list[position];
    return isCount(value) ? value : refuse(`${field} is no count`);
  }

  #name(position: number, field: string): string {
    const value = this.#list[position];
    return typeof value === "string" ? value : refuse(`${field} is no name`);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function refuse(why: string): never {
  throw new MalformedMessages(`Raft messages are malformed: ${why}`);
}
