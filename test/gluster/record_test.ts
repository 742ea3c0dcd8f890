import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, Prng, toHex, utf8 } from "../../src/base/mod.ts";
import {
  encodeRecord,
  RecordAssembler,
  XdrError,
} from "../../src/gluster/mod.ts";
import { ALL_MESSAGES } from "./exchange.ts";

Deno.test("encodeRecord makes the recorded bytes out of each recorded message", () => {
  for (const { name, hex } of ALL_MESSAGES) {
    const [message] = new RecordAssembler(1 << 20).push(fromHex(hex));
    assertEquals(toHex(encodeRecord(message!)), hex, name);
  }
});

Deno.test("RecordAssembler finds the messages however the stream is cut", () => {
  const messages = ALL_MESSAGES.slice(0, 12).map(({ hex }) =>
    fromHex(hex).slice(4)
  );
  const stream = concat(messages.map(encodeRecord));
  const random = new Prng(1);
  for (const largest of [1, 2, 3, 4, 5, 63, 1000, stream.length]) {
    const assembler = new RecordAssembler(1 << 20);
    const found: Uint8Array[] = [];
    let at = 0;
    while (at < stream.length) {
      const size = random.between(1, largest);
      found.push(...assembler.push(stream.subarray(at, at + size)));
      at += size;
    }
    assertEquals(found.map(toHex), messages.map(toHex));
    assertEquals(assembler.heldBytes, 0);
  }
});

Deno.test("RecordAssembler joins the fragments of one message", () => {
  const assembler = new RecordAssembler(10);
  const found = assembler.push(concat([
    fragment("ab", false),
    fragment("", false),
    fragment("cd", false),
    fragment("e", true),
    fragment("f", true),
  ]));
  assertEquals(found.map((each) => new TextDecoder().decode(each)), [
    "abcde",
    "f",
  ]);
});

Deno.test("RecordAssembler takes an empty message for what it is", () => {
  assertEquals(new RecordAssembler(0).push(fragment("", true)), [
    new Uint8Array(0),
  ]);
});

Deno.test("RecordAssembler accepts a message of exactly the limit and refuses one byte more", () => {
  assertEquals(new RecordAssembler(3).push(fragment("abc", true)).length, 1);
  const error = assertThrows(
    () => new RecordAssembler(3).push(fragment("abcd", true)),
    XdrError,
  );
  assert(error.message.includes("3 are the limit"));
  // The sum over fragments counts, and the mark alone is enough to refuse.
  const split = new RecordAssembler(3);
  split.push(fragment("ab", false));
  assertThrows(() => split.push(fragment("cd", true).slice(0, 4)), XdrError);
});

Deno.test("RecordAssembler holds no more than came, whatever was announced", () => {
  const assembler = new RecordAssembler(1 << 24);
  assembler.push(fromHex("80ffffff"));
  assembler.push(new Uint8Array(100));
  assertEquals(assembler.heldBytes, 100);
});

Deno.test("RecordAssembler copies: the caller may use its buffer again", () => {
  const assembler = new RecordAssembler(100);
  const buffer = fragment("abcd", true);
  assembler.push(buffer.subarray(0, 6));
  const tail = buffer.slice(6);
  buffer.fill(0);
  const [message] = assembler.push(tail);
  tail.fill(0);
  assertEquals(new TextDecoder().decode(message), "abcd");
});

Deno.test("RecordAssembler does linear work on a large message in single bytes and fragments", () => {
  const size = 50_000;
  const one = new RecordAssembler(size);
  const stream = encodeRecord(new Uint8Array(size));
  let found = 0;
  for (const byte of stream) found += one.push(Uint8Array.of(byte)).length;
  assertEquals(found, 1);
  const many = new RecordAssembler(size);
  const parts = Array.from({ length: size }, () => fragment("x", false));
  assertEquals(many.push(concat(parts)), []);
  assertEquals(many.push(fragment("", true))[0]!.length, size);
});

function fragment(content: string, last: boolean): Uint8Array {
  const bytes = new Uint8Array(4);
  const mark = (last ? 0x80000000 : 0) + content.length;
  new DataView(bytes.buffer).setUint32(0, mark);
  return concat([bytes, utf8(content)]);
}
