/** Messages from the lists that the wire carries. */

import { decodeConfiguration } from "./configuration.ts";
import type {
  AppendRequest,
  AppendResponse,
  CommitNotice,
  Entry,
  Message,
  ReadRequest,
  ReadResponse,
  SnapshotChunk,
  SnapshotIdentity,
  SnapshotResponse,
  VoteRequest,
  VoteResponse,
} from "./message.ts";
import { Fields, isCount } from "./wire_fields.ts";
import { ENTRY_KINDS, refuse, TAGS } from "./wire_format.ts";

/**
 * The message that a list stands for; null when it is of a kind that only
 * newer monitors know, which is then as good as lost.
 */
export function messageFrom(list: unknown): Message | null {
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
    case TAGS.snapshotChunk:
      return snapshotChunkFrom(fields);
    case TAGS.snapshotResponse:
      return snapshotResponseFrom(fields);
    case TAGS.timeoutNow:
      return { kind: "timeoutNow", ...fields.envelope() };
    case TAGS.readRequest:
      return readRequestFrom(fields);
    case TAGS.readResponse:
      return readResponseFrom(fields);
    default:
      if (isCount(list[0])) return null;
      return refuse(`${String(list[0])} is no kind of message`);
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
    ...(fields.at(7) === true ? { transfer: true as const } : {}),
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

function snapshotChunkFrom(fields: Fields): SnapshotChunk {
  fields.expect(4);
  const inner = fields.inner(4, "snapshot");
  const configuration = decodeConfiguration(inner.bytes(4, "configuration")) ??
    refuse("a configuration is not understood");
  return {
    kind: "snapshotChunk",
    ...fields.envelope(),
    snapshot: { ...identityFrom(inner), configuration },
    offset: fields.count(5, "offset"),
    data: fields.bytes(6, "data"),
    round: fields.count(7, "round"),
  };
}

function snapshotResponseFrom(fields: Fields): SnapshotResponse {
  fields.expect(4);
  return {
    kind: "snapshotResponse",
    ...fields.envelope(),
    snapshot: identityFrom(fields.inner(4, "snapshot")),
    offset: fields.count(5, "offset"),
    writing: fields.boolean(6, "writing"),
    round: fields.count(7, "round"),
  };
}

function identityFrom(fields: Fields): SnapshotIdentity {
  return {
    index: fields.count(0, "index"),
    term: fields.count(1, "term"),
    bytes: fields.count(2, "bytes"),
    digest: fields.name(3, "digest"),
  };
}

function readRequestFrom(fields: Fields): ReadRequest {
  fields.expect(1);
  return {
    kind: "readRequest",
    ...fields.envelope(),
    number: fields.count(4, "number"),
  };
}

function readResponseFrom(fields: Fields): ReadResponse {
  fields.expect(2);
  return {
    kind: "readResponse",
    ...fields.envelope(),
    number: fields.count(4, "number"),
    index: fields.at(5) === null ? null : fields.count(5, "index"),
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
    if (kind === "configuration" && decodeConfiguration(data) === null) {
      refuse("a configuration is not understood");
    }
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
