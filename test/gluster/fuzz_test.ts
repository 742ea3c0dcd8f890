/** Bytes from strangers: whatever comes, nothing throws, and nothing grows. */

import { assert, assertEquals } from "@std/assert";
import { concat, fromHex, Prng } from "../../src/base/mod.ts";
import {
  decodeDictionary,
  decodeMessage,
  encodeRecord,
  findVolfile,
  parseVolfileKey,
  Portmap,
  RecordAssembler,
  VOLFILE_REQUEST_BYTES_MAX,
  VolfileSession,
  XdrError,
} from "../../src/gluster/mod.ts";
import { ALL_MESSAGES, messageIn } from "./exchange.ts";

const ROUNDS = 4_000;

Deno.test("VolfileSession survives mutated requests, and each answer is well-formed", () => {
  const random = new Prng(2_024);
  const seeds = ALL_MESSAGES.map(({ hex }) => messageIn(hex))
    .filter((message) => message.length < 2_000);
  let answers = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const message = mutated(random.pick(seeds), random);
    answers += feed(encodeRecord(message), random);
  }
  assert(
    answers > ROUNDS / 10,
    `only ${answers} answers: too little was reached`,
  );
});

Deno.test("VolfileSession survives random streams", () => {
  const random = new Prng(7);
  for (let round = 0; round < ROUNDS; round++) {
    feed(random.bytes(random.below(300)), random);
  }
});

Deno.test("RecordAssembler never holds more than its limit", () => {
  const random = new Prng(11);
  for (let round = 0; round < 200; round++) {
    const assembler = new RecordAssembler(1_000);
    try {
      for (let piece = 0; piece < 20; piece++) {
        // Short marks, so that fragments are likely.
        const mark = Uint8Array.of(
          random.pick([0, 0x80]),
          0,
          0,
          random.below(99),
        );
        assembler.push(concat([mark, random.bytes(random.below(120))]));
        assert(assembler.heldBytes <= 1_000);
      }
    } catch (error) {
      assert(error instanceof XdrError, String(error));
    }
  }
});

Deno.test("decodeDictionary and decodeMessage throw XdrError and nothing else", () => {
  const random = new Prng(13);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = random.bytes(random.below(80));
    if (round % 2 === 0 && bytes.length > 3) bytes.fill(0, 0, 3);
    for (const decode of [decodeDictionary, decodeMessage]) {
      try {
        decode(bytes);
      } catch (error) {
        assert(error instanceof XdrError, String(error));
      }
    }
  }
});

Deno.test("parseVolfileKey takes any text", () => {
  const random = new Prng(17);
  const parts = ["/", ".", "shd", "v1", "tcp", "-", "\0", "é", " ", "gluster"];
  for (let round = 0; round < ROUNDS; round++) {
    const key = Array.from(
      { length: random.below(6) },
      () => random.pick(parts),
    )
      .join("");
    parseVolfileKey(key);
    assertEquals(
      findVolfile({ key, trusted: true, brickName: null }, {
        volumeOf: () => null,
        surroundingsOf: () => ({ sharedBrickCount: 1 }),
        selfHealPidFile: () => "",
        serversOf: () => [],
      }),
      null,
    );
  }
});

/** Feeds a fresh session; answers how many well-formed replies it sent. */
function feed(stream: Uint8Array, random: Prng): number {
  const session = new VolfileSession({
    connection: 1,
    portmap: new Portmap(),
    local: random.chance(0.5),
  });
  const replies = new RecordAssembler(VOLFILE_REQUEST_BYTES_MAX);
  let answers = 0;
  for (let at = 0; at < stream.length;) {
    const size = random.between(1, 200);
    const bytes = stream.subarray(at, at + size);
    at += size;
    for (const effect of session.step({ kind: "bytes", bytes })) {
      if (effect.kind === "wantVolfile") {
        const { token } = effect;
        session.step({ kind: "volfile", token, volfile: null });
      }
      if (effect.kind !== "send") continue;
      for (const message of replies.push(effect.bytes)) {
        assert(decodeMessage(message).kind !== "call");
        answers++;
      }
    }
  }
  session.step({ kind: "ended" });
  return answers;
}

function mutated(message: Uint8Array, random: Prng): Uint8Array {
  const bytes = message.slice();
  for (let change = random.below(4); change > 0; change--) {
    const at = random.below(bytes.length);
    bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  }
  const cut = random.chance(0.2) ? random.below(bytes.length) : bytes.length;
  const tail = random.chance(0.1) ? random.bytes(random.below(9)) : fromHex("");
  return concat([bytes.subarray(0, cut), tail]);
}
