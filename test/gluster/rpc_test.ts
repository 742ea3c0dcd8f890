import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, toHex } from "../../src/base/mod.ts";
import {
  decodeMessage,
  encodeCall,
  encodeReply,
  encodeVersionRefusal,
  ROOT_CREDENTIALS,
  speaksVersionOf,
  XdrError,
} from "../../src/gluster/mod.ts";
import { ALL_MESSAGES, exchange, messageIn } from "./exchange.ts";

Deno.test("decodeMessage and its encoders keep every recorded message byte for byte", () => {
  const kinds = { call: 0, accepted: 0, denied: 0 };
  for (const { name, hex } of ALL_MESSAGES) {
    const message = messageIn(hex);
    const decoded = decodeMessage(message);
    kinds[decoded.kind]++;
    if (decoded.kind === "call") {
      assertEquals(toHex(encodeCall(decoded)), toHex(message), name);
    } else if (decoded.kind === "accepted") {
      const { xid, status, result } = decoded;
      assertEquals(
        toHex(encodeReply(xid, status, result)),
        toHex(message),
        name,
      );
    }
  }
  assert(kinds.call > 90 && kinds.accepted > 80, JSON.stringify(kinds));
});

Deno.test("ROOT_CREDENTIALS are those of glusterd", () => {
  const call = decodeMessage(messageIn(exchange("DUMP-PING-ok").request));
  assert(call.kind === "call");
  assertEquals(call.credentials.flavor, ROOT_CREDENTIALS.flavor);
  assertEquals(toHex(call.credentials.body), toHex(ROOT_CREDENTIALS.body));
});

Deno.test("decodeMessage tells a refused call", () => {
  assertEquals(decodeMessage(encodeVersionRefusal(7)), {
    kind: "denied",
    xid: 7,
  });
});

Deno.test("speaksVersionOf knows RPC version 2 alone", () => {
  const bytes = messageIn(exchange("DUMP-PING-ok").request).slice();
  const call = decodeMessage(bytes);
  assert(call.kind === "call" && speaksVersionOf(call));
  bytes[11] = 3;
  const other = decodeMessage(bytes);
  assert(other.kind === "call" && !speaksVersionOf(other));
});

Deno.test("decodeMessage refuses what is cut short, oversized credentials and unknown types", () => {
  const call = messageIn(exchange("DUMP-PING-ok").request);
  for (let length = 0; length < call.length; length++) {
    assertThrows(() => decodeMessage(call.subarray(0, length)), XdrError);
  }
  const head = "00000001" + "00000000" + "00000002" + "00".repeat(12) +
    "00000000";
  const credentials = (bytes: number) =>
    fromHex(
      head + bytes.toString(16).padStart(8, "0") + "00".repeat(bytes) +
        "0000000000000000",
    );
  assertEquals(decodeMessage(credentials(400)).kind, "call");
  assertThrows(() => decodeMessage(credentials(404)), XdrError);
  assertThrows(() => decodeMessage(fromHex("0000000100000002")), XdrError);
  assertThrows(
    () => decodeMessage(fromHex("000000010000000100000005")),
    XdrError,
  );
});
