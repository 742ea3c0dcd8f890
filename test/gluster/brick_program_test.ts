import { assert, assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../../src/base/mod.ts";
import {
  decodeBrickAnswer,
  decodeBrickRequest,
  decodeMessage,
  dictionaryOf,
  dictionaryText,
  encodeBrickAnswer,
  encodeBrickRequest,
  encodeDictionary,
  encodeReply,
  type Reply,
  STATUS_SUBJECT,
  XdrError,
} from "../../src/gluster/mod.ts";
import { BRICK_EXCHANGES, exchange, messageIn } from "./exchange.ts";

Deno.test("brick requests and answers keep every recorded exchange byte for byte", () => {
  for (const { name, request, response } of BRICK_EXCHANGES) {
    const call = decodeMessage(messageIn(request));
    assert(call.kind === "call", name);
    const again = encodeBrickRequest(call.xid, decodeBrickRequest(call));
    assertEquals(toHex(again), request.slice(8), name);
    if (response === null) continue;
    const reply = replyIn(response);
    const result = encodeBrickAnswer(decodeBrickAnswer(reply));
    assertEquals(toHex(encodeReply(reply.xid, 0, result)), response.slice(8));
  }
});

Deno.test("encodeBrickRequest makes the recorded TERMINATE", () => {
  const { request } = exchange("TERMINATE-srv-gluster-data-golden0-bricks2-m2");
  const made = encodeBrickRequest(3, {
    operation: "terminate",
    name: "/srv/gluster/data/golden0/bricks2/m2",
    input: new Uint8Array(0),
    dictionary: null,
  });
  assertEquals(toHex(made), request.slice(8));
});

Deno.test("encodeBrickRequest makes the least STATUS request, and its answer can be read", () => {
  const { request, response } = exchange("brick-03-BRICK-STATUS");
  const call = decodeMessage(messageIn(request));
  assert(call.kind === "call");
  const { input } = decodeBrickRequest(call);
  const made = encodeBrickRequest(call.xid, {
    operation: "status",
    name: "",
    input: encodeDictionary(dictionaryOf({
      "cmd": STATUS_SUBJECT.clients,
      "brick-name": "/srv/gluster/data/golden0/bricks3/p1",
    })),
    dictionary: null,
  });
  assertEquals(
    input.length,
    encodeDictionary(dictionaryOf({
      "brick-name": "/srv/gluster/data/golden0/bricks3/p1",
      "cmd": STATUS_SUBJECT.clients,
    })).length,
  );
  assertEquals(made.length, request.length / 2 - 4);
  const answer = decodeBrickAnswer(replyIn(response!));
  assertEquals(answer.result, 0);
  assert(dictionaryText(answer.output!, "clientcount") !== null);
});

Deno.test("decodeBrickAnswer refuses an operation that was not accepted", () => {
  const reply = replyIn(exchange("brick-08-BRICK-?").response!);
  assertThrows(() => decodeBrickAnswer(reply), XdrError, "not accepted");
  assertThrows(() => decodeBrickAnswer({ kind: "denied", xid: 1 }), XdrError);
});

Deno.test("decodeBrickRequest refuses calls of other programs", () => {
  const call = decodeMessage(messageIn(exchange("DUMP-PING-ok").request));
  assert(call.kind === "call");
  assertThrows(() => decodeBrickRequest(call), XdrError, "no brick operation");
});

function replyIn(hex: string): Reply {
  const message = decodeMessage(messageIn(hex));
  assert(message.kind !== "call");
  return message;
}
