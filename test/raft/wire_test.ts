import { assert, assertEquals, assertThrows } from "@std/assert";
import { encode } from "../../src/base/mod.ts";
import {
  type Configuration,
  decodeMessages,
  encodeConfiguration,
  encodeMessages,
  MalformedMessages,
  type Message,
} from "../../src/raft/mod.ts";
import {
  appendRequest,
  appendResponse,
  entry,
  voteRequest,
  voteResponse,
} from "./lone.ts";

const ENVELOPE = { from: "m2", to: "m1", term: 3 };
const IDENTITY = { index: 5, term: 2, bytes: 2 ** 34, digest: "sha" };
const CONFIGURATION: Configuration = [{
  name: "m1",
  voter: true,
  data: "10.0.0.1",
  incarnation: "b",
  promote: false,
  replaces: null,
}];

const MESSAGES: readonly Message[] = [
  voteRequest({ term: 3, preVote: true, lastIndex: 2 ** 40, lastTerm: 2 }),
  voteResponse({ term: 3, granted: false }),
  appendRequest({
    term: 9,
    previousIndex: 2 ** 33,
    previousTerm: 4,
    entries: [
      {
        index: 2 ** 33 + 1,
        term: 4,
        kind: "noop",
        data: new Uint8Array(0),
      },
      {
        index: 2 ** 33 + 2,
        term: 9,
        kind: "command",
        data: new Uint8Array([0, 255, 7]),
      },
    ],
    commitIndex: 12,
    round: 70_000,
  }),
  appendRequest(),
  appendResponse({ matchIndex: 5, hintIndex: 6, hintTerm: 2, round: 3 }),
  {
    kind: "commitNotice",
    from: "m1",
    to: "monitor-with-ü",
    term: 2,
    commitIndex: 8,
  },
  voteRequest({ transfer: true, incarnation: "b" }),
  appendRequest({
    entries: [{
      index: 1,
      term: 1,
      kind: "configuration",
      data: encodeConfiguration(CONFIGURATION),
    }],
  }),
  {
    kind: "snapshotChunk",
    ...ENVELOPE,
    snapshot: { ...IDENTITY, configuration: CONFIGURATION },
    offset: 2 ** 33,
    data: new Uint8Array([9, 8]),
    round: 4,
  },
  {
    kind: "snapshotResponse",
    ...ENVELOPE,
    snapshot: IDENTITY,
    offset: 17,
    writing: true,
    round: 4,
  },
  { kind: "timeoutNow", ...ENVELOPE, incarnation: "life" },
  { kind: "readRequest", ...ENVELOPE, number: 2 ** 51 },
  { kind: "readResponse", ...ENVELOPE, number: 7, index: 0 },
  { kind: "readResponse", ...ENVELOPE, number: 7, index: null },
];

/** A frame with one append request, a field of which is replaced. */
function appendWith(position: number, value: unknown): Uint8Array {
  const list: unknown[] = [2, "m2", "m1", 5, 0, 0, [5, 0, new Uint8Array(1)]];
  list.push(0, 1);
  list[position] = value;
  return encode([1, list]);
}

function assertMalformed(bytes: Uint8Array, why: string): void {
  assertThrows(() => decodeMessages(bytes), MalformedMessages, why);
}

Deno.test("decodeMessages gives back what encodeMessages was given", () => {
  assertEquals(decodeMessages(encodeMessages(MESSAGES)), [...MESSAGES]);
  assertEquals(decodeMessages(encodeMessages([])), []);
});

Deno.test("encodeMessages adds little to the data", () => {
  const data = new Uint8Array(10_000);
  const message = appendRequest({
    entries: [{ index: 1, term: 1, kind: "command", data }],
  });
  assert(encodeMessages([message]).length < data.length + 40);
});

Deno.test("decodeMessages refuses every truncation", () => {
  const bytes = encodeMessages(MESSAGES);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(
      () => decodeMessages(bytes.slice(0, length)),
      MalformedMessages,
    );
  }
});

Deno.test("decodeMessages never fails otherwise than as malformed", () => {
  const bytes = encodeMessages(MESSAGES);
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      try {
        decodeMessages(damaged);
      } catch (error) {
        assert(error instanceof MalformedMessages, String(error));
      }
    }
  }
});

Deno.test("decodeMessages says what is wrong", () => {
  assertMalformed(new Uint8Array([0x92, 1]), "not MessagePack");
  assertMalformed(encode({ a: 1 }), "no list");
  assertMalformed(encode([2]), "version 2 is unknown");
  assertMalformed(encode([1, 5]), "a message is no list");
  assertMalformed(encode([1, ["a", "m2", "m1", 1]]), "no kind of message");
  assertMalformed(encode([1, [0, "m2", "m1", 1]]), "too few");
  assertMalformed(appendWith(1, 7), "from is no name");
  assertMalformed(appendWith(3, -1), "term is no count");
  assertMalformed(appendWith(3, 1.5), "term is no count");
  assertMalformed(appendWith(4, "1"), "previousIndex is no count");
  assertMalformed(appendWith(8, null), "round is no count");
  assertMalformed(appendWith(6, [1, 0]), "no list of triples");
  assertMalformed(appendWith(6, [5, 9, new Uint8Array(1)]), "kind is unknown");
  assertMalformed(appendWith(6, [5, 0, "text"]), "data are no bytes");
  assertMalformed(
    encode([1, [1, "m2", "m1", 1, 1, true]]),
    "preVote is no truth",
  );
});

Deno.test("decodeMessages passes over messages of a newer monitor, and takes longer ones", () => {
  const known = [4, "m1", "m2", 2, 8];
  const frame = encode([1, [99, "m1", "m2", 2, { a: 1 }], [
    ...known,
    "a field to come",
  ]]);
  assertEquals(decodeMessages(frame), [
    { kind: "commitNotice", from: "m1", to: "m2", term: 2, commitIndex: 8 },
  ]);
});

Deno.test("decodeMessages refuses configurations that it does not understand", () => {
  assertMalformed(
    appendWith(6, [5, 2, new Uint8Array([1])]),
    "a configuration is not understood",
  );
  const identity = [5, 2, 9, "d", new Uint8Array([1])];
  assertMalformed(
    encode([1, [5, "m1", "m2", 2, identity, 0, new Uint8Array(0), 1]]),
    "a configuration is not understood",
  );
});

Deno.test("decodeMessages refuses entries whose terms cannot be", () => {
  const data = new Uint8Array(1);
  assertMalformed(appendWith(6, [6, 0, data]), "out of order");
  assertMalformed(appendWith(6, [4, 0, data, 3, 0, data]), "out of order");
  assertMalformed(appendWith(6, ["4", 0, data]), "out of order");
  const fine = decodeMessages(appendWith(6, [4, 0, data, 5, 0, data]));
  const [message] = fine;
  assertEquals(message?.kind === "appendRequest" && message.entries, [
    { ...entry(1, 4), data },
    { ...entry(2, 5), data },
  ]);
});
